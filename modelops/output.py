"""Drops what the SDK prints, in the threads that call it; what other threads print goes where it always does."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TextIO

_is_dropped: Final = ContextVar("is output dropped", default=False)


class _Output:
    """Stands in for standard output or standard error while any thread's output is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write, unless this thread's output is dropped."""
        return len(text) if _is_dropped.get() else self.stream.write(text)

    def writelines(self, lines: Any) -> None:
        """Write them, unless this thread's output is dropped."""
        for each in lines:
            self.write(each)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _Streams:
    """Exchanges both streams for the first thread, and puts them back after the last one."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._users = 0

    def take(self) -> None:
        with self._changing:
            if not self._users:
                sys.stdout, sys.stderr = _Output(sys.stdout), _Output(sys.stderr)
            self._users += 1

    def give_back(self) -> None:
        with self._changing:
            self._users -= 1
            if not self._users:
                sys.stdout, sys.stderr = _original(sys.stdout), _original(sys.stderr)


_streams: Final = _Streams()


def _original(stream: Any) -> TextIO:
    return stream.stream if isinstance(stream, _Output) else stream


@contextmanager
def dropped() -> Iterator[None]:
    """Drop what this thread prints inside, and what the threads print that it starts with its context variables.

    Only what is printed to `sys.stdout` and `sys.stderr`: a log that was opened before is written as before. Several
    threads may do this at the same time, in any order.
    """
    before = _is_dropped.set(True)
    _streams.take()
    try:
        yield
    finally:
        _streams.give_back()
        _is_dropped.reset(before)
