"""Paired timings: two ways to do the same, in turn, in one run; the result is the ratio of each pair."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, smallest and largest of some figures."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: list[float]) -> "Spread":
        """Summarise at least one figure."""
        return cls(statistics.median(figures), min(figures), max(figures))

    def text(self, digits: int = 2) -> str:
        """Return ``median (low to high)``."""
        return f"{self.median:.{digits}f} ({self.low:.{digits}f} to {self.high:.{digits}f})"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report: seconds of ours and of the other way, their ratio, and what we aim at."""

    name: str
    ours: str
    other: str
    ratio: str
    aim: str


def seconds(action: Callable[[], object]) -> float:
    """Return how long ``action`` takes, in seconds of the wall clock."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def paired(
    name: str,
    ours: Callable[[], float],
    other: Callable[[], float],
    *,
    runs: int,
    aim: str,
    warm_up: bool = True,
) -> Row:
    """Run ``ours`` and ``other`` in turn and report the ratio ours / other of each pair.

    Both return the seconds that count, so that preparation stays out. The first pair is not counted with ``warm_up``.
    The order within a pair alternates, so that neither always runs on the warmer machine.
    """
    pairs: list[tuple[float, float]] = []
    for number in range(runs + int(warm_up)):
        if number % 2 == 0:
            first = ours()
            pair = (first, other())
        else:
            second = other()
            pair = (ours(), second)
        pairs.append(pair)
    counted = pairs[int(warm_up) :]
    return Row(
        name,
        Spread.of([mine for mine, _ in counted]).text(),
        Spread.of([theirs for _, theirs in counted]).text(),
        Spread.of([mine / theirs for mine, theirs in counted]).text(),
        aim,
    )


def table(rows: list[Row]) -> str:
    """Return the rows as a Markdown table; figures are ``median (low to high)``."""
    lines = [["what", "ours, s", "the other way, s", "ratio", "aim"]]
    lines += [[row.name, row.ours, row.other, row.ratio, row.aim] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    shown = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    shown.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(shown)
