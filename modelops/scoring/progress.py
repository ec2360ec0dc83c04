"""How far a running job is, from the service's own progress log and counts.

The log's lines have the form that users published (Azure/MachineLearningNotebooks#1429,
Azure/azure-sdk-for-python#30421). What the log or the counts lack is left out.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple

from modelops.scoring.job_logs import JobLogs

OVERVIEW: Final = "logs/job_progress_overview."
"""How the names of the progress logs begin; they are rotated daily."""
_TIME: Final = r"(?:(\d+) days?, )?(\d+):(\d\d):(\d\d)"
# E.g. "Scheduled 276 mini batches in 22 seconds. There are 276 tasks with 551 items."
_SCHEDULED: Final = re.compile(r"There are (\d+) tasks with (\d+) items\b")
_PROCESSED: Final = re.compile(
    rf"Processed (\d+) of (\d+) mini batches in {_TIME}\.(?: Estimated remaining time {_TIME})?"
)
_LONG_SECONDS: Final = 100
_SHORT_SECONDS: Final = 10
"""The log's estimate has whole seconds: below this it is too coarse to tell a rate by."""


class Progress(NamedTuple):
    """What is done of a running job.

    Attributes:
        done: processed items, or mini-batches.
        total: how many of them the job has.
        unit: what is counted, `items` or `mini-batches`.
        failed: failed items.
        rate: units per second; None if unknown.
        left: seconds until everything is processed; None if unknown.
    """

    done: int
    total: int
    unit: str
    failed: int = 0
    rate: float | None = None
    left: float | None = None

    def __str__(self) -> str:
        unit = self.unit.removesuffix("es" if self.unit == "mini-batches" else "s") if self.total == 1 else self.unit
        parts = [f"{self.done:,} of {self.total:,} {unit}"]
        if self.rate:
            parts.append(_spoken_rate(self.rate, self.unit))
        if self.left is not None and self.done < self.total:
            parts.append(f"{duration(self.left)} left")
        if self.failed:
            parts.append(f"{self.failed:,} item{'' if self.failed == 1 else 's'} failed")
        return ", ".join(parts)


def read(logs: JobLogs) -> Progress | None:
    """Return how far a job is; None if neither its log nor its counts tell."""
    overviews = [name for name in logs.names() if name.startswith(OVERVIEW)]
    # The log is rotated daily: the number of items is in the first.
    text = "".join(logs.text(name) for name in ([overviews[0], overviews[-1]] if overviews[1:] else overviews))
    return interpreted(text, logs.metrics())


def interpreted(overview: str, metrics: Mapping[str, float]) -> Progress | None:
    """Return what a progress log and the counts of a job say together; None if neither says anything."""
    lines = _PROCESSED.findall(overview)
    batches, all_batches, _, left = _read(lines[-1]) if lines else (0, 0, 0.0, None)
    all_scheduled = scheduled(overview)
    total = int(metrics.get("Total Items", all_scheduled[1] if all_scheduled else 0))
    failed = int(metrics.get("Failed Items", 0))
    done = metrics.get("Processed Items")
    if done is None and "Remaining Items" in metrics:
        done = total - metrics["Remaining Items"]
    if done is not None and total:
        share = done / batches if batches else 0.0
        return _timed(Progress(int(done), total, "items", failed), _pace(lines) * share, left)
    if lines:
        return _timed(Progress(batches, all_batches, "mini-batches", failed), _pace(lines), left)
    return Progress(0, total, "items") if total else None


def scheduled(overview: str) -> tuple[int, int] | None:
    """Return how many mini-batches and items a progress log says there are, last; None if it does not."""
    found = _SCHEDULED.findall(overview)
    return (int(found[-1][0]), int(found[-1][1])) if found else None


def duration(seconds: float) -> str:
    """Return a duration as people say it: `48 s`, `3 min`, `2 h 5 min`."""
    if seconds < _LONG_SECONDS:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _timed(progress: Progress, pace: float, left: float | None) -> Progress:
    """Add rate and time left: the service's own estimate where it has one that is not too coarse, else by the pace."""
    rest = progress.total - progress.done
    if left is not None and left >= _SHORT_SECONDS and rest > 0:
        return progress._replace(rate=rest / left, left=left)
    rate = pace if progress.done and pace else None
    if left is None and rate:
        left = rest / rate
    return progress._replace(rate=rate, left=left)


def _pace(lines: list[tuple[str, ...]]) -> float:
    """Return mini-batches per second since the first line that counts some: before it, `init()` loaded the model."""
    counted = [_read(line) for line in lines]
    first = next((each for each in counted if each[0]), None)
    if first is None:
        return 0.0
    done, _, elapsed, _ = counted[-1]
    if elapsed > first[2] and done > first[0]:
        return (done - first[0]) / (elapsed - first[2])
    return done / elapsed if elapsed else 0.0


def _read(line: tuple[str, ...]) -> tuple[int, int, float, float | None]:
    done, total, *times = line
    return int(done), int(total), _seconds(times[:4]), _seconds(times[4:]) if times[5] else None


def _seconds(parts: list[str]) -> float:
    days, hours, minutes, seconds = (int(part or 0) for part in parts)
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()


def _spoken_rate(rate: float, unit: str) -> str:
    for per, seconds in (("s", 1), ("min", 60)):
        if rate * seconds >= 1:
            return f"{rate * seconds:,.{0 if rate * seconds >= 10 else 1}f} {unit}/{per}"  # noqa: PLR2004
    return f"{rate * 3600:.1f} {unit}/h"
