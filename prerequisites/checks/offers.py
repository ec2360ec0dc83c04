"""What Azure offers in the stack's region: the VM sizes of its clusters, and the quota of their families.

The program itself only warns of a quota, because Azure creates the cluster anyway. A job that needs more nodes than the
quota has never starts; that is a problem here.
"""

from collections.abc import Iterator
from typing import Final

from components.preflight import arm, offers
from modelops.plan.scoring_settings import ScoringSettings
from prerequisites.checks.around import Azure
from prerequisites.checks.finding import Finding, not_checked
from settings import Settings

REGION: Final = "region"
QUOTA: Final = "quota"


def find(azure: Azure, settings: Settings) -> Iterator[Finding]:
    """Yield what the region does not have."""
    try:
        found = offers.find(
            azure.arm, azure.subscription, settings.location, settings.wanted_nodes, settings.location_place
        )
    except (arm.Refused, arm.Unanswered) as error:
        yield not_checked(f"{REGION} and {QUOTA}", error)
        return
    except (KeyError, TypeError):
        yield not_checked(f"{REGION} and {QUOTA}", "Azure's answer has another form than its documentation says")
        return
    for each in found.refused:
        yield Finding(REGION, each)
    for short in found.short:
        needed = _needed(settings, short.cluster)
        if needed > short.most:
            yield Finding(QUOTA, f"{short.text} A job of this stack needs {needed}, and would wait forever.")
        else:
            yield Finding(QUOTA, short.text, kind="warning")


def _needed(settings: Settings, path: str) -> int:
    """Return how many nodes a cluster has to have: its least, and those of the largest job of the stack."""
    keys = {key for key, each in settings.clusters.items() if each.path == path}
    least = [settings.clusters[key].min_nodes for key in keys]
    jobs = [
        deployment.get("settings", ScoringSettings()).instance_count
        for endpoint in settings.endpoints.values()
        for deployment in endpoint.deployments.values()
        if deployment["compute"] in keys
    ]
    return max([*least, *jobs])
