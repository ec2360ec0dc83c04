"""The command `rollback`: makes a former default the default again, at once and with one request."""

from collections.abc import Mapping
from dataclasses import dataclass

from modelops.errors import PlanError, UsageError
from modelops.plan.plan import ReleasePlan
from modelops.release import default, last_set, live, records, signed_in
from modelops.release.context import READ, SWITCH, VERIFY, Context, command, up
from modelops.release.operations import when_free
from modelops.workspace import Workspace


@dataclass(frozen=True, slots=True)
class WentBack:
    """What a rollback did."""

    endpoint: live.LiveEndpoint
    """As it is now."""
    before: str | None
    """The default that it found."""
    sent: bool
    """Whether a request was sent; false if the revision was the default already, by a release or a rollback."""


def go_back(context: Context, plan: ReleasePlan, to: str | None) -> WentBack:
    """Make a revision the default, and note on the endpoint which ones are abandoned.

    Args:
        context: client and callbacks.
        plan: the endpoint's plan that was released last: its target counts as abandoned, too, and its pin does not
            bring that back.
        to: the revision; None for the one that was the default before.

    Raises:
        UsageError: the endpoint has no such revision.
        PlanError: no former default is known, or the revision cannot be the default.
        ReleaseError: Azure refused it.
    """
    chosen: list[str] = []
    return when_free(context, SWITCH, "", lambda: _went_back(context, plan, to, chosen))


def _went_back(context: Context, plan: ReleasePlan, to: str | None, chosen: list[str]) -> WentBack:
    """Go back; a repeat has what was chosen first, for the request whose answer was lost may have been carried out."""
    workspace, name = context.workspace, plan.endpoint.name
    context.progress(READ, f"reading endpoint {name}")
    endpoint = live.read_endpoint(workspace, name)
    target = to or next(iter(chosen), None) or _former(endpoint, plan)
    chosen.append(target)
    if target not in endpoint.deployments and to is not None:
        raise UsageError(f"--to: endpoint {name} has no revision {to!r}. {_allowed(endpoint, plan)}")
    if problem := unusable(workspace, endpoint, target, plan):
        raise PlanError(
            f"{target} {problem}. The default stays {endpoint.default or 'not set'}. {_allowed(endpoint, plan)} "
            f"To try out and release what the stack file has: {up(context.where)}"
        )
    record = endpoint.last_set
    if endpoint.default == target and record and record.default == target:
        return WentBack(endpoint, target, sent=False)
    context.progress(SWITCH, f"switching the default {endpoint.default or '(none)'} -> {target}")
    left = last_set.rolled_back(
        record,
        endpoint.default,
        target,
        planned=plan.target,
        pin=plan.pin,
        who=signed_in.name(workspace),
    )
    default.switch_alone(workspace, endpoint, left)
    context.progress(VERIFY, f"checking that the default is {target}")
    again = command(f"rollback --to {target}", name, context.where)
    return WentBack(default.verify(workspace, name, target, again), endpoint.default, sent=True)


def unusable(
    workspace: Workspace,
    endpoint: live.LiveEndpoint,
    name: str,
    plan: ReleasePlan | None,
    nodes: Mapping[str, int] | None = None,
) -> str | None:
    """Return why a revision cannot be the default, as the end of a sentence, or None.

    Args:
        workspace: to be read.
        endpoint: what is live.
        name: the revision's, in Azure.
        plan: see `records.not_passed`.
        nodes: most nodes of clusters, as planned, by their ARM ids in lower case; of the others, what Azure says.

    Raises:
        ReleaseError: Azure cannot be asked.
    """
    found = endpoint.deployments.get(name)
    if found is None:
        return "does not exist"
    if found.state != live.SUCCEEDED:
        return f"is in state {found.state}, not {live.SUCCEEDED}"
    if problem := records.not_passed(endpoint, found, plan):
        return problem
    if found.compute:
        cluster = found.compute.rpartition("/")[2]
        most = live.most_nodes(workspace, found.compute)
        if most is None:
            return f"runs on cluster {cluster}, which does not exist any more"
        most = (nodes or {}).get(found.compute.lower(), most)
        if found.instances > most:
            return f"asks for {found.instances} nodes, and cluster {cluster} has at most {most}"
    if found.model and not live.model_exists(workspace, found.model):
        return f"has the model {live.model_name(found.model)}, which does not exist any more"
    return None


def _former(endpoint: live.LiveEndpoint, plan: ReleasePlan) -> str:
    """The latest former default that no rollback abandoned."""
    record = endpoint.last_set
    left = {*record.abandoned, endpoint.default} if record else set()
    for name in record.earlier if record else ():
        if name not in left:
            return name
    raise PlanError(
        f"which revision of {endpoint.name} was the default before {endpoint.default or 'now'} is not known. Name one "
        f"with --to. {_allowed(endpoint, plan)}"
    )


def working(endpoint: live.LiveEndpoint, plan: ReleasePlan | None) -> list[live.LiveDeployment]:
    """Return the revisions that work as far as the endpoint says; see `unusable`."""
    return [
        each
        for each in endpoint.deployments.values()
        if each.state == live.SUCCEEDED and records.not_passed(endpoint, each, plan) is None
    ]


def _allowed(endpoint: live.LiveEndpoint, plan: ReleasePlan | None) -> str:
    names = sorted(each.name for each in working(endpoint, plan) if each.name != endpoint.default)
    return f"Other revisions that work: {', '.join(names) or 'none'}."
