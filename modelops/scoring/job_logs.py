"""Reads the log files and the counts of a scoring job.

They belong to the job's child run, and the SDK has no public way to read them while the job runs; this uses the same
calls as its `stream`. What follows a job only displays them, so there a failed read gives nothing and ends nothing;
`listed` and `read` are for people who ask for a log, and say what was wrong.
"""

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from modelops import azure
from modelops.errors import ReleaseError

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_METRICS: Final = (
    "/mlflow/v1.0/subscriptions/{ml.subscription_id}/resourceGroups/{ml.resource_group_name}/providers/"
    "Microsoft.MachineLearningServices/workspaces/{ml.workspace_name}/api/2.0/mlflow/runs/get"
)
"""MLflow's REST API below the workspace's tracking address, on the host of the run history."""


class JobLogs:
    """The log files of one job: those of its step, which does the work, or its own."""

    def __init__(self, ml: "MLClient", job: str, *, of_step: bool = True) -> None:
        """Read the job called `job` with this client of its workspace; without `of_step`, the job's own files."""
        self._ml = ml
        self._job = job
        self._of_step = of_step
        self._addresses: dict[str, str] = {}
        self._step: str | None = None

    def listed(self) -> tuple[str, ...]:
        """Return the names of the log files so far, e.g. `logs/user/error.txt`, in order.

        Raises:
            ReleaseError: the service refused it.
        """
        with azure.step(f"listing the logs of job {self._job}"):
            self._addresses = self._files()
        return tuple(sorted(self._addresses))

    def names(self) -> tuple[str, ...]:
        """Return what `listed` does; () if the service refused it."""
        with contextlib.suppress(ReleaseError):
            return self.listed()
        return ()

    def read(self, name: str) -> str:
        """Return a log file.

        Its address is that of the last list, which is valid for a while only, or asked for if that had none.

        Raises:
            ReleaseError: there is none, or the service or the storage refused it.
        """
        from azure.storage.blob import BlobClient  # noqa: PLC0415

        if name not in self._addresses:
            self.listed()
        if (address := self._addresses.get(name)) is None:
            raise ReleaseError(f"job {self._job} has no log {name!r} (any more).")
        with azure.step(f"reading log {name!r} of job {self._job}"):
            blob = BlobClient.from_blob_url(address, **azure.SHORT_RETRIES)
            return blob.download_blob().readall().decode(errors="replace")

    def text(self, name: str) -> str:
        """Return what `read` does; "" if there is no such file, or it cannot be read."""
        with contextlib.suppress(ReleaseError):
            return self.read(name)
        return ""

    def message(self) -> str:
        """Return the service's message for a failed job, its step's before its own; "" if there is none."""
        with contextlib.suppress(Exception):
            if (step := self._child) and (message := self._message(step)):
                return message
        with contextlib.suppress(Exception):
            return self._message(self._job)
        return ""

    def metrics(self) -> dict[str, float]:
        """Return the counts of the child run, e.g. `Failed Items`; {} if they cannot be read.

        They are what the service's driver logs (names: Azure/azure-sdk-for-python#18357); any of them can be missing.
        """
        from azure.core.rest import HttpRequest  # noqa: PLC0415

        with contextlib.suppress(Exception):
            if (step := self._child) is None:
                return {}
            client: Any = self._runs._operation._client  # noqa: SLF001
            # PipelineClient.format_url adds the host.
            request = HttpRequest("GET", client.format_url(_METRICS.format(ml=self._ml)), params={"run_id": step})
            answer = client.send_request(request)
            answer.raise_for_status()
            return {each["key"]: float(each["value"]) for each in answer.json()["run"]["data"]["metrics"]}
        return {}

    def times(self) -> tuple[datetime | None, datetime | None]:
        """Return when the job started and ended; None for what has not happened, or cannot be read."""
        with contextlib.suppress(Exception):
            details = self._runs.get_run_details(self._job)
            return details.start_time_utc, details.end_time_utc
        return None, None

    def _message(self, run: str) -> str:
        error = self._runs.get_run_details(run).error
        return str(error.error.message or "") if error else ""

    def _files(self) -> dict[str, str]:
        """Return the address of each log file by its name; {} while the job has no step yet."""
        run = self._child if self._of_step else self._job
        return dict(self._runs.get_run_details(run).log_files or {}) if run else {}

    @property
    def _runs(self) -> Any:
        return self._ml.jobs._runs_operations  # noqa: SLF001

    @property
    def _child(self) -> str | None:
        """The run of the job's one step; None while it has none."""
        if self._step is None:
            self._step = next((str(each.name) for each in self._ml.jobs.list(parent_job_name=self._job)), None)
        return self._step
