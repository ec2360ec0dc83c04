"""The steps of a release, in order. Every run does only what is missing.

0. restore what was last set, if the default was moved or lost  1. read what is live  2. register missing models
3. create missing revisions  4. try them out  5. switch the default  6. verify  7. prune

Steps 2 to 4 run for all deployments at the same time (modelops/release/making.py).
The command `release` also restores revisions that were changed by hand, after step 4 (modelops/release/restoring.py).
A plan with a `pin` is 5 and 6 only: its revision exists, and the plan's own are made when the pin is removed.
"""

from modelops.plan.plan import ReleasePlan
from modelops.release import default, last_set, live, making, prune, records, restoring, rollback, signed_in
from modelops.release.comparison import user_code
from modelops.release.context import PRUNE, READ, RESTORE, SWITCH, VERIFY, Context, command, up
from modelops.release.operations import when_free
from modelops.release.permissions import Patience
from modelops.release.report import ReleaseReport
from modelops.release.tryout import candidates


def reconcile(
    plan: ReleasePlan, context: Context, previous: str | None = None, report: ReleaseReport | None = None
) -> ReleaseReport:
    """Make the endpoint match the plan.

    Args:
        plan: complete, that is without unknown values.
        context: client and callbacks.
        previous: the default of the plan that was released last, if one is known; for an endpoint whose tags do not
            say what was last set.
        report: is filled as the release goes on, and returned; for a caller who needs it after a failure, too.

    Raises:
        ReleaseError: a step failed; the default is a deployment in state Succeeded.
        PlanError: the plan and the files do not agree.
        RefusedPlanError: the user's check or comparison cannot be called, the pin cannot be the default, or a rollback
            abandoned the revision.
        Stopped: the process was told to stop.
    """
    patience = Patience(context)
    report = report or ReleaseReport(plan.endpoint.name, plan.target)
    endpoint = _begin(plan, patience, previous, report)
    edited = restoring.edited(plan, patience, endpoint)
    if not context.restores:
        report.warnings += restoring.warnings(plan, context.where, edited)
    if plan.pin is None:
        user_code.require((asked for _, asked in candidates.due(plan, endpoint, previous)), context.root)
        making.make_missing(plan, patience, endpoint, previous, report)
    if context.restores:
        restoring.restore(plan, patience, endpoint, edited, report)
    endpoint = _serve_target(plan, patience, report)
    if plan.pin is None:
        _prune(plan, context, endpoint, report)
    return report


def _begin(plan: ReleasePlan, patience: Patience, previous: str | None, report: ReleaseReport) -> live.LiveEndpoint:
    """Steps 0 and 1: read what is live, refuse a plan that a rollback abandoned, and restore what was last set."""
    context = patience.context
    context.progress(READ, f"reading endpoint {plan.endpoint.name}")
    with context.timeline.span(READ):
        endpoint = patience.call(READ, live.read, context.workspace, plan)
    _require(plan, context, endpoint, report)
    if plan.pin is not None:
        report.waiting = rollback.waiting(plan, endpoint.usable)
        return endpoint
    return _restore(plan, patience, endpoint, previous, report)


def _require(plan: ReleasePlan, context: Context, endpoint: live.LiveEndpoint, report: ReleaseReport) -> None:
    """Note what is live, and refuse a plan that a rollback abandoned."""
    report.previous_default, report.last_set = endpoint.default, endpoint.last_set
    found = endpoint.deployments.get(endpoint.default or "")
    report.previous_deployment = found.logical if found else None
    rollback.require(context.workspace, plan, endpoint, context.nodes, context.where)


def to_restore(plan: ReleasePlan, endpoint: live.LiveEndpoint, previous: str | None) -> str | None:
    """Return the default that must be restored before anything else, or None.

    It is what the last release or rollback set. If that does not work any more, and neither does the live default, it
    is the last released plan's.

    None when the live default is this release's target and usable, and a release or rollback set it, or nothing says
    what was last set: a run before this one was killed after its switch.
    """
    record = endpoint.last_set
    is_set = record is None or record.default == plan.target
    if plan.pin is not None or (is_set and endpoint.default == plan.target and endpoint.is_usable(plan.target)):
        return None
    wanted = record.default if record else previous
    if record and not endpoint.is_usable(wanted) and not endpoint.is_usable(endpoint.default):
        wanted = None if previous in record.abandoned else previous
    return wanted if wanted != endpoint.default and endpoint.is_usable(wanted) else None


