"""A job's log files: written on disk, mirrored into the workspace's artifact store, where clients read them.

File names are the service's (https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-batch-endpoints and
the debugging guide of ParallelRunStep); the lines follow examples that users published.
"""

import asyncio
import contextlib
import os
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.store import Store
from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.jobs.records import RunRecords

ARTIFACT_CONTAINER = "azureml"
"""The container of run artifacts (``workspaceartifactstore``) in a workspace's storage account."""

EXECUTION = "logs/azureml/executionlogs.txt"
STANDARD = "user_logs/std_log_0.txt"
_LIVE_LIMIT = 1 << 20

_README = """\
user_logs/std_log_0.txt                      the driver's output; at a failure the reason
logs/job_progress_overview.<time>.txt        scheduling and progress, one line per event logs/job_result.txt
how the job ended logs/job_error.<time>.txt                    errors in loading the entry script, in init() and in
run() logs/user/error.txt, logs/user/error/        the same with full stack traces, by node and process
logs/user/stdout/, logs/user/stderr/         the entry script's output, by node and process logs/user/entry_script_log/
its messages to EntryScript().logger logs/sys/master_role.txt                     the orchestrator's view
logs/sys/node/<node>/                        each process's mini-batches: counts and times
logs/sys/job_report/processed_mini-batches.csv  every attempt of every mini-batch
"""


def artifact_account(store: Store, workspace_id: str) -> str | None:
    """Return the name of the workspace's storage account, which has the artifacts of its runs; None without one."""
    workspace = store.get(workspace_id)
    account = (workspace.body.get("properties") or {}).get("storageAccount") if workspace else None
    return ArmId.parse(account).name.lower() if account else None


def artifact_blob(run: str, path: str) -> str:
    """Return the name of the blob with a run's artifact, as in the service."""
    return f"ExperimentRun/dcid.{run}/{path}"


@dataclass(slots=True)
class JobLogs:
    """The log files of a job (parent run) and of its step (child run); for the event loop, one call at a time."""

    blobs: BlobStore
    records: RunRecords
    account: str
    parent: str
    child: str
    folder: Path
    _sent: dict[str, tuple[int, int]] = field(default_factory=dict)
    _started: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y%m%d%H"))

    def __post_init__(self) -> None:
        self.blobs.create_container(self.account, ARTIFACT_CONTAINER)
        self.write("logs/readme.txt", _README)

    def file(self, path: str) -> Path:
        """Return a log file's path on disk; its folder exists."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def write(self, path: str, text: str) -> None:
        """Append text to a log file."""
        with self.file(path).open("a", encoding="utf-8") as out:
            out.write(text)

    def execution(self, text: str) -> None:
        """Add a line to the parent's log, which ``jobs.stream`` shows."""
        self.write(EXECUTION, f"[{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}] {text}\n")

    def standard(self, text: str) -> None:
        """Add a line to the driver's output."""
        self.write(STANDARD, f"{text}\n")

    def progress(self, text: str) -> None:
        """Add a line to the progress overview."""
        self.write(f"logs/job_progress_overview.{self._started}.txt", f"{datetime.now(UTC).isoformat()} {text}\n")

    def master(self, level: str, text: str) -> None:
        """Add a line to the orchestrator's log."""
        self.write("logs/sys/master_role.txt", _system_line("master", level, text))

    def node(self, node: int, name: str, text: str) -> None:
        """Add a line to the log of a process, or of the node (``_main``)."""
        self.write(f"logs/sys/node/{node}/{name}.txt", _system_line(name, "INFO", text))

    def script_error(self, node: int, name: str, trace: str) -> None:
        """Record an error of the entry script, in the summary and in the process's file."""
        now = datetime.now(UTC).isoformat()
        path = f"logs/job_error.{self._started}.txt"
        if not self.file(path).exists():
            self.write(
                path,
                f"{now} This file shows errors in loading, calling init() and calling run() of the entry script."
                " An error here may not impact the job result.\n",
            )
        self.write(path, f"{now} The {name} on node {node} failed with error: {trace.rstrip()}\n")
        self.write("logs/user/error.txt", f"{now} {name} on node {node}: {trace.rstrip().splitlines()[-1]}\n")
        self.write(f"logs/user/error/{node}/{name}.txt", f"{now} {trace.rstrip()}\n")

    async def mirror(self, *, whole: bool = False) -> None:
        """Copy changes into the artifact store; long files only with ``whole``, at the end."""
        changed = await asyncio.to_thread(self._send, whole)
        for path in changed:
            run = self.parent if path == EXECUTION else self.child
            self.records.add_log(run, path, self.account, ARTIFACT_CONTAINER, artifact_blob(run, path))

    def _send(self, whole: bool) -> list[str]:
        """Copy changed files to blobs; return those that were copied for the first time."""
        fresh = []
        for root, _, names in os.walk(self.folder):
            for name in names:
                file = Path(root, name)
                path = file.relative_to(self.folder).as_posix()
                status = file.stat()
                state = (status.st_size, status.st_mtime_ns)
                if self._sent.get(path) == state or (status.st_size > _LIVE_LIMIT and not whole) or not status.st_size:
                    continue
                run = self.parent if path == EXECUTION else self.child
                copy = file.with_name(f".{name}")
                # The storage account may be deleted while a job runs.
                with contextlib.suppress(FileNotFoundError, KeyError):
                    shutil.copyfile(file, copy)
                    self.blobs.adopt(self.account, ARTIFACT_CONTAINER, artifact_blob(run, path), copy)
                if path not in self._sent:
                    fresh.append(path)
                self._sent[path] = state
        return fresh


def _system_line(logger: str, level: str, text: str) -> str:
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%d %H:%M:%S},{now.microsecond // 1000:03d}|{logger}|{level}|{os.getpid()}|{text}\n"
