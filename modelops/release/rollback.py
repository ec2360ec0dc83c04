"""A plan with a `pin`: the revisions that can become the default again. Plans that a rollback forbids."""

from collections.abc import Collection, Mapping

from modelops.errors import RefusedPlanError, ReleaseError
from modelops.plan.plan import UNKNOWN, ReleasePlan
from modelops.release import going_back
from modelops.release.context import command, up
from modelops.release.last_set import LastSet
from modelops.release.live import LiveEndpoint
from modelops.workspace import Workspace


def require(
    workspace: Workspace,
    plan: ReleasePlan,
    endpoint: LiveEndpoint,
    nodes: Mapping[str, int] | None = None,
    where: str = "",
) -> None:
    """Refuse a pin that cannot be the default, and a plan that names a revision that a rollback abandoned.

    Args:
        workspace: to be read.
        plan: complete.
        endpoint: what is live.
        nodes: see `problem`.
        where: see `Context`.

    Raises:
        RefusedPlanError: it is refused; the preview fails, too.
        ReleaseError: Azure cannot be asked.
    """
    _require_not_abandoned(plan, endpoint, "Nothing was changed;", where)
    found = problem(workspace, plan, endpoint, nodes)
    if found:
        raise RefusedPlanError(
            f"{found} Nothing was changed; correct or remove the key: without it, what the stack file has is tried out "
            "and released. Across a change of the cluster, go back in git."
        )


def require_unchanged(plan: ReleasePlan, endpoint: LiveEndpoint, before: LastSet | None, where: str) -> None:
    """Refuse a switch that would undo what a rollback or another release set while this release ran.

    Args:
        plan: complete.
        endpoint: what is live now.
        before: what was last set when the release began, or what it set itself since then.
        where: see `Context`.

    Raises:
        RefusedPlanError: a rollback abandoned the plan's revision.
        ReleaseError: another default was set.
    """
    _require_not_abandoned(plan, endpoint, "What the release made so far stays;", where)
    now = endpoint.last_set
    if now is None or now.default == plan.target or now.is_same(before):
        return
    who = f" by {now.who}" if now.who else ""
    raise ReleaseError(
        f"a {now.by}{who} made {now.default} the default of {endpoint.name} on {now.at}, while this release ran. It "
        f"was not undone: the default stays {now.default}, and what this release made so far stays, too. If "
        f"{plan.target} should serve instead, run: {up(where)}"
    )


def _require_not_abandoned(plan: ReleasePlan, endpoint: LiveEndpoint, what: str, where: str) -> None:
    if (record := endpoint.last_set) and record.refuses(plan.target, plan.pin):
        again = command(f"rollback --to {plan.target}", endpoint.name, where)
        raise RefusedPlanError(
            f"this plan makes {plan.target} the default, which a rollback abandoned on {record.at}. {what} the default "
            f"stays {record.default}. Release a fix, which is another revision, or pin {record.default}. If "
            f"{plan.target} should serve again after all:\n  {again}"
        )


def problem(
    workspace: Workspace, plan: ReleasePlan, endpoint: LiveEndpoint, nodes: Mapping[str, int] | None = None
) -> str | None:
    """Return why the pinned revision cannot be the default, or None.

    It must be usable and run on a cluster of the plan: another cluster may be deleted in this `up`, because a cluster's
    replacement is created before the release and the old one is deleted after it. And its jobs must find their nodes.

    Args:
        workspace: to be read.
        plan: complete.
        endpoint: what is live.
        nodes: see `going_back.unusable`.

    Raises:
        ReleaseError: Azure cannot be asked.
    """
    if plan.pin is None:
        return None
    clusters = {each.compute.lower() for each in plan.deployments.values()}
    why = going_back.unusable(workspace, endpoint, plan.pin, plan, nodes)
    if why is None and (compute := endpoint.deployments[plan.pin].compute or "").lower() not in clusters:
        cluster = compute.rpartition("/")[2] or "none"
        why = f"runs on cluster {cluster}, not on a cluster of the endpoint's current deployments"
    if why is None:
        return None
    allowed = sorted(
        each.name
        for each in going_back.working(endpoint, plan)
        if (each.compute or "").lower() in clusters and each.name != plan.pin
    )
    return f"pin is {plan.pin!r}, which {why}. Allowed are: {', '.join(allowed) or 'none'}."


def problem_before_deploy(plan: ReleasePlan) -> str | None:
    """Return the problem of a pin in a plan whose cluster does not exist yet, or None."""
    if plan.pin is not None and all(each.compute == UNKNOWN for each in plan.deployments.values()):
        return f"pin: {plan.pin!r} runs on a cluster that this `pulumi up` replaces."
    return None


def waiting(plan: ReleasePlan, there: Collection[str]) -> str | None:
    """Return a line about the revisions that a plan leaves to be made until its pin is removed, or None.

    Args:
        plan: with a pin.
        there: names of the revisions that exist.
    """
    left = [
        each.revision if each.is_readable else f"{each.logical} (its content cannot be read)"
        for each in plan.deployments.values()
        if each.revision not in there
    ]
    return f"once pin is removed, these are made and tried out: {', '.join(left)}" if left else None
