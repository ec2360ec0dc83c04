"""One at a time: a lock that checkouts of the same user share, and that dies with its process."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain.places import say


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the lock of `folder`, which is made if need be; wait for another process that holds it, and say so."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run of make that works in {folder}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
