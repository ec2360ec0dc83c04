"""A rollback by `pin`: which revisions can be the default again without being made."""

from modelops.plan.plan import UNKNOWN, ReleasePlan
from modelops.release.live import LiveEndpoint


def is_rollback(plan: ReleasePlan) -> bool:
    """Whether the plan pins a revision that is not one of its own deployments."""
    return plan.pin is not None and plan.pin not in plan.revisions.values()


def problem(plan: ReleasePlan, endpoint: LiveEndpoint) -> str | None:
    """Why the pinned revision cannot be the default, or None.

    It must be usable and run on a cluster of the plan: another one may be just about to be deleted, because a cluster
    is replaced by making the new one first and deleting the old one after the release.
    """
    if not is_rollback(plan) or plan.pin is None:
        return None
    usable = [each for each in endpoint.deployments.values() if endpoint.is_usable(each.name)]
    clusters = {each.compute.lower() for each in plan.deployments.values()}
    allowed = sorted(each.name for each in usable if (each.compute or "").lower() in clusters)
    if plan.pin in allowed:
        return None
    found = endpoint.deployments.get(plan.pin)
    if found is None or not endpoint.is_usable(plan.pin):
        what = f"which is not a usable revision of {endpoint.name}"
    else:
        cluster = (found.compute or "none").rpartition("/")[2]
        what = f"which runs on cluster {cluster}, not on the one that the endpoint's deployments have now"
    return f"pin: names {plan.pin!r}, {what}. Allowed are: {', '.join(allowed) or 'none'}."


def problem_before_deploy(plan: ReleasePlan) -> str | None:
    """What is wrong with the pin of a plan whose cluster is yet to be made, or None."""
    if is_rollback(plan) and any(each.compute == UNKNOWN for each in plan.deployments.values()):
        return f"pin: {plan.pin!r} runs on a cluster that this `pulumi up` replaces."
    return None
