"""What came of a try-out's job: passed, or why not, and whose fault that is.

A job that fails says the same for most causes ("exited with status code 42"), so the logs decide: an exception of the
script is the candidate's. Without one, a job whose step never ran, or whose message is one of those that the service
has for images, nodes and the input, failed by the try-out's own.
"""

import re
from pathlib import Path
from typing import Final

from modelops.errors import NoPredictionsError, ReleaseError
from modelops.plan.plan import DeploymentPlan
from modelops.plan.try_out import TryOut
from modelops.release.context import Context
from modelops.release.tryout import sample
from modelops.release.tryout.job import EndedJob
from modelops.release.tryout.limits import KEYS, Phase, minutes
from modelops.scoring import failures, jobs, losses, mini_batches, predictions
from modelops.scoring.job_logs import JobLogs

_NOT_THE_CANDIDATES: Final = re.compile(
    # An image that was not built, or that a node may not pull (Azure/MachineLearningNotebooks#1479).
    r"Image build failed|FailedPullingImage|Unable to pull docker image"
    # The registry that the model or the environment is in (Azure/azure-sdk-for-python#34783).
    r"|not allowed to access registry"
    # The input: not readable (how-to-troubleshoot-batch-endpoints), or without files.
    r"|StreamAccessException|Unable to create any task within"
)
_TRACE_LINES: Final = 12
SUMMARY_ONLY: Final = "summary_only"


class CandidateFailedError(ReleaseError):
    """The candidate did not pass; the text is the reason."""


class TryOutFailedError(ReleaseError):
    """The try-out says nothing about the candidate: it had no image, no nodes, no input. The text is the reason."""


def predicted(context: Context, deployment: DeploymentPlan, try_out: TryOut, job: EndedJob, folder: Path) -> int | None:
    """Download what the job predicted, and return the number of rows; None if its script writes the files itself.

    Args:
        context: the release's surroundings.
        deployment: the candidate.
        try_out: what it has to score.
        job: the job, which has ended.
        folder: takes the predictions; it exists and is empty.

    Raises:
        CandidateFailedError: the job failed by the candidate's fault, lost a file, or has too few rows.
        TryOutFailedError: it failed by another fault, or does not say what it lost.
        ReleaseError: the service refused a read.
    """
    logs = JobLogs(context.workspace.ml, job.name)
    _require_completed(logs, try_out, job)
    lost = losses.count(logs)
    if lost.missing is None:
        raise TryOutFailedError(
            f"job {job.name} is completed, but whether it lost files is not known: neither its counts nor its report "
            f"({mini_batches.REPORT}) could be read. See whether the deployer may read both (docs/security.md, what a "
            "release needs)."
        )
    if lost.missing:
        raise CandidateFailedError("\n".join([*losses.sentences(lost), *_trace(logs)]))
    try:
        files = predictions.download(context.workspace.ml, job.name, folder)
    except NoPredictionsError:
        files = ()
    if deployment.settings.output_action == SUMMARY_ONLY:
        return None
    rows = predictions.rows(files)
    least = _least_rows(context, try_out, lost.items)
    if rows < least:
        wanted = f"one for each of the {least} files of its input" if try_out.per_file else f"at least {least}"
        raise CandidateFailedError(f"job {job.name} is completed and has {rows} rows; tryOut.rows asks for {wanted}.")
    return rows


def _least_rows(context: Context, try_out: TryOut, items: int | None) -> int:
    """Return how many rows there have to be. A retry may double a row, so more are allowed."""
    if not try_out.per_file:
        return try_out.least_rows
    return len(sample.files(context, try_out).names()) if items is None else items


def _require_completed(logs: JobLogs, try_out: TryOut, job: EndedJob) -> None:
    if job.over is not None:
        limit = minutes(try_out, job.over)
        text = (
            f"job {job.name} was canceled, because it was {job.over} for more than {limit} min "
            f"(tryOut.{KEYS[job.over]})."
        )
        raise (CandidateFailedError if job.over is Phase.RUN else TryOutFailedError)(text)
    if job.state == jobs.COMPLETED:
        return
    why = failures.reason(logs) if job.state == jobs.FAILED else ""
    text = "\n".join([f"job {job.name} ended in state {job.state}{f': {why}' if why else '.'}", *_trace(logs)])
    if job.state == jobs.FAILED and (failures.last_error(logs) or (job.ran and not _NOT_THE_CANDIDATES.search(why))):
        raise CandidateFailedError(text)
    raise TryOutFailedError(text)


def _trace(logs: JobLogs) -> list[str]:
    """Return the last lines of the script's last exception, indented; none if the logs have none."""
    return [f"    {line}" for line in failures.users_lines(failures.last_trace(logs))[-_TRACE_LINES:]]
