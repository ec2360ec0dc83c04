"""A full disk: found early where bytes arrive, and recognised everywhere.

The server refuses to write while less than ``RESERVE_BYTES`` are free, because Pulumi keeps its state on the same disk,
and empties the state file if it cannot write it. A file that is set aside to be deleted when the disk is full would
come too late: the engine is another process, and its state is gone before the sandbox knows.
"""

import errno
import os
import shutil
import sqlite3
from pathlib import Path

RESERVE_BYTES = 32 << 20
"""What the server leaves free for the state of stacks, its copies, and the server's own records."""

LEAST_BYTES = 8 << 20
"""With less, no command starts: what it changes could not be recorded."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SQLITE_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})


def require(folder: Path, size: int = 0, *, left: int = RESERVE_BYTES) -> None:
    """Refuse to write ``size`` bytes if fewer than ``left`` would be free afterwards.

    Raises:
        OSError: ENOSPC.
    """
    if shutil.disk_usage(folder).free < size + left:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def is_full(error: BaseException) -> bool:
    """Whether an error says that the disk, a quota or a limit is used up."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) in _SQLITE_FULL
    return isinstance(error, OSError) and error.errno in _FULL


def told(folder: Path) -> str:
    """Return the sentences for users; ``folder`` is on the disk."""
    free, kept = shutil.disk_usage(folder).free >> 20, RESERVE_BYTES >> 20
    return (
        f"The disk of '{folder}' is full: {free} MB are free, and the last {kept} MB are for the state of stacks."
        " What was stored before is unchanged. Free space on the disk, then run the command again."
    )
