"""What ends any command with a sentence: a full disk, and a damaged database."""

import contextlib
import sqlite3
from collections.abc import Iterator

from sandbox.azure.arm import disk
from sandbox.azure.arm.database import DamagedError
from sandbox.home import Home


@contextlib.contextmanager
def told(home: Home) -> Iterator[None]:
    """Turn both into the command's last words.

    Raises:
        SystemExit: one of them happened inside.
    """
    try:
        yield
    except DamagedError as error:
        raise SystemExit(f"sandbox: {error}") from None
    except (OSError, sqlite3.Error) as error:
        if not disk.is_full(error) or not home.root.exists():
            raise
        raise SystemExit(f"sandbox: {disk.told(home.root)}") from None
