"""The sandbox's state: resources by ARM id, other documents, and the journal of requests and of the work they caused.

One SQLite file (``database``), written from the server's event loop only.
"""

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from sandbox.azure.arm.database import opened, transaction
from sandbox.azure.arm.ids import ArmId

_SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
  key TEXT PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, parent TEXT NOT NULL,
  body TEXT NOT NULL, private TEXT NOT NULL, created REAL NOT NULL, modified REAL NOT NULL, deleted REAL);
CREATE INDEX IF NOT EXISTS resources_by_parent ON resources (parent, type);
CREATE INDEX IF NOT EXISTS resources_by_type ON resources (type);
CREATE TABLE IF NOT EXISTS documents (kind TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (kind, key));
CREATE INDEX IF NOT EXISTS documents_by_parentRunId ON documents (
  kind, json_extract(value, '$.parentRunId') COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS documents_by_workspaceId ON documents (
  kind, json_extract(value, '$.workspaceId') COLLATE NOCASE);
CREATE TABLE IF NOT EXISTS journal (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, entry TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS work (number INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL);
"""

MOST_ROWS = 20_000
"""How many requests, and how many pieces of work, the journal keeps at least; up to ``_DROPPED_ROWS`` more."""
_DROPPED_ROWS = 1000


def now_iso() -> str:
    """Return the current time in ARM's format (UTC, microseconds, ``Z``)."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(slots=True)
class Resource:
    """A stored resource: ``body`` is the answer to a GET, ``private`` is never returned; times are Unix seconds."""

    id: str
    type: str
    body: dict[str, Any]
    private: dict[str, Any] = field(default_factory=dict)
    created: float = 0.0
    modified: float = 0.0
    deleted: float | None = None

    @property
    def name(self) -> str:
        """The last segment of the id."""
        return ArmId.parse(self.id).name


def _resource(row: tuple[Any, ...]) -> Resource:
    return Resource(row[0], row[1], json.loads(row[2]), json.loads(row[3]), row[4], row[5], row[6])


_COLUMNS = "id, type, body, private, created, modified, deleted"


class Store:
    """Resources, documents and the journal of one sandbox. Ids are case-insensitive everywhere."""

    def __init__(self, file: Path) -> None:
        self.folder = file.parent
        self._db = opened(file, _SCHEMA)

    def close(self) -> None:
        """Close the file; the store is unusable afterwards."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Run all writes inside as one transaction; an exception undoes them. Transactions can be nested."""
        if self._db.in_transaction:
            yield
            return
        with transaction(self._db):
            yield

    # Resources ------------------------------------------------------------------------------------------------------

    def get(self, resource_id: str) -> Resource | None:
        """Return the live resource with this id, or None (also if it is soft-deleted)."""
        return self._one("key = ? AND deleted IS NULL", (resource_id.lower(),))

    def get_soft_deleted(self, resource_id: str) -> Resource | None:
        """Return the soft-deleted resource that still holds this id, or None."""
        return self._one("key = ? AND deleted IS NOT NULL", (resource_id.lower(),))

    def put(
        self, resource_id: str, type_: str, body: dict[str, Any], private: dict[str, Any] | None = None
    ) -> Resource:
        """Create or replace a resource; an existing one keeps its creation time and, if not given, ``private``."""
        now = time.time()
        old = self.get(resource_id)
        if old is not None and private is None:
            private = old.private
        created = old.created if old else now
        self._db.execute(
            "INSERT OR REPLACE INTO resources (key, parent, id, type, body, private, created, modified, deleted)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                resource_id.lower(),
                str(ArmId.parse(resource_id).parent).lower(),
                resource_id,
                type_,
                json.dumps(body),
                json.dumps(private or {}),
                created,
                now,
            ),
        )
        return Resource(resource_id, type_, body, private or {}, created, now)

    def delete(self, resource_id: str) -> None:
        """Remove a resource (also a soft-deleted one) and everything live below it, if it exists.

        Soft-deleted resources below keep their names taken, like in Azure when a resource group is deleted.
        """
        key = resource_id.lower()
        self._db.execute("DELETE FROM resources WHERE key = ?", (key,))
        self._db.execute(
            "DELETE FROM resources WHERE substr(key, 1, ?) = ? AND deleted IS NULL", (len(key) + 1, key + "/")
        )

    def soft_delete(self, resource_id: str) -> None:
        """Hide a resource but keep its name taken (``get_soft_deleted``); everything below it is removed."""
        key = resource_id.lower()
        self._db.execute("DELETE FROM resources WHERE substr(key, 1, ?) = ?", (len(key) + 1, key + "/"))
        self._db.execute("UPDATE resources SET deleted = ? WHERE key = ?", (time.time(), key))

    def children(self, scope_id: str, type_: str) -> list[Resource]:
        """Return the live resources of a type directly below ``scope_id``, oldest first."""
        return self._many("parent = ? AND type = ? COLLATE NOCASE AND deleted IS NULL", (scope_id.lower(), type_))

    def below(self, scope_id: str, type_: str | None = None) -> list[Resource]:
        """Return the live resources at any depth below ``scope_id`` ("" = everywhere), of one type or all."""
        key = scope_id.lower().rstrip("/")
        where, values = "substr(key, 1, ?) = ? AND deleted IS NULL", [len(key) + 1, key + "/"]
        if type_ is not None:
            where, values = where + " AND type = ? COLLATE NOCASE", [*values, type_]
        return self._many(where, tuple(values))

    def of_type(self, type_: str) -> list[Resource]:
        """Return every live resource of a type, in the services' spelling; cheaper than ``below("", type_)``."""
        return self._many("type = ? AND deleted IS NULL", (type_,))

    def soft_deleted(self) -> list[Resource]:
        """Return every soft-deleted resource."""
        return self._many("deleted IS NOT NULL", ())

    def _one(self, where: str, values: tuple[Any, ...]) -> Resource | None:
        row = self._db.execute(f"SELECT {_COLUMNS} FROM resources WHERE {where}", values).fetchone()  # noqa: S608
        return None if row is None else _resource(row)

    def _many(self, where: str, values: tuple[Any, ...]) -> list[Resource]:
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM resources WHERE {where} ORDER BY created, key",  # noqa: S608
            values,
        )
        return [_resource(row) for row in rows]

    # Documents ------------------------------------------------------------------------------------------------------

    def document(self, kind: str, key: str) -> Any:
        """Return a document (for example a run's record), or None. Keys are case-insensitive."""
        row = self._db.execute("SELECT value FROM documents WHERE kind = ? AND key = ?", (kind, key.lower())).fetchone()
        return None if row is None else json.loads(row[0])

    def put_document(self, kind: str, key: str, value: Any) -> None:
        """Create or replace a document; ``value`` is any JSON value."""
        self._db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (kind, key.lower(), json.dumps(value)))

    def delete_document(self, kind: str, key: str) -> None:
        """Remove a document, if it exists."""
        self._db.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key.lower()))

    def documents(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Yield (lower-case key, value) of every document of a kind, in the order of the keys."""
        rows = self._db.execute("SELECT key, value FROM documents WHERE kind = ? ORDER BY key", (kind,)).fetchall()
        yield from ((key, json.loads(value)) for key, value in rows)

    def documents_with(self, kind: str, member: Literal["parentRunId", "workspaceId"], value: str) -> list[Any]:
        """Return the documents of a kind whose member has a value, in the order of the keys; case does not count."""
        # Named, because SQLite would take the keys' index, for the order, and read every document of the kind.
        rows = self._db.execute(
            f"SELECT value FROM documents INDEXED BY documents_by_{member} WHERE kind = ?"  # noqa: S608 - names of ours
            f" AND json_extract(value, '$.{member}') COLLATE NOCASE = ? ORDER BY key",
            (kind, value),
        )
        return [json.loads(row[0]) for row in rows]

    # Journal --------------------------------------------------------------------------------------------------------

    def journal_begin(self, entry: dict[str, Any]) -> int:
        """Record a request that arrived and return its sequence number (from 1, never reused)."""
        return self._add("journal", "(at, entry) VALUES (?, ?)", time.time(), json.dumps(entry))

    def journal_end(self, sequence: int, **outcome: Any) -> None:
        """Add the outcome (``status``, ``milliseconds``, ...) to a recorded request."""
        self._db.execute(
            "UPDATE journal SET entry = json_patch(entry, ?) WHERE sequence = ?", (json.dumps(outcome), sequence)
        )

    def journal(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the entries after a sequence number; each has ``sequence`` and ``at`` (Unix seconds)."""
        rows = self._db.execute(
            "SELECT sequence, at, entry FROM journal WHERE sequence > ? ORDER BY sequence", (after,)
        )
        return [{"sequence": sequence, "at": at, **json.loads(entry)} for sequence, at, entry in rows]

    def work_begin(self, entry: dict[str, Any]) -> int:
        """Record that a service works on something (``ServiceTime.begin``) and return its number (from 1)."""
        return self._add("work", "(entry) VALUES (?)", json.dumps(entry))

    def _add(self, table: Literal["journal", "work"], row: str, *values: Any) -> int:
        """Add a row and return its number; of the oldest, drop what is beyond the limit, some at a time."""
        number = int(self._db.execute(f"INSERT INTO {table} {row}", values).lastrowid or 0)
        if number % _DROPPED_ROWS == 0:
            key = "sequence" if table == "journal" else "number"
            self._db.execute(f"DELETE FROM {table} WHERE {key} <= ?", (number - MOST_ROWS,))  # noqa: S608
        return number

    def work_end(self, number: int, ended: float) -> None:
        """Record when work ended, in Unix seconds."""
        self._db.execute("UPDATE work SET entry = json_set(entry, '$.ended', ?) WHERE number = ?", (ended, number))

    def work(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the work after a number, each with its ``number``, in the order of its begin."""
        rows = self._db.execute("SELECT number, entry FROM work WHERE number > ? ORDER BY number", (after,))
        return [{"number": number, **json.loads(entry)} for number, entry in rows]
