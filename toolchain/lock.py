"""A file lock, shared by checkouts or by runs of make; it is released when its process ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain.places import say


@contextmanager
def held(file: Path, work: str) -> Iterator[None]:
    """Hold the lock of `file`, which is created if missing; wait, and say so, while another process does `work`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run of make, which is {work}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
