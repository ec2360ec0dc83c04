"""The release's preview: only reads, and says so if it could not read."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from modelops.errors import RefusedPlanError, ReleaseError
from modelops.plan.models import UnregisteredModel
from modelops.plan.plan import RegisteredModel, ReleasePlan
from modelops.release import archive, default, existing, forecast, limits, live, prune, reconcile, register, rollback
from modelops.release.forecast import Known
from modelops.release.outlook import Default, Outlook, Revision
from modelops.release.tryout import candidates
from modelops.workspace import Workspace


def from_live(
    workspace: Workspace, plan: ReleasePlan, released: ReleasePlan | None, known: Known | None = None
) -> Outlook:
    """Compare the plan with Azure.

    Args:
        workspace: to be read.
        plan: complete.
        released: the plan that was released last, if there is one.
        known: what else is known.

    Raises:
        RefusedPlanError: `pulumi up` will refuse the plan: see `rollback.require`.
        ReleaseError: Azure cannot be asked; use `from_plans` then.
    """
    known = known or Known()
    endpoint = live.read(workspace, plan)
    rollback.require(workspace, plan, endpoint, known.nodes, known.where)
    if plan.pin is not None:
        return _pinned(plan, endpoint.default, endpoint.usable, _body(plan, endpoint, may_restore=False))
    missing = [each for each in forecast.in_order(plan) if not endpoint.is_usable(each.revision)]
    before = released.target if released else None
    restored = reconcile.to_restore(plan, endpoint, before)
    served = replace(endpoint, default=restored or endpoint.default)
    surplus = prune.surplus(workspace, plan, served, known.state_default, missing)
    going_first = {each.name for each in prune.to_go_first(surplus, limits.excess(endpoint, missing)) if missing}
    if problem := limits.problem(plan, endpoint, missing, going_first) or existing.problem(workspace, missing):
        return Outlook(plan.endpoint.name, refusal=problem)
    unregistered = dict.fromkeys(each.model for each in missing if not isinstance(each.model, RegisteredModel))
    to_register = [each for each in unregistered if register.find_version(workspace, each)[0] is None]
    due = sorted(candidates.due(plan, endpoint, before), key=lambda each: each[0].logical != plan.default)
    deleted = [
        Revision(each.name, each.logical, "delete", (each.why,), each.name in going_first)
        for each in sorted(surplus, key=lambda each: each.name not in going_first)
    ]
    archived = [
        str(each)
        for each in archive.changes(workspace, plan, served, [each.name for each in surplus])
        if each.is_archived
    ]
    return Outlook(
        plan.endpoint.name,
        Default(served.default, plan.target, restored, endpoint.default if restored else None),
        _body(plan, endpoint, may_restore=restored is not None),
        [forecast.model(each, known.root) for each in to_register],
        [
            *(forecast.revision(each, released, endpoint.deployments, known.root) for each in forecast.in_order(plan)),
            *deleted,
        ],
        forecast.try_outs(due, served, known),
        archived=archived,
        currency=known.currency,
        notes=[*candidates.untried(plan, endpoint), *forecast.left(plan, released, deleted)],
    )


def from_plans(
    plan: ReleasePlan,
    released: ReleasePlan | None,
    known: Known | None = None,
    workspace: Workspace | None = None,
) -> Outlook:
    """Compare the plan with the one released last.

    Args:
        plan: may have unknown values.
        released: None if nothing was released yet.
        known: what else is known.
        workspace: where models are looked for; None if it is not known, or cannot be asked.

    Raises:
        RefusedPlanError: the plan pins a revision on a cluster that is replaced.
    """
    known = known or Known()
    if problem := rollback.problem_before_deploy(plan):
        raise RefusedPlanError(problem)
    before = released.target if released else None
    body = _changed_body(plan, released) if released else []
    revisions = {each.revision for each in released.made} if released else set()
    if plan.pin is not None:
        return _pinned(plan, before, {plan.pin, *revisions}, body)
    models = [each.model.identity() for each in (released.made if released else ())]
    missing = [each for each in forecast.in_order(plan) if each.revision not in revisions]
    to_register = [
        each.model
        for each in plan.deployments.values()
        if not isinstance(each.model, RegisteredModel) and each.model.identity() not in models
    ]
    to_register = _unregistered(workspace, to_register)
    deleted = [
        Revision(each.revision, each.logical, "delete", (f"{each.logical} is no longer in the stack file",))
        for each in (released.deployments.values() if released else ())
        if each.logical not in plan.deployments
    ]
    return Outlook(
        plan.endpoint.name,
        Default(before, plan.target),
        body,
        [forecast.model(each, known.root) for each in to_register],
        [*(forecast.revision(each, released) for each in forecast.in_order(plan)), *deleted],
        forecast.try_outs([(each, each.try_out) for each in missing if each.try_out is not None], None, known, before),
        forecast.replaced(plan, released) if released else [],
        currency=known.currency,
        notes=forecast.left(plan, released, deleted),
    )


def _unregistered(workspace: Workspace | None, models: Iterable[UnregisteredModel]) -> list[UnregisteredModel]:
    """Return the models that a workspace does not have; all of them if it cannot be asked."""
    found = list(dict.fromkeys(models))
    if workspace is None:
        return found
    try:
        return [each for each in found if register.find_version(workspace, each)[0] is None]
    except ReleaseError:
        return found


def _pinned(plan: ReleasePlan, before: str | None, there: Collection[str], body: list[str]) -> Outlook:
    waiting = rollback.waiting(plan, there)
    return Outlook(
        plan.endpoint.name,
        Default(before, plan.target, pinned=True),
        body,
        notes=[waiting] if waiting else [],
    )


def _body(plan: ReleasePlan, endpoint: live.LiveEndpoint, *, may_restore: bool) -> list[str]:
    """What of the endpoint's body differs beside the default."""
    found = []
    if endpoint.description != plan.endpoint.description:
        found.append("description")
    if not live.same_tags(endpoint.tags, plan.endpoint.tags):
        found.append("tags")
    is_the_record = endpoint.default == plan.target and default.needs_switch(plan, endpoint, plan.target)
    return found or (["the record of what was last set"] if is_the_record and not may_restore else [])


def _changed_body(plan: ReleasePlan, released: ReleasePlan) -> list[str]:
    old, new = released.endpoint, plan.endpoint
    changed = {"description": old.description != new.description, "tags": dict(old.tags) != dict(new.tags)}
    return [name for name, is_changed in changed.items() if is_changed]
