"""The last step: deletes the revisions that nobody needs any more, and waits until they are gone.

What it cannot delete is a warning: the endpoint serves what the plan says, and the next release tries again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from modelops.errors import ModelOpsError, ReleaseError
from modelops.plan.plan import DeploymentPlan, ReleasePlan
from modelops.release import archive, deploy, limits, live, retention
from modelops.release.context import CREATE, PRUNE, Context
from modelops.release.retention import Surplus
from modelops.scoring import jobs
from modelops.workspace import Workspace


@dataclass(slots=True)
class Pruned:
    """What came of it.

    Attributes:
        deleted: names of the revisions that are gone.
        in_use: names of those that stay because a job uses them.
        models: what was archived or taken out of the archive.
        failures: why others are still there: one text each.
    """

    deleted: list[str] = field(default_factory=list)
    in_use: list[str] = field(default_factory=list)
    models: list[archive.Version] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def warning(self, again: str) -> str | None:
        """Return what went wrong, for users, with the command that tries it again; None if nothing did."""
        if not self.failures:
            return None
        return (
            "the release is complete, but not everything that it no longer needs was deleted: "
            f"{' '.join(self.failures)} The next release tries again; so does `{again}`."
        )


def surplus(
    workspace: Workspace,
    plan: ReleasePlan,
    endpoint: live.LiveEndpoint,
    state_default: str | None,
    missing: Sequence[DeploymentPlan] = (),
) -> list[Surplus]:
    """Return the revisions that go, in this order; what running jobs use is only known when they go.

    Args:
        workspace: to be read.
        plan: complete.
        endpoint: what is live.
        state_default: the default that the endpoint's Pulumi state names: an upgrade of the provider may send it again.
        missing: the revisions to create.

    Raises:
        ReleaseError: a cluster cannot be read.
    """
    planned = {each.compute.lower() for each in plan.deployments.values()}
    others = {each.compute for each in retention.of_releases(endpoint) if each.compute} - planned
    gone = {each.lower() for each in others if each.lower() not in planned and not live.compute_exists(workspace, each)}
    return retention.surplus(
        plan,
        endpoint,
        never=[state_default] if state_default else [],
        gone=gone,
        replaced=[each.logical for each in missing],
    )


def to_go_first(found: Sequence[Surplus], excess: int) -> list[Surplus]:
    """Return what goes before the new revisions are created: failed candidates, and as many others as have to.

    Args:
        found: the revisions that go.
        excess: how many deployments the endpoint has too many for the new ones.
    """
    safe = [each for each in found if each.may_go_first]
    failed = [each for each in safe if each.is_failed]
    return [*failed, *(each for each in safe if not each.is_failed)][: max(excess, len(failed))]


def going_first(
    workspace: Workspace,
    plan: ReleasePlan,
    endpoint: live.LiveEndpoint,
    state_default: str | None,
    missing: Sequence[DeploymentPlan],
) -> list[str]:
    """Return the names of what goes before the revisions that are `missing` are created; see `surplus`."""
    if not missing:
        return []
    found = surplus(workspace, plan, endpoint, state_default, missing)
    return [each.name for each in to_go_first(found, limits.excess(endpoint, missing))]


def prune(plan: ReleasePlan, context: Context, endpoint: live.LiveEndpoint) -> Pruned:
    """Delete what the plan does not keep, now that its default serves; what fails is in the result."""
    pruned = Pruned()
    if endpoint.default != plan.target:
        return pruned
    try:
        found = surplus(context.workspace, plan, endpoint, context.state_default)
        free = _free(context, endpoint, found, pruned)
        # Models first: after a kill in between, the revisions still tell their names.
        _archive(plan, context, endpoint, free, pruned)
        for each in free:
            _delete(plan, context, PRUNE, each, pruned)
    except ModelOpsError as error:
        pruned.failures.append(str(error))
    return pruned


def make_room(
    plan: ReleasePlan, context: Context, endpoint: live.LiveEndpoint, missing: Sequence[DeploymentPlan]
) -> list[str]:
    """Delete what goes before the new revisions are created, and return the names.

    Raises:
        ReleaseError: it leaves too little room for the new ones.
    """
    pruned = Pruned()
    if not missing:
        return pruned.deleted
    excess = limits.excess(endpoint, missing)
    try:
        found = surplus(context.workspace, plan, endpoint, context.state_default, missing)
        if to_go_first(found, excess):
            found = _free(context, endpoint, found, pruned)
        for each in to_go_first(found, excess):
            _delete(plan, context, CREATE, each, pruned)
    except ModelOpsError as error:
        pruned.failures.append(str(error))
    if len(pruned.deleted) < excess:
        why = [*pruned.failures, *(f"{each} is used by a job that has not ended." for each in pruned.in_use)]
        raise ReleaseError(
            f"endpoint {endpoint.name} has no room for the new deployments: {' '.join(why)} The default was not "
            "changed."
        )
    return pruned.deleted


def _free(context: Context, endpoint: live.LiveEndpoint, found: Sequence[Surplus], pruned: Pruned) -> list[Surplus]:
    """Return those that no job uses; note the others."""
    if not found:
        return []
    used = jobs.in_use(context.workspace, endpoint.name, [each.name for each in found])
    pruned.in_use += [each.name for each in found if each.name in used]
    return [each for each in found if each.name not in used]


def _archive(
    plan: ReleasePlan, context: Context, endpoint: live.LiveEndpoint, going: Sequence[Surplus], pruned: Pruned
) -> None:
    """Archive the model versions that no deployment uses then; a failure hinders nothing else."""
    try:
        for each in archive.changes(context.workspace, plan, endpoint, [surplus.name for surplus in going]):
            context.progress(PRUNE, f"{each.doing} model {each}")
            archive.carry_out(context.workspace, each)
            pruned.models.append(each)
    except ModelOpsError as error:
        pruned.failures.append(str(error))


def _delete(plan: ReleasePlan, context: Context, step: str, which: Surplus, pruned: Pruned) -> None:
    context.progress(step, f"deleting deployment {which.name} ({which.why})", subject=which.name)
    with context.timeline.span(step, which.name):
        try:
            deploy.delete_revision(context, plan, step, which.name)
        except ModelOpsError as error:
            pruned.failures.append(str(error))
        else:
            pruned.deleted.append(which.name)
