"""A progress line with an estimate of the remaining time."""

import itertools
import sys
import threading
import time
from types import TracebackType
from typing import Self, TextIO

LINE_SECONDS = 15.0
"""Interval of lines if the output is not a terminal."""
TICK_SECONDS = 1.0

MILESTONES = [(0.0, 0.0), (0.31, 0.10), (0.51, 0.25), (0.71, 0.38), (0.90, 0.55), (0.915, 0.85), (1.0, 1.0)]
"""(share of finished packages, share of elapsed time), from a build of this CLI on 2 cores: near the end, a few
packages take a minute each."""
EARLIEST = 0.5
"""Share of the time that must have passed before the first estimate: other machines take another course at first."""


class Progress:
    """Count steps of a known total; use it in a `with` statement.

    On a terminal, one line is updated every second. Elsewhere, a line is printed every `LINE_SECONDS`.
    """

    def __init__(self, title: str, *, total: int, stream: TextIO | None = None) -> None:
        """Start at 0 of `total`; the clock starts with the `with` block."""
        self._title, self._total, self._done = title, max(total, 1), 0
        self._stream = stream or sys.stdout
        self._terminal = self._stream.isatty()
        self._over = threading.Event()
        self._started = 0.0
        self._whole_seconds: float | None = None
        self._printer = threading.Thread(target=self._print_regularly, daemon=True)

    def advance(self) -> None:
        """Count one more step, and estimate the total time."""
        self._done = min(self._done + 1, self._total)
        gone = time_share(self._done / self._total)
        if gone >= EARLIEST:
            self._whole_seconds = (time.monotonic() - self._started) / gone

    def line(self, seconds: float) -> str:
        """Return the text after `seconds` seconds."""
        text = f"{self._title} {self._done} of {self._total} packages, {rounded(seconds)} so far"
        if self._done == self._total:
            return f"{text}, linking"
        if self._whole_seconds is None:
            return text
        return f"{text}, about {rounded(max(self._whole_seconds - seconds, 10.0))} left"

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


def time_share(steps_share: float) -> float:
    """Return the share of the time that has passed when `steps_share` of the packages are finished."""
    for (low, low_time), (high, high_time) in itertools.pairwise(MILESTONES):
        if steps_share <= high:
            return low_time + (high_time - low_time) * (steps_share - low) / (high - low)
    return 1.0


def rounded(seconds: float) -> str:
    """Return a rounded duration: tens of seconds up to two minutes, then minutes."""
    if seconds < 5:  # noqa: PLR2004 -- rounds to 0 tens
        return "0 s"
    return f"{max(round(seconds / 10), 1) * 10} s" if seconds < 115 else f"{round(seconds / 60)} min"  # noqa: PLR2004
