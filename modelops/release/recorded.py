"""A release whose last step is its entry in the history, also when it failed."""

from typing import Final

from modelops.errors import ExplainedError, ReleaseError
from modelops.plan.data_address import masked
from modelops.plan.plan import LocalModel, ReleasePlan
from modelops.release import history, last_set, reasons, signed_in
from modelops.release.context import READ, RECORD, Context
from modelops.release.going_back import WentBack
from modelops.release.reconcile import reconcile
from modelops.release.report import ReleaseReport
from modelops.release.steps import FAILED

_LOOKS_BACK: Final = 5
"""Entries to read, to find that of the release that set the default."""
_LONGEST_ERROR: Final = 500
_LONGEST_LINE: Final = 1000
_FIRST_LINES: Final = 50
_LAST_LINES: Final = 10
"""Of a longer text; the command to run next comes last."""


def release(
    plan: ReleasePlan,
    context: Context,
    previous: str | None = None,
    *,
    looks_back: bool = False,
    released: ReleasePlan | None = None,
) -> ReleaseReport:
    """Make the endpoint match the plan, and add that to the history.

    A release that sends nothing, or is refused before it sends anything, leaves no entry; one that is stopped can leave
    none. An entry that cannot be written is a warning in the report.

    Args:
        plan: see `reconcile`.
        context: see `reconcile`.
        previous: see `reconcile`.
        looks_back: whether a release that finds nothing to do adds the entry of the one that set the default, if that
            was killed before it could.
        released: the plan that was released last, if it is known: the entry says what changed since then.

    Raises:
        ReleaseError: see `reconcile`, as for the other errors.
    """
    report = ReleaseReport(plan.endpoint.name, plan.target)
    try:
        reconcile(plan, context, previous, report)
    except Exception as error:
        report.timeline = context.timeline.spans()
        if any(each["step"] != READ for each in report.timeline):  # it came to a step that may send something
            _write(plan, context, report, released, error)
        raise
    report.timeline = context.timeline.spans()
    if report.changed or (looks_back and _has_none(context, report)):
        _write(plan, context, report, released)
    return report


def rolled_back(context: Context, done: WentBack) -> str | None:
    """Add a rollback to the history; return a warning if that failed."""
    endpoint = done.endpoint
    context.progress(RECORD, "adding the rollback to the history")
    try:
        entry = history.Entry(
            endpoint=endpoint.name,
            outcome=history.ROLLED_BACK,
            at=history.now(),
            who=signed_in.name(context.workspace),
            default=endpoint.default,
            previous_default=done.before,
            set_at=endpoint.last_set.at if endpoint.last_set else "",
            commit=context.about.commit,
            clean=context.about.clean,
            run_url=context.about.run_url,
            done=(f"default {done.before or '(none)'} -> {endpoint.default}",),
        )
        history.write(context.workspace, entry)
    except ReleaseError as failed:
        return f"the rollback is complete, but its entry in the history is missing: {failed}"
    return None


def _before(report: ReleaseReport, released: ReleasePlan | None) -> dict[str, str]:
    """Return the revisions that the release found: the default may not be the last release's, after a rollback."""
    found = _made(released) if released else {}
    if report.previous_default and report.previous_deployment:
        found[report.previous_deployment] = report.previous_default
    return found


def _made(plan: ReleasePlan) -> dict[str, str]:
    return {each.logical: each.revision for each in plan.made}


def _why(plan: ReleasePlan, released: ReleasePlan | None) -> dict[str, list[str]]:
    """Return what changed of each deployment since the last release; without those that did not change."""
    old = released.deployments if released else {}
    found = {each.logical: reasons.differences(old[each.logical], each) for each in plan.made if each.logical in old}
    return {logical: changes for logical, changes in found.items() if changes}


def _write(
    plan: ReleasePlan,
    context: Context,
    report: ReleaseReport,
    released: ReleasePlan | None,
    error: Exception | None = None,
) -> None:
    """Add the entry; a failure of that is a warning, which a failed release does not show."""
    first, *further = _lines(error) if error else [""]
    steps, seconds = context.timeline.steps(), round(context.timeline.seconds(), 1)
    context.progress(RECORD, "adding the release to the history", outcome=FAILED if error else "")
    reached = report.default if report.switched else report.restored or report.previous_default
    try:
        entry = history.Entry(
            endpoint=report.endpoint,
            outcome=history.FAILED if error else history.RELEASED,
            at=history.now(),
            who=signed_in.name(context.workspace),
            default=reached,
            previous_default=report.previous_default,
            set_at=report.last_set.at if report.last_set else "",
            commit=context.about.commit,
            clean=context.about.clean,
            run_url=context.about.run_url,
            seconds=seconds,
            steps=steps,
            timeline=tuple(report.timeline),
            failed_at=context.timeline.failed_at if error else None,
            error=first[:_LONGEST_ERROR] or None,
            details=tuple(further),
            done=tuple(report.done()),
            tried=tuple(each._asdict() for each in report.tried),
            compared=tuple(context.findings.compared()),
            revisions=_made(plan),
            digests={each.logical: each.model.digest for each in plan.made if isinstance(each.model, LocalModel)},
            before=_before(report, released),
            released=_made(released) if released else {},
            why=_why(plan, released),
            warnings=tuple(report.warnings),
        )
        history.write(context.workspace, entry, context.findings.sampled())
    except ReleaseError as failed:
        report.warnings.append(f"the release is complete, but its entry in the history is missing: {failed}")


def _has_none(context: Context, report: ReleaseReport) -> bool:
    """Whether a release set the default, and left no entry."""
    record = report.last_set
    if record is None or record.by != last_set.RELEASE:
        return False
    try:
        found = history.entries(context.workspace, report.endpoint, _LOOKS_BACK)
    except ReleaseError:
        return False  # nothing was done, so there is nothing to warn of
    return all(each.set_at != record.at for each in found if each.outcome == history.RELEASED)


def _lines(error: Exception) -> list[str]:
    """Return the lines of an error's text; of a very long one, those at its ends."""
    trace = error.trace if isinstance(error, ExplainedError) else ""
    text = masked(f"{error}\n{trace}").strip() or type(error).__name__
    lines = [each[:_LONGEST_LINE] for each in text.splitlines()]
    if len(lines) <= _FIRST_LINES + _LAST_LINES:
        return lines
    return [*lines[:_FIRST_LINES], "…", *lines[-_LAST_LINES:]]
