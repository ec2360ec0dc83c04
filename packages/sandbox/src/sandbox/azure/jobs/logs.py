"""A job's log files: written on disk, mirrored into the workspace's artifact store, where clients read them.

File names are the service's (https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-batch-endpoints and
the debugging guide of ParallelRunStep); the lines follow examples that users published.
"""

import asyncio
import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.store import Store
from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.jobs.records import RunRecords
from sandbox.azure.jobs.tree import Tree
from sandbox.azure.jobs.worker import DRIVER

ARTIFACT_CONTAINER = "azureml"
"""The container of run artifacts (``workspaceartifactstore``) in a workspace's storage account."""

EXECUTION = "logs/azureml/executionlogs.txt"
STANDARD = "user_logs/std_log_0.txt"
_LIVE_LIMIT = 1 << 20

_README = """\
user_logs/std_log_0.txt                         the driver's output
logs/job_progress_overview.<time>.txt           scheduling and progress
logs/job_result.txt                             how the job ended, and why it failed
logs/job_error.<time>.txt                       errors in loading the entry script, in init() and in run()
logs/user/error.txt                             the same, one line each
logs/user/error/<node>/<process>.txt            the same, with full stack traces, by node and process
logs/user/stdout/, logs/user/stderr/            the entry script's output, by node and process
logs/user/entry_script_log/                     its messages to EntryScript().logger
logs/sys/master_role.txt                        the orchestrator's view
logs/sys/node/<node>/<process>.txt              the mini-batches of each process: counts and times
logs/sys/job_report/processed_mini-batches.csv  every try of every mini-batch
"""


def timestamp(moment: datetime | None = None) -> str:
    """Return a moment in UTC (now) as the service's logs have it: ISO 8601 with microseconds, without a zone."""
    return (moment or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


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
    """The log files of a job (parent run) and of its step (child run); for the event loop, one call at a time.

    ``code`` is the folder of the code snapshot, which stack traces name as the service does.
    """

    blobs: BlobStore
    records: RunRecords
    account: str
    parent: str
    child: str
    folder: Path
    code: Path
    _waiting: dict[str, list[str]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
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
        """Append text to a log file; it is on disk after the next ``mirror``."""
        self._waiting.setdefault(path, []).append(text)

    def execution(self, text: str) -> None:
        """Add a line to the parent's log, which ``jobs.stream`` shows."""
        self.write(EXECUTION, f"[{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}] {text}\n")

    def standard(self, text: str) -> None:
        """Add a line to the driver's output."""
        self.write(STANDARD, f"{text}\n")

    def progress(self, text: str) -> None:
        """Add a line to the progress overview."""
        self.write(f"logs/job_progress_overview.{self._started}.txt", f"{timestamp()} {text}\n")

    def master(self, level: str, text: str) -> None:
        """Add a line to the orchestrator's log."""
        self.write("logs/sys/master_role.txt", _system_line("master", level, text))

    def node(self, node: int, name: str, text: str) -> None:
        """Add a line to the log of a process, or of the node (``_main``)."""
        self.write(f"logs/sys/node/{node}/{name}.txt", _system_line(name, "INFO", text))

    def script_error(self, node: int, name: str, trace: str) -> None:
        """Record an error of the entry script: its trace for the job and the process, its last line in the summary."""
        now, path = timestamp(), self.errors
        there = f"/mnt/azureml/cr/j/{self.child}/exe/wd"
        trace = trace.rstrip().replace(f"{self.code}/", f"{there}/").replace(f"{DRIVER.parent}/", f"{there}/driver/")
        if path not in self._told:
            self._told.add(path)
            self.write(
                path,
                f"{now} This file shows errors in loading, calling init() and calling run() of the entry script. An"
                ' error here may not impact the job result. Please check "job_result.txt" for the job result.\n',
            )
        self.write(path, f"{now} The {name} on node {node} failed with error: {trace}\n")
        self.write("logs/user/error.txt", f"{now} {name} on node {node}: {trace.splitlines()[-1]}\n")
        self.write(f"logs/user/error/{node}/{name}.txt", f"{now} {trace}\n")

    @property
    def errors(self) -> str:
        """The name of the log of the entry script's errors."""
        return f"logs/job_error.{self._started}.txt"

    async def mirror(self, *, whole: bool = False) -> None:
        """Write what waits, and copy changes into the artifact store; long files only with ``whole``, at the end."""
        waiting, self._waiting = self._waiting, {}
        changed = await asyncio.to_thread(self._send, waiting, whole)
        for run in (self.parent, self.child):
            fresh = {
                path: (self.account, ARTIFACT_CONTAINER, artifact_blob(run, path))
                for path in changed
                if self._run_of(path) == run
            }
            found = self.records.get(run) if fresh else None
            if found is not None:
                self.records.update(run, logs={**found.logs, **fresh})

    def _run_of(self, path: str) -> str:
        return self.parent if path == EXECUTION else self.child

    def _send(self, waiting: Mapping[str, list[str]], whole: bool) -> list[str]:
        """Write lines, and copy changed files to blobs; return those that were copied for the first time."""
        for path, lines in waiting.items():
            with self.file(path).open("a", encoding="utf-8") as out:
                out.writelines(lines)
        fresh = []
        for file, path in Tree.of(self.folder).files:
            try:
                status = file.stat()
            except FileNotFoundError:  # the script removed it
                continue
            state = (status.st_size, status.st_mtime_ns)
            if self._sent.get(path) == state or (status.st_size > _LIVE_LIMIT and not whole) or not status.st_size:
                continue
            run = self._run_of(path)
            # The storage account may be deleted while a job runs.
            with contextlib.suppress(FileNotFoundError, KeyError):
                self.blobs.copy(self.account, ARTIFACT_CONTAINER, artifact_blob(run, path), file)
            if path not in self._sent:
                fresh.append(path)
            self._sent[path] = state
        return fresh


def _system_line(logger: str, level: str, text: str) -> str:
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%d %H:%M:%S},{now.microsecond // 1000:03d}|{logger}|{level}|{os.getpid()}|{text}\n"
