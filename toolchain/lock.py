"""One at a time: a lock on a file, shared by checkouts or by runs of make in one; it dies with its process."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain.places import say


@contextmanager
def held(file: Path, work: str) -> Iterator[None]:
    """Hold the lock of `file`, made empty if it is not there; wait, and say so, while another process does `work`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run of make, which is {work}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