def _restore(
    plan: ReleasePlan, patience: Patience, endpoint: live.LiveEndpoint, previous: str | None, report: ReleaseReport
) -> live.LiveEndpoint:
    """Step 0: restore the default that was last set, before anything that can fail."""
    context = patience.context
    wanted = _restorable(plan, context, endpoint, previous)
    if wanted is None:
        return endpoint
    is_again = False

    def send() -> live.LiveEndpoint:
        nonlocal endpoint, wanted, is_again
        if is_again:
            endpoint = patience.call(RESTORE, live.read, context.workspace, plan)
            _require(plan, context, endpoint, report)
            wanted = _restorable(plan, context, endpoint, previous)
        is_again = True
        if wanted is None:
            return endpoint
        context.progress(RESTORE, f"restoring the default {wanted} (found {endpoint.default or 'none'})")
        record = _record(context, plan, endpoint, wanted, is_restored=True)
        default.switch(context.workspace, plan, endpoint, record)
        report.restored, report.last_set = wanted, record
        restored = default.verify(context.workspace, endpoint.name, wanted, up(context.where))
        context.progress(READ, f"the default is {wanted} again")
        return restored

    # It includes the waiting: a step has not failed because the service refused one of its requests.
    with context.timeline.span(RESTORE, wanted):
        return when_free(context, RESTORE, "", send)


def _restorable(plan: ReleasePlan, context: Context, endpoint: live.LiveEndpoint, previous: str | None) -> str | None:
    """Return the default to restore, if its cluster exists."""
    wanted = to_restore(plan, endpoint, previous)
    compute = endpoint.deployments[wanted].compute if wanted else None
    return None if compute and not live.compute_exists(context.workspace, compute) else wanted


def _record(
    context: Context, plan: ReleasePlan, endpoint: live.LiveEndpoint, revision: str, *, is_restored: bool = False
) -> last_set.LastSet:
    """What the endpoint's tags say after the request that makes `revision` the default.

    A restored default that is not the plan's keeps its number: the plan's is for the switch that follows.
    """
    found = endpoint.deployments.get(endpoint.default or "")
    is_former = found is not None and records.not_passed(endpoint, found, None) is None
    return last_set.released(
        endpoint.last_set,
        endpoint.default if is_former else None,
        revision,
        number=plan.number if revision == plan.target else 0,
        who=signed_in.name(context.workspace),
        ends_rollback=plan.pin is None and not is_restored,
    )


def _serve_target(plan: ReleasePlan, patience: Patience, report: ReleaseReport) -> live.LiveEndpoint:
    """Steps 5 and 6: switch if the endpoint's body differs from the plan, and read it again.

    If another release or a rollback came in between, nothing is sent.
    """
    context = patience.context
    with context.timeline.span(READ):
        endpoint = live.read(context.workspace, plan)
    rollback.require_unchanged(plan, endpoint, report.last_set, context.where)
    if not default.needs_switch(plan, endpoint, plan.target):
        return endpoint
    sent: last_set.LastSet | None = None

    def send() -> None:
        nonlocal endpoint, sent
        if sent:
            endpoint = live.read(context.workspace, plan)
            rollback.require_unchanged(plan, endpoint, report.last_set, context.where)
        if default.needs_switch(plan, endpoint, plan.target):
            context.progress(SWITCH, f"switching the default {endpoint.default or '(none)'} -> {plan.target}")
            sent = _record(context, plan, endpoint, plan.target)
            patience.call(SWITCH, default.switch, context.workspace, plan, endpoint, sent)
            report.switched, report.last_set = True, sent
        else:  # either the first request was carried out and its answer lost, or another release did the same
            report.switched, report.last_set = bool(sent and sent.is_same(endpoint.last_set)), endpoint.last_set

    with context.timeline.span(SWITCH, plan.target):
        when_free(context, SWITCH, plan.target, send)
    report.warnings += candidates.untried(plan, endpoint)
    with context.timeline.span(VERIFY, plan.target):
        context.progress(VERIFY, f"checking that the default is {plan.target}")
        return default.verify(context.workspace, endpoint.name, plan.target, up(context.where))


def _prune(plan: ReleasePlan, context: Context, endpoint: live.LiveEndpoint, report: ReleaseReport) -> None:
    """Step 7: delete what nobody needs any more; a failure of it is a warning."""
    with context.timeline.span(PRUNE):
        pruned = prune.prune(plan, context, endpoint)
    report.pruned += pruned.deleted
    report.in_use += pruned.in_use
    report.archived += [str(each) for each in pruned.models if each.is_archived]
    if warning := pruned.warning(command("release", plan.endpoint.name, context.where)):
        report.warnings.append(warning)
