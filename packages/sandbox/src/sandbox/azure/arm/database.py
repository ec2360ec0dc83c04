"""The SQLite files of a sandbox: in WAL mode, so that neither ``kill -9`` nor a full disk damages them.

When a call returns, the operating system has the write. A write that finds the disk full changes nothing.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class DamagedError(Exception):
    """A file is not what SQLite wrote; the text names it and says what to do."""


def opened(file: Path, schema: str) -> sqlite3.Connection:
    """Open a file and create what is missing of its schema.

    Raises:
        DamagedError: another program has written to it, or the disk has lost a part.
        sqlite3.Error: the disk is full.
    """
    database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.executescript(schema)
    except sqlite3.Error as error:
        database.close()
        if error.sqlite_errorcode not in _DAMAGED:
            raise
        raise DamagedError(
            f"'{file}' is damaged ({error}), and nothing else has its content. Bring it back from a copy of yours, with"
            " its files -wal and -shm, or empty the sandbox: python -m sandbox reset"
        ) from None
    return database


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Run all writes inside as one transaction; an exception undoes them, also one that the commit itself raises."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:  # SQLite has undone some by itself
            database.execute("ROLLBACK")
        raise
