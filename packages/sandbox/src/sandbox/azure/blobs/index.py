"""The index of containers and blobs, and the files with their bytes: one SQLite file, written last.

A blob exists if its row exists. The bytes are written to new files first, so a process that is killed at any point
leaves either the old or the new blob, and perhaps unused files (``BlobStore`` removes them when it starts).
"""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.azure.arm.database import opened, transaction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS containers (
  account TEXT, name TEXT, created REAL NOT NULL, etag TEXT NOT NULL, metadata TEXT NOT NULL,
  PRIMARY KEY (account, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blobs (
  account TEXT, container TEXT, name TEXT, entry TEXT NOT NULL, PRIMARY KEY (account, container, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocks (
  account TEXT, container TEXT, blob TEXT, id TEXT, file TEXT NOT NULL, size INTEGER NOT NULL,
  PRIMARY KEY (account, container, blob, id)) WITHOUT ROWID;
"""
_PAGE = 500
_counter = 0
_counter_lock = threading.Lock()


def new_etag() -> str:
    """Return a new entity tag in the service's format."""
    global _counter  # noqa: PLW0603 - two writes within one tick of the clock still get different tags
    with _counter_lock:
        _counter = max(_counter + 1, time.time_ns() // 100)
        return f'"0x{_counter:X}"'


@dataclass(frozen=True, slots=True)
class Container:
    """A container; ``created`` is in Unix seconds."""

    account: str
    name: str
    created: float
    etag: str
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class Blob:
    """A committed block blob.

    ``parts`` are (file name in the container's folder, size) in order; ``md5`` is base64 or ""; ``settings`` are the
    content headers of a GET (``content-type``, ...); ``blocks`` are the (id, size) of the last block list, so that it
    can be sent again.
    """

    account: str
    container: str
    name: str
    parts: tuple[tuple[str, int], ...]
    md5: str
    etag: str
    created: float
    modified: float
    settings: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    blocks: tuple[tuple[str, int], ...] = ()

    @property
    def size(self) -> int:
        """The length in bytes."""
        return sum(size for _, size in self.parts)


_MEMBERS = ("parts", "md5", "etag", "created", "modified", "settings", "metadata", "blocks")


def _container(row: tuple[Any, ...]) -> Container:
    account, name, created, etag, metadata = row
    return Container(account, name, created, etag, json.loads(metadata))


def _blob(account: str, container: str, name: str, entry: str) -> Blob:
    members: dict[str, Any] = json.loads(entry)
    members["parts"] = tuple((file, size) for file, size in members["parts"])
    members["blocks"] = tuple((block, size) for block, size in members["blocks"])
    return Blob(account, container, name, **members)


class Index:
    """The index of one sandbox's blob storage; safe to use from several threads."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        self._db = opened(file, _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _run(self, sql: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def secret(self, name: str, fresh: bytes) -> bytes:
        """Return a stored secret; the first call stores ``fresh``."""
        self._run("INSERT OR IGNORE INTO secrets VALUES (?, ?)", name, fresh)
        return bytes(self._run("SELECT value FROM secrets WHERE name = ?", name)[0][0])

    # Containers -----------------------------------------------------------------------------------------------------

    def container(self, account: str, name: str) -> Container | None:
        """Return a container or None."""
        rows = self._run("SELECT * FROM containers WHERE account = ? AND name = ?", account, name)
        return _container(rows[0]) if rows else None

    def containers(self, account: str | None = None) -> list[Container]:
        """Return the containers of an account, or of all, by name."""
        rows = self._run(
            "SELECT * FROM containers WHERE account = coalesce(?, account) ORDER BY account, name", account
        )
        return [_container(row) for row in rows]

    def add_container(self, container: Container) -> bool:
        """Add a container; False if it already existed."""
        row = (container.account, container.name, container.created, container.etag, json.dumps(container.metadata))
        return bool(self._run("INSERT OR IGNORE INTO containers VALUES (?, ?, ?, ?, ?) RETURNING 1", *row))

    def remove_container(self, account: str, name: str) -> bool:
        """Remove a container with its blobs and blocks; False if it did not exist."""
        with self._lock, transaction(self._db):
            there = self._run("DELETE FROM containers WHERE account = ? AND name = ? RETURNING 1", account, name)
            for table in ("blobs", "blocks"):
                self._db.execute(f"DELETE FROM {table} WHERE account = ? AND container = ?", (account, name))  # noqa: S608
        return bool(there)

    # Blobs ----------------------------------------------------------------------------------------------------------

    def blob(self, account: str, container: str, name: str) -> Blob | None:
        """Return a blob or None."""
        where = "account = ? AND container = ? AND name = ?"
        rows = self._run(f"SELECT * FROM blobs WHERE {where}", account, container, name)  # noqa: S608
        return _blob(*rows[0]) if rows else None

    def blobs(self, account: str, container: str, prefix: str = "", after: str | None = None) -> Iterator[Blob]:
        """Yield the blobs whose name starts with ``prefix``, ordered by UTF-8 bytes, after the name ``after``."""
        for name, entry in self._entries(account, container, prefix, after):
            yield _blob(account, container, name, entry)

    def names(self, account: str, container: str, prefix: str = "") -> list[str]:
        """Return the names of the blobs that start with ``prefix``, in the same order."""
        return [name for name, _ in self._entries(account, container, prefix)]

    def _entries(
        self, account: str, container: str, prefix: str, after: str | None = None
    ) -> Iterator[tuple[str, str]]:
        last, operator = (prefix, ">=") if after is None or after < prefix else (after, ">")
        where = "account = ? AND container = ? AND name"
        while True:
            sql = f"SELECT name, entry FROM blobs WHERE {where} {operator} ? ORDER BY name LIMIT {_PAGE}"  # noqa: S608
            rows = self._run(sql, account, container, last)
            for name, entry in rows:
                if not name.startswith(prefix):
                    return
                yield name, entry
            if len(rows) < _PAGE:
                return
            last, operator = rows[-1][0], ">"

    def put_blob(self, blob: Blob, *, replacing: Blob | None, forget_blocks: bool = True) -> bool:
        """Store a blob; False (without any change) unless ``replacing`` is the stored blob and the container exists.

        With ``forget_blocks``, drop the uncommitted blocks of the name, as after every commit.
        """
        key = (blob.account, blob.container, blob.name)
        with self._lock, transaction(self._db):
            current = self.blob(*key)
            unchanged = (current and current.etag) == (replacing and replacing.etag)
            done = unchanged and self.container(blob.account, blob.container) is not None
            if done:
                entry = json.dumps({name: getattr(blob, name) for name in _MEMBERS})
                self._db.execute("INSERT OR REPLACE INTO blobs VALUES (?, ?, ?, ?)", (*key, entry))
                if forget_blocks:
                    self._db.execute("DELETE FROM blocks WHERE account = ? AND container = ? AND blob = ?", key)
        return done

    def remove_blob(self, account: str, container: str, name: str) -> None:
        """Remove a blob and its uncommitted blocks."""
        with self._lock, transaction(self._db):
            for table, column in (("blobs", "name"), ("blocks", "blob")):
                self._db.execute(
                    f"DELETE FROM {table} WHERE account = ? AND container = ? AND {column} = ?",  # noqa: S608
                    (account, container, name),
                )

    # Uncommitted blocks ---------------------------------------------------------------------------------------------

    def blocks(self, account: str, container: str, blob: str) -> dict[str, tuple[str, int]]:
        """Return the uncommitted blocks of a blob: id to (file, size)."""
        where = "account = ? AND container = ? AND blob = ?"
        rows = self._run(f"SELECT id, file, size FROM blocks WHERE {where}", account, container, blob)  # noqa: S608
        return {block: (file, size) for block, file, size in rows}

    def put_block(self, account: str, container: str, blob: str, block: str, part: tuple[str, int]) -> str | None:
        """Store an uncommitted block; return the file of an earlier one with the same id."""
        with self._lock:
            old = self._run(
                "SELECT file FROM blocks WHERE account = ? AND container = ? AND blob = ? AND id = ?",
                *(account, container, blob, block),
            )
            self._db.execute(
                "INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?)", (account, container, blob, block, *part)
            )
        return old[0][0] if old else None

    def files(self, account: str, container: str) -> set[str]:
        """Return the names of all files that a container's blobs and blocks use."""
        rows = self._run("SELECT file FROM blocks WHERE account = ? AND container = ?", account, container)
        return {row[0] for row in rows} | {file for blob in self.blobs(account, container) for file, _ in blob.parts}
