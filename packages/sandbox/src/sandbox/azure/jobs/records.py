"""The records of runs: one document per job (parent run) and per step (child run).

The machine learning service creates both records when it accepts a job and reads them for every answer about it; the
runner updates them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from sandbox.azure.arm.store import Store, now_iso

KIND = "run"

TERMINAL = frozenset({"Completed", "Failed", "Canceled", "NotResponding", "Paused"})
"""The states after which a client stops waiting."""

STATES = TERMINAL | {
    "NotStarted",
    "Starting",
    "Provisioning",
    "Preparing",
    "Queued",
    "Running",
    "Finalizing",
    "CancelRequested",
    "Unknown",
}
"""Every state of a run (the service's JobStatus)."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run. Its document has the member names of the run history service: ``run_id`` is ``runId``.

    ``parent_run_id`` is None for a job; ``workspace_id`` is an ARM id; times are ISO 8601. ``error`` is code and
    message. ``logs`` are user-visible paths, for example ``logs/azureml/executionlogs.txt``, with (account, container,
    blob); ``outputs`` names with ``azureml://`` URIs; ``job`` is the request, as the service returns it. ``created_by``
    and ``modified_by`` have the members of the run history's users: ``userObjectId``, ``userTenantId``, ``userName``.
    """

    run_id: str
    root_run_id: str
    workspace_id: str
    parent_run_id: str | None = None
    workspace_guid: str = ""
    experiment_name: str = ""
    endpoint: str = ""
    deployment: str = ""
    display_name: str = ""
    description: str | None = None
    run_type: str = ""
    status: str = "NotStarted"
    created_utc: str = field(default_factory=now_iso)
    start_time_utc: str | None = None
    end_time_utc: str | None = None
    modified_utc: str | None = None
    created_by: Mapping[str, str] = field(default_factory=dict)
    modified_by: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, str] | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    logs: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    job: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote; members that are missing in a document of an older sandbox get their default.

        Raises:
            TypeError: it has no ids.
        """
        members: dict[str, Any] = {name: document[member] for name, member in _MEMBERS.items() if member in document}
        logs = document.get("logs", {})
        members["logs"] = {path: (account, container, blob) for path, (account, container, blob) in logs.items()}
        return cls(**members)

    def to_json(self) -> dict[str, Any]:
        """Return the document."""
        return {member: getattr(self, name) for name, member in _MEMBERS.items()}


_MEMBERS = {each.name: re.sub(r"_(\w)", lambda match: match[1].upper(), each.name) for each in fields(Run)}
"""Name of a field: of its member in a document."""


class RunRecords:
    """The run records in a sandbox's store. Ids are case-insensitive."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, run: Run) -> None:
        """Add a run."""
        self._store.put_document(KIND, run.run_id, run.to_json())

    def get(self, run_id: str) -> Run | None:
        """Return a run, or None."""
        found = self._store.document(KIND, run_id)
        return None if found is None else Run.from_json(found)

    def children(self, run_id: str) -> list[Run]:
        """Return a run's steps, oldest first."""
        return _oldest_first(self._store.documents_with(KIND, "parentRunId", run_id))

    def jobs(self, workspace_id: str) -> list[Run]:
        """Return a workspace's jobs (parent runs), newest first."""
        return [run for run in reversed(self.of_workspace(workspace_id)) if run.parent_run_id is None]

    def of_workspace(self, workspace_id: str) -> list[Run]:
        """Return a workspace's jobs and their steps, oldest first."""
        return _oldest_first(self._store.documents_with(KIND, "workspaceId", workspace_id))

    def unfinished(self) -> list[Run]:
        """Return the unfinished jobs (parent runs), oldest first: left by a killed server."""
        everything = _oldest_first(document for _, document in self._store.documents(KIND))
        return [run for run in everything if run.parent_run_id is None and run.status not in TERMINAL]

    def update(self, run_id: str, **members: Any) -> None:
        """Replace members of a run.

        Raises:
            KeyError: there is no such run.
            TypeError: a run has no such member.
            ValueError: ``status`` is not one of ``STATES``.
        """
        run = self.get(run_id)
        if run is None:
            raise KeyError(run_id)
        if members.get("status", "Running") not in STATES:
            msg = f"'{members['status']}' is not a state of a run; allowed: {', '.join(sorted(STATES))}"
            raise ValueError(msg)
        self._store.put_document(KIND, run_id, replace(run, **members).to_json())

    def start(self, run_id: str) -> None:
        """Mark a run as Running, from now."""
        self.update(run_id, status="Running", start_time_utc=now_iso())

    def finish(self, run_id: str, status: str, error: Mapping[str, str] | None = None) -> None:
        """End a run: ``Completed``, ``Failed`` with ``error`` = code and message, or ``Canceled``."""
        self.update(run_id, status=status, end_time_utc=now_iso(), error=error)

    def add_log(self, run_id: str, path: str, account: str, container: str, blob: str) -> None:
        """Record the blob of one of the run's log files; once per file, however often it grows.

        Raises:
            KeyError: there is no such run.
        """
        run = self.get(run_id)
        if run is None:
            raise KeyError(run_id)
        self.update(run_id, logs={**run.logs, path: (account, container, blob)})


def _oldest_first(documents: Iterable[Mapping[str, Any]]) -> list[Run]:
    return sorted((Run.from_json(each) for each in documents), key=lambda run: run.created_utc)
