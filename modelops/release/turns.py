"""Turns of one process: steps that must not run at the same time, or only so many of them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

_LOOK_SECONDS: Final = 1.0
"""Pause between two looks whether the one who waits was told to stop."""

_locks: Final[dict[str, threading.Lock]] = {}


def turn(key: str, wait: Callable[[float], None]) -> AbstractContextManager[None]:
    """Wait until no other code of this process is inside with the same key.

    Args:
        key: what is changed.
        wait: see `Context.wait`.

    Raises:
        Stopped: this release was told to stop.
    """
    return taken(_locks.setdefault(key, threading.Lock()), wait)


@contextmanager
def taken(
    place: "threading.Lock | threading.Semaphore",
    wait: Callable[[float], None],
    on_wait: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Wait until there is a place, and hold it.

    Args:
        place: a lock, or a semaphore for as many places as it counts.
        wait: see `Context.wait`.
        on_wait: called once, if there is no place yet.

    Raises:
        Stopped: this release was told to stop.
    """
    if not place.acquire(blocking=False):
        on_wait()
        while not place.acquire(timeout=_LOOK_SECONDS):
            wait(0)
    try:
        yield
    finally:
        place.release()
