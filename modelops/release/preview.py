"""The release's preview: only reads, and says so if it could not read."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from modelops.errors import RefusedPlanError
from modelops.plan.models import UnregisteredModel, UriModel
from modelops.plan.plan import NamedEnvironment, RegisteredModel, ReleasePlan
from modelops.release import archive, default, existing, limits, live, prune, reconcile, register, rollback
from modelops.release.tryout import candidates
from modelops.workspace import Workspace


def from_live(
    workspace: Workspace,
    plan: ReleasePlan,
    released: ReleasePlan | None,
    nodes: Mapping[str, int] | None = None,
    state_default: str | None = None,
    *,
    where: str = "",
) -> list[str]:
    """Return lines that compare the plan with Azure.

    Args:
        workspace: to be read.
        plan: complete.
        released: the plan that was released last, if there is one.
        nodes: see `going_back.unusable`.
        state_default: see `prune.surplus`.
        where: see `Context`.

    Raises:
        RefusedPlanError: `pulumi up` will refuse the plan: see `rollback.require`.
        ReleaseError: Azure cannot be asked; use `from_plans` then.
    """
    endpoint = live.read(workspace, plan)
    rollback.require(workspace, plan, endpoint, nodes, where)
    if plan.pin is not None:
        body_differs = default.needs_switch(plan, endpoint, plan.target)
        return _pinned(plan, endpoint.default, endpoint.usable, body_differs=body_differs)
    missing = [each for each in plan.deployments.values() if not endpoint.is_usable(each.revision)]
    before = released.target if released else None
    restored = reconcile.to_restore(plan, endpoint, before)
    served = replace(endpoint, default=restored or endpoint.default)
    surplus = prune.surplus(workspace, plan, served, state_default, missing)
    going_first = {each.name for each in prune.to_go_first(surplus, limits.excess(endpoint, missing)) if missing}
    if problem := limits.problem(plan, endpoint, missing, going_first) or existing.problem(workspace, missing):
        return [_refused(problem)]
    to_register = [
        each.model
        for each in missing
        if not isinstance(each.model, RegisteredModel) and register.find_version(workspace, each.model)[0] is None
    ]
    first = []
    if restored:
        first = [f"restore the default {restored} first (found {endpoint.default or 'none'})"]
    return [
        *first,
        *_versions(plan, released),
        *_lines(
            to_register,
            [each.revision for each in missing],
            [candidates.line(*each, served) for each in candidates.due(plan, endpoint, before)]
            + candidates.untried(plan, endpoint),
            restored or endpoint.default,
            plan.target,
            body_differs=restored is None and default.needs_switch(plan, endpoint, plan.target),
        ),
        *(
            f"delete revision {each.name}{' first' if each.name in going_first else ''} ({each.why})"
            for each in surplus
        ),
        *(
            f"archive model {each}"
            for each in archive.changes(workspace, plan, served, [each.name for each in surplus])
            if each.is_archived
        ),
    ]


def from_plans(plan: ReleasePlan, released: ReleasePlan | None) -> list[str]:
    """Return lines that compare the plan with the one released last (None: nothing was released yet).

    Raises:
        RefusedPlanError: the plan pins a revision on a cluster that is replaced.
    """
    if problem := rollback.problem_before_deploy(plan):
        raise RefusedPlanError(problem)
    before = released.target if released else None
    is_described = released is None or (
        released.endpoint.description == plan.endpoint.description
        and dict(released.endpoint.tags) == dict(plan.endpoint.tags)
    )
    known_revisions = {each.revision for each in released.made} if released else set()
    if plan.pin is not None:
        return _pinned(plan, before, {plan.pin, *known_revisions}, body_differs=not is_described)
    known = [each.model.identity() for each in (released.made if released else ())]
    to_register = [
        each.model
        for each in plan.deployments.values()
        if not isinstance(each.model, RegisteredModel) and each.model.identity() not in known
    ]
    to_create = [name for name in plan.revisions.values() if name not in known_revisions]
    try_outs = [
        candidates.line(each, each.try_out)
        for each in plan.deployments.values()
        if each.try_out is not None and each.revision in to_create
    ]
    return [
        *_versions(plan, released),
        *_lines(
            to_register,
            to_create,
            try_outs,
            before,
            plan.target,
            body_differs=not is_described,
        ),
        *(
            f"delete the revisions of {logical}, which is no longer in the stack file"
            for logical in (released.deployments if released else ())
            if logical not in plan.deployments
        ),
    ]


def _versions(plan: ReleasePlan, released: ReleasePlan | None) -> Iterator[str]:
    """Yield what has another version than in the last release: by the stack file, or because a label moved."""
    for logical, new in plan.deployments.items():
        old = released.deployments.get(logical) if released else None
        if old is None:
            continue
        pairs = (("model", old.model, new.model), ("environment", old.environment, new.environment))
        for kind, before, after in pairs:
            named = (RegisteredModel, NamedEnvironment)
            if not isinstance(before, named) or not isinstance(after, named) or before.name != after.name:
                continue
            if before.version != after.version:
                label = f" ({after.label})" if after.label else ""
                yield f"{kind} {after.name} {before.version} -> {after.version}{label}"


def _pinned(plan: ReleasePlan, before: str | None, there: Collection[str], *, body_differs: bool) -> list[str]:
    waiting = rollback.waiting(plan, there)
    return [*_lines([], [], [], before, plan.target, body_differs=body_differs), *([waiting] if waiting else [])]


def _refused(problem: str) -> str:
    return f"`pulumi up` will refuse this: {problem}"


def _content(model: UnregisteredModel) -> str:
    return f"from {model.uri}" if isinstance(model, UriModel) else f"sha256 {model.digest[:12]}"


def _lines(
    models: list[UnregisteredModel],
    revisions: list[str],
    try_outs: list[str],
    before: str | None,
    after: str,
    *,
    body_differs: bool,
) -> list[str]:
    lines = list(dict.fromkeys(f"register model {model.name} ({_content(model)})" for model in models))
    lines += [f"create revision {name}" for name in revisions]
    lines += try_outs
    if before != after:
        lines.append(f"default {before or '(none)'} -> {after}")
    elif body_differs:
        lines.append("update the endpoint's description and tags")
    return lines or [f"nothing to register or create; default stays {after}"]
