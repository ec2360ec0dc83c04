"""Waits for a scoring job."""

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from modelops import azure
from modelops.errors import ReleaseError
from modelops.scoring.failures import reason
from modelops.scoring.job_logs import JobLogs
from modelops.scoring.jobs import COMPLETED, ENDED, FAILED
from modelops.scoring.progress import read

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


class EndedError(ReleaseError):
    """A job that ended in another state than Completed.

    Attributes:
        state: how it ended, in the service's words.
        reason: why, as far as it is known; else "".
    """

    def __init__(self, job: str, state: str, seconds: float, reason: str, logs_command: str) -> None:
        """Say that `job` ended, after so many seconds, and what shows its logs."""
        why = f": {reason}" if reason else ""
        super().__init__(f"job {job} ended in state {state} after {seconds:.0f} s{why}\nIts logs: {logs_command}")
        self.state = state
        self.reason = reason


def follow(ml: "MLClient", job: str, report: Callable[[str, float], None], logs_command: str) -> float:
    """Wait until the job ends.

    Args:
        ml: client of the workspace.
        job: its name.
        report: called after every poll with the job's state, e.g. `Running, 40 of 200 items, 3.2 items/s, 50 s left`,
            and the seconds since following started.
        logs_command: what shows the job's logs, for the error.

    Returns:
        Seconds waited.

    Raises:
        EndedError: it ended in another state than Completed.
        ReleaseError: the service refused to say its state.
    """
    begun = time.monotonic()
    logs = JobLogs(ml, job)
    pause = polling_seconds()
    while True:
        with azure.step(f"reading job {job}"):
            found = ml.jobs.get(job)
        # An enumeration if the SDK knows the state, else a plain text.
        state = str(getattr(found.status, "value", found.status))
        progress = read(logs) if state == "Running" else None
        seconds = time.monotonic() - begun
        report(f"{state}, {progress}" if progress else state, seconds)
        if state == COMPLETED:
            return seconds
        if state in ENDED:
            raise EndedError(job, state, seconds, reason(logs) if state == FAILED else "", logs_command)
        time.sleep(pause)


def polling_seconds() -> float:
    """Return the pause between two reads of a job: azure-ai-ml's own variable, or 5 s."""
    return float(os.environ.get("AZUREML_RUN_POLLING_INTERVAL_MIN", "5"))
