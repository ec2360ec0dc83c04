"""A rollback by `pin`: the revisions that can become the default again."""

from collections.abc import Mapping

from modelops.plan.plan import UNKNOWN, ReleasePlan
from modelops.release.live import LiveEndpoint


def is_rollback(plan: ReleasePlan) -> bool:
    """Whether the plan pins a revision that is not one of its own deployments."""
    return plan.pin is not None and plan.pin not in plan.revisions.values()


def problem(plan: ReleasePlan, endpoint: LiveEndpoint, nodes: Mapping[str, int] | None = None) -> str | None:
    """Return why the pinned revision cannot be the default, or None.

    It must be usable and run on a cluster of the plan: another cluster may be deleted in this `up`, because a cluster's
    replacement is created before the release and the old one is deleted after it. And its jobs must find their nodes.

    Args:
        plan: complete.
        endpoint: what is live.
        nodes: Most nodes of the clusters, as planned, by their ARM ids in lower case; of some nothing may be known.
    """
    most = nodes or {}
    if not is_rollback(plan) or plan.pin is None:
        return None
    usable = [each for each in endpoint.deployments.values() if endpoint.is_usable(each.name)]
    clusters = {each.compute.lower() for each in plan.deployments.values()}
    allowed = sorted(
        each.name
        for each in usable
        if (id_ := (each.compute or "").lower()) in clusters and each.instances <= most.get(id_, each.instances)
    )
    if plan.pin in allowed:
        return None
    found = endpoint.deployments.get(plan.pin)
    if found is None or not endpoint.is_usable(plan.pin):
        what = f"which is not a usable revision of {endpoint.name}"
    else:
        cluster = (found.compute or "none").rpartition("/")[2]
        what = f"which runs on cluster {cluster}, not on a cluster of the endpoint's current deployments"
        if (id_ := (found.compute or "").lower()) in clusters:
            what = f"which asks for {found.instances} nodes, and cluster {cluster} has at most {most[id_]}"
    return f"pin is {plan.pin!r}, {what}. Allowed are: {', '.join(allowed) or 'none'}."


def problem_before_deploy(plan: ReleasePlan) -> str | None:
    """Return the problem of a pin in a plan whose cluster does not exist yet, or None."""
    if is_rollback(plan) and all(each.compute == UNKNOWN for each in plan.deployments.values()):
        return f"pin: {plan.pin!r} runs on a cluster that this `pulumi up` replaces."
    return None
