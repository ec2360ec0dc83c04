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
from modelops.scoring.failures import ScriptError
from modelops.scoring.job_logs import JobLogs
from modelops.scoring.losses import Losses

_NOT_THE_CANDIDATES: Final = re.compile(
    # An image that was not built, or that a node may not pull (Azure/MachineLearningNotebooks#1479).
    r"Image build failed|FailedPullingImage|Unable to pull docker image"
    # The registry that the model or the environment is in (Azure/azure-sdk-for-python#34783).
    r"|not allowed to access registry"
    # The input: not readable (how-to-troubleshoot-batch-endpoints), or without files.
    r"|StreamAccessException|Unable to create any task within"
    # The nodes: no free machines in Azure, or no quota for them (how-to-manage-quotas).
    r"|AllocationFailed|QuotaReached|QuotaExceeded"
)
_TRACE_LINES: Final = 12
_SCRIPT: Final = "correct the script"
SUMMARY_ONLY: Final = "summary_only"


class CandidateFailedError(ReleaseError):
    """The candidate did not pass; the text is the reason."""

    def __init__(self, why: str, fix: str = "correct the deployment", trace: str = "") -> None:
        """Take the reason, what to do about it (part of a sentence), and the script's traceback, for the report."""
        super().__init__(why)
        self.fix: Final = fix
        self.trace: Final = trace


class TryOutFailedError(ReleaseError):
    """The try-out says nothing about the candidate: it had no image, no nodes, no input. The text is the reason."""

    def __init__(self, why: str, fix: str = "") -> None:
        """Take the reason, and what to do about it: part of a sentence, "" if that is not known."""
        super().__init__(why)
        self.fix: Final = fix


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
    _require_completed(logs, deployment, try_out, job)
    lost = losses.count(logs)
    if lost.missing is None:
        raise TryOutFailedError(
            f"job {job.name} is completed, but whether it lost files is not known: neither its counts nor its report "
            f"({mini_batches.REPORT}) could be read. See whether the deployer may read both (docs/security.md, what a "
            "release needs)."
        )
    if lost.missing:
        trace = failures.last_trace(logs)
        error = failures.read(trace)
        raise CandidateFailedError(
            "\n".join([*losses.sentences(lost), *([error.line()] if error else [])]),
            _fix(deployment, error, lost),
            _users_part(trace),
        )
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
        raise CandidateFailedError(
            f"job {job.name} is completed and has {rows} rows; tryOut.rows asks for {wanted}.", _SCRIPT
        )
    return rows


def _least_rows(context: Context, try_out: TryOut, items: int | None) -> int:
    """Return how many rows there have to be. A retry may double a row, so more are allowed."""
    if not try_out.per_file:
        return try_out.least_rows
    return len(sample.files(context, try_out).names()) if items is None else items


def _require_completed(logs: JobLogs, deployment: DeploymentPlan, try_out: TryOut, job: EndedJob) -> None:
    if job.over is not None:
        _refuse_long(deployment, try_out, job, job.over)
    if job.state == jobs.COMPLETED:
        return
    if job.state != jobs.FAILED:
        raise TryOutFailedError(f"job {job.name} ended in state {job.state}.")
    trace, said = failures.last_trace(logs), failures.service_reason(logs)
    error = failures.read(trace)
    lines = [error.line()] if error else []
    if error is None or not error.is_told(said):
        lines.append(f"job {job.name} ended in state {job.state}{f': {said}' if said else '.'}")
    text = "\n".join(lines)
    if error or (job.ran and not _NOT_THE_CANDIDATES.search(said)):
        raise CandidateFailedError(text, _fix(deployment, error, losses.count(logs)), _users_part(trace))
    raise TryOutFailedError(text)


def _refuse_long(deployment: DeploymentPlan, try_out: TryOut, job: EndedJob, over: Phase) -> None:
    limit, key = minutes(try_out, over), f"tryOut.{KEYS[over]}"
    text = f"job {job.name} was canceled, because it was {over} for more than {limit} min ({key})."
    if over is not Phase.RUN:
        raise TryOutFailedError(text, f"raise {key} ({limit}) in the stack file if it only takes longer")
    tries, seconds = deployment.settings.max_retries, deployment.settings.timeout_seconds
    raise CandidateFailedError(
        f"{text} A call of run() may take {seconds} s (timeoutSeconds), and is tried {tries} times (maxRetries).",
        f"make the script faster, or raise {key} ({limit}) in the stack file",
    )


def _fix(deployment: DeploymentPlan, error: ScriptError | None, lost: Losses) -> str:
    """Return what to do about a job that the candidate failed."""
    if lost.timeouts:
        return mini_batches.about_timeouts(deployment.settings.timeout_seconds, deployment.settings.mini_batch_size)
    return f"correct {error.file}" if error and error.file else _SCRIPT


def _users_part(trace: str) -> str:
    """Return the last lines of a traceback that are about the user's own files, indented; "" if it has none."""
    return "\n".join(f"    {line}" for line in failures.users_lines(trace)[-_TRACE_LINES:])
