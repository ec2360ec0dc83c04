"""Waits for a scoring job."""

import os
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from modelops import azure
from modelops.errors import ReleaseError
from modelops.scoring.failures import reason
from modelops.scoring.job_logs import JobLogs

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_FINISHED: Final = "Completed"
_ENDED: Final = (_FINISHED, "Failed", "Canceled", "NotResponding")
# The service's progress log, e.g. "2024-01-01T00:00:00.000000 Processed 41 of 200 mini batches in 0:02:14."
_PROGRESS_LOG: Final = "logs/job_progress_overview."
_PROCESSED: Final = re.compile(r"Processed (\d+) of (\d+) mini batches")


def follow(ml: "MLClient", job: str, report: Callable[[str, float], None], logs_command: str) -> float:
    """Wait until the job ends.

    Args:
        ml: client of the workspace.
        job: its name.
        report: called after every poll with the job's state and the seconds since following started.
        logs_command: what shows the job's logs, for the error.

    Returns:
        Seconds waited.

    Raises:
        ReleaseError: it ended in another state than Completed; with the reason, as far as it is known.
    """
    begun = time.monotonic()
    logs = JobLogs(ml, job)
    pause = float(os.environ.get("AZUREML_RUN_POLLING_INTERVAL_MIN", "5"))
    while True:
        with azure.step(f"reading job {job}"):
            found = ml.jobs.get(job)
        # An enumeration if the SDK knows the state, else a plain text.
        state = str(getattr(found.status, "value", found.status))
        batches = _mini_batches(logs) if state == "Running" else ""
        seconds = time.monotonic() - begun
        report(f"{state}{batches}", seconds)
        if state == _FINISHED:
            return seconds
        if state in _ENDED:
            why = reason(logs) if state == "Failed" else ""
            raise ReleaseError(
                f"job {job} ended in state {state} after {seconds:.0f} s{f': {why}' if why else ''}\n"
                f"Its logs: {logs_command}"
            )
        time.sleep(pause)


def _mini_batches(logs: JobLogs) -> str:
    """Return the finished mini-batches (", N of M mini-batches"); empty if the progress log has none."""
    overviews = [name for name in logs.names() if name.startswith(_PROGRESS_LOG)]
    found = _PROCESSED.findall(logs.text(overviews[-1])) if overviews else []
    if not found:
        return ""
    done, total = found[-1]
    return f", {done} of {total} mini-batches"
