"""The `endpoints` part of the configuration: endpoints and their deployments."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from components import names
from components.callers import CallerArgs
from components.release_parts.deployment_args import DeploymentArgs
from settings import azureml_file
from settings.access import read_callers
from settings.cluster import Clusters
from settings.deployments import read_deployment
from settings.naming import check_names
from settings.problems import setting
from settings.section import Section

_REVISION = r"[a-zA-Z]([a-zA-Z0-9]|-(?!-))*-[0-9a-f]{8}"
_DEPLOYMENTS_PER_ENDPOINT = 20
"""Limit of the service: https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas"""


class ServedArgs(TypedDict):
    """The deployments of an endpoint: see `EndpointSettings`."""

    default: str
    pin: str | None
    keep: int
    deployments: Mapping[str, DeploymentArgs]


@dataclass(frozen=True)
class EndpointSettings:
    """One batch endpoint.

    Attributes:
        description: What it is for.
        default: Name (in the stack file) of the deployment that runs jobs which do not name one.
        pin: Name (in Azure) of an existing revision to use as the default instead; None for the newest.
        keep: Revisions of each deployment to keep, including the newest. Checked and part of the plan, but without
            effect: nothing deletes a revision.
        deployments: The deployments by their logical names.
        callers: Principals that may start jobs and read their results, besides those that may do so in the whole
            workspace.
    """

    description: str
    default: str
    pin: str | None
    keep: int
    deployments: Mapping[str, DeploymentArgs]
    callers: tuple[CallerArgs, ...] = ()

    @property
    def served(self) -> ServedArgs:
        """The deployments, as arguments of the release's component."""
        return {"default": self.default, "pin": self.pin, "keep": self.keep, "deployments": self.deployments}


def read_endpoints(section: Section, root: Path, clusters: Clusters) -> dict[str, EndpointSettings]:
    """Read all endpoints.

    Args:
        section: The `endpoints` object.
        root: Folder that paths are relative to: the program's.
        clusters: The clusters that deployments run on.
    """
    if not section.values:
        section.problems.add(
            section.path,
            "is not set",
            "Allowed: an object with at least one endpoint; docs/configuration.md has an example.",
            setting((*section.path, "ENDPOINT", "default"), "DEPLOYMENT"),
        )
    check_names(section, names.ENDPOINT)
    return {key: _read_endpoint(section.section(key, of="an endpoint"), root, clusters) for key in section.values}


def _read_endpoint(section: Section, root: Path, clusters: Clusters) -> EndpointSettings:
    filled = azureml_file.endpoint(section, root)
    if filled is None:
        return EndpointSettings("", "", None, 1, {})
    section = filled
    section.only("from", "description", "default", "pin", "keep", "callers", "deployments")
    deployments = section.section("deployments", of="the endpoint's deployments")
    check_names(deployments, names.DEPLOYMENT)
    keep = section.whole("keep", 3, least=1, unit="revisions of each deployment, including the newest")
    count = len(deployments.values)
    # A release that deleted old revisions would do so after it created the new ones.
    if count * (keep + 1) > _DEPLOYMENTS_PER_ENDPOINT:
        section.wrong(
            "keep",
            f"at most {_DEPLOYMENTS_PER_ENDPOINT} in one endpoint, which is the service's limit",
            max(1, _DEPLOYMENTS_PER_ENDPOINT // max(1, count) - 1),
            because=f"with which {count} deployments would reach {count * (keep + 1)} revisions during a release",
            default=keep,
        )
    pin = section.values.get("pin")
    if pin is not None:
        pin = section.text(
            "pin",
            None,
            pattern=_REVISION,
            allowed="the name of an existing revision (`python -m modelops status --stack "
            f"{section.problems.stack}` lists them)",
            example="DEPLOYMENT-01234567",
        )
    return EndpointSettings(
        description=section.text("description", "A batch endpoint", allowed="a text", example="What it is for"),
        default=_read_default(section, deployments),
        pin=pin,
        keep=keep,
        deployments={
            key: read_deployment(deployments.section(key, of="a deployment"), root, clusters)
            for key in deployments.values
        },
        callers=read_callers(section),
    )


def _read_default(section: Section, deployments: Section) -> str:
    if not section.values.get("deployments"):
        deployments.problems.add(
            deployments.path,
            "is not set",
            "Allowed: an object with at least one deployment.",
            setting((*deployments.path, "DEPLOYMENT", "scoringScript"), "score.py"),
        )
    if not deployments.values:
        return section.text("default", None, allowed="the name of a deployment", example="DEPLOYMENT")
    return section.choice("default", None, tuple(deployments.values))
