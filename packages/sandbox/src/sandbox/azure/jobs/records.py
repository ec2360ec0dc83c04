"""The records of runs: one document for each job (parent run) and for each of its steps (child runs).

The machine learning service makes both records when it accepts a job and reads them for every answer about it; the
runner moves them on. A record is a plain mapping with the member names of the run history service:

``runId``, ``parentRunId`` (None for a job), ``rootRunId``, ``workspaceId`` (ARM id), ``workspaceGuid``,
``experimentName``, ``endpoint``, ``deployment``, ``displayName``, ``runType``, ``status``, ``createdUtc``,
``startTimeUtc``, ``endTimeUtc`` (ISO 8601 or None), ``error`` (None or ``{"code", "message"}``), ``properties`` and
``tags`` (text to text), ``logs`` (path as users see it, for example ``logs/azureml/executionlogs.txt``, to
``[account, container, blob]``), ``metrics`` (name: number), ``outputs`` (name to ``azureml://`` URI) and ``job`` (what
was asked for, as the service answers it).
"""

from typing import Any

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

Record = dict[str, Any]


class RunRecords:
    """The run records in a sandbox's store. Ids compare without case."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, record: Record) -> Record:
        """Add a record; members that are not given get their empty value, ``createdUtc`` the present."""
        empty: Record = {
            "parentRunId": None,
            "rootRunId": record["runId"],
            "status": "NotStarted",
            "createdUtc": now_iso(),
            "startTimeUtc": None,
            "endTimeUtc": None,
            "error": None,
            "properties": {},
            "tags": {},
            "logs": {},
            "metrics": {},
            "outputs": {},
        }
        whole = empty | record
        self._store.put_document(KIND, whole["runId"], whole)
        return whole

    def get(self, run_id: str) -> Record | None:
        """Return a run's record, or None."""
        found: Record | None = self._store.document(KIND, run_id)
        return found

    def children(self, run_id: str) -> list[Record]:
        """Return the records of a run's steps, oldest first."""
        return [record for record in self._all() if (record["parentRunId"] or "").lower() == run_id.lower()]

    def jobs(self, workspace_id: str) -> list[Record]:
        """Return the records of a workspace's jobs (parent runs), newest first."""
        own = (record for record in self._all() if record["parentRunId"] is None)
        mine = [record for record in own if record["workspaceId"].lower() == workspace_id.lower()]
        return mine[::-1]

    def unfinished(self) -> list[Record]:
        """Return the jobs (parent runs) that have not ended, oldest first: those that a killed server left."""
        return [record for record in self._all() if record["parentRunId"] is None and record["status"] not in TERMINAL]

    def update(self, run_id: str, **members: Any) -> Record:
        """Replace members of a record.

        Raises:
            KeyError: there is no such run.
            ValueError: ``status`` is not one of ``STATES``.
        """
        record = self.get(run_id)
        if record is None:
            raise KeyError(run_id)
        if members.get("status", "Running") not in STATES:
            msg = f"'{members['status']}' is no state of a run; allowed: {', '.join(sorted(STATES))}"
            raise ValueError(msg)
        record |= members
        self._store.put_document(KIND, run_id, record)
        return record

    def start(self, run_id: str) -> Record:
        """Mark a run as Running, from now."""
        return self.update(run_id, status="Running", startTimeUtc=now_iso())

    def finish(self, run_id: str, status: str, error: dict[str, str] | None = None) -> Record:
        """End a run: ``Completed``, ``Failed`` with ``error`` = code and message, or ``Canceled``."""
        return self.update(run_id, status=status, endTimeUtc=now_iso(), error=error)

    def add_log(self, run_id: str, path: str, account: str, container: str, blob: str) -> None:
        """Name the blob that holds one of the run's log files; done once for each file, however often it grows."""
        record = self.get(run_id)
        if record is None:
            raise KeyError(run_id)
        self.update(run_id, logs=record["logs"] | {path: [account, container, blob]})

    def _all(self) -> list[Record]:
        records = [record for _, record in self._store.documents(KIND)]
        return sorted(records, key=lambda record: record["createdUtc"])
