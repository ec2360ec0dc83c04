"""A progress line with an estimate of the time that is left."""

import sys
import threading
import time
from types import TracebackType
from typing import Self, TextIO

LINE_SECONDS = 15.0
"""How often a line is printed where there is no terminal to update one on."""
TICK_SECONDS = 1.0


class Progress:
    """Count steps of a known total; use it in a `with` statement.

    On a terminal one line is updated every second. Elsewhere a line comes every `LINE_SECONDS`.
    """

    def __init__(self, title: str, *, total: int, stream: TextIO | None = None) -> None:
        """Start at none of `total`; the clock starts with the `with` block."""
        self._title, self._total, self._done = title, max(total, 1), 0
        self._stream = stream or sys.stdout
        self._terminal = self._stream.isatty()
        self._over = threading.Event()
        self._started = 0.0
        self._printer = threading.Thread(target=self._print_regularly, daemon=True)

    def advance(self) -> None:
        """Count one more step."""
        self._done = min(self._done + 1, self._total)

    def line(self, seconds: float) -> str:
        """Return the text after `seconds` seconds."""
        share = self._done / self._total
        text = f"{self._title} {share:4.0%} ({self._done} of {self._total} packages, {_minutes(seconds)}"
        if share == 1:
            return text + ", linking)"
        left = _seconds_left(share, seconds)
        return text + (f", about {_minutes(left)} left)" if left is not None else ")")

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        self._printer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._printer.join()
        if self._terminal:
            self._stream.write("\n")
            self._stream.flush()

    def _print_regularly(self) -> None:
        while not self._over.wait(TICK_SECONDS if self._terminal else LINE_SECONDS):
            line = self.line(time.monotonic() - self._started)
            self._stream.write(f"\r\x1b[2K{line}" if self._terminal else f"{line}\n")
            self._stream.flush()


_FIRST_SHARE = 0.05


def _seconds_left(share: float, seconds: float) -> float | None:
    """Estimate the time left; None before there is anything to go by."""
    if share < _FIRST_SHARE:
        return None
    return seconds / share - seconds


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"
