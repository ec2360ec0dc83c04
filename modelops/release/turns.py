"""Steps of one process that must not run at the same time, such as changes of the same resource."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_LOOK_SECONDS: Final = 1.0
"""Pause between two looks whether the one who waits was told to stop."""

_locks: Final[dict[str, threading.Lock]] = {}


@contextmanager
def turn(key: str, wait: Callable[[float], None]) -> Iterator[None]:
    """Wait until no other code of this process is inside with the same key.

    Args:
        key: what is changed.
        wait: see `Context.wait`.

    Raises:
        Stopped: this release was told to stop.
    """
    lock = _locks.setdefault(key, threading.Lock())
    while not lock.acquire(timeout=_LOOK_SECONDS):
        wait(0)
    try:
        yield
    finally:
        lock.release()
