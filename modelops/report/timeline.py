"""When the steps of a release ran, as bars on one scale."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple

from modelops.release.history import Entry
from modelops.scoring.progress import duration

_TICKS: Final = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600),
    *(2 * 3600, 4 * 3600, 12 * 3600, 24 * 3600),
)
"""Seconds between two marks of the scale."""
_MOST_TICKS: Final = 4
_LEAST_WIDTH: Final = 0.4
"""In percent: a step that took no time is seen too."""
_LAST_ROOM: Final = 85.0
"""In percent of the scale."""
_EXACT_SECONDS: Final = 9.95
"""Shorter times are told with a decimal."""
_VERY_SHORT_SECONDS: Final = 0.095


class Bar(NamedTuple):
    """A time that a step ran: where its bar begins and how long it is, in percent of the scale, and in words."""

    left: float
    width: float
    text: str


class Line(NamedTuple):
    """A step, or one of several at the same time.

    Attributes:
        step: as `release.context` calls it.
        subject: the revision or model that it was about; empty if it was about the endpoint.
        took: how long, in all.
        bars: the times that it ran.
        has_failed: whether the release failed in it.
    """

    step: str
    subject: str
    took: str
    bars: tuple[Bar, ...]
    has_failed: bool


class Tick(NamedTuple):
    """A mark of the scale: its place in percent, and its text."""

    left: float
    text: str

    @property
    def is_at_the_end(self) -> bool:
        """Whether the text has no room on its right."""
        return self.left > _LAST_ROOM


class Timeline(NamedTuple):
    """The steps, in the order in which they first began, and the scale's marks."""

    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...]


def of(entry: Entry) -> Timeline | None:
    """Return when the steps of a release ran; None if it has none, as a rollback."""
    spans = _spans(entry)
    if not spans:
        return None
    scale = max(each["began"] + each["seconds"] for each in spans) or 1.0
    # A step that runs again, such as reading what is live, is one line.
    lines: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for each in spans:
        lines.setdefault((each["step"], each["subject"]), []).append(each)
    return Timeline(
        tuple(
            Line(
                step,
                subject,
                told(sum(each["seconds"] for each in found)),
                tuple(_bar(each, scale) for each in found),
                any(each.get("failed") for each in found),
            )
            for (step, subject), found in lines.items()
        ),
        tuple(_ticks(scale)),
    )


def _bar(span: Mapping[str, Any], scale: float) -> Bar:
    left = min(span["began"] / scale * 100, 100 - _LEAST_WIDTH)
    width = max(span["seconds"] / scale * 100, _LEAST_WIDTH)
    return Bar(round(left, 2), round(width, 2), f"{told(span['seconds'])} from {told(span['began'])}")


def told(seconds: float) -> str:
    """Return a time as people say it; a short one with a decimal, a very short one with two."""
    if 0 < seconds < _VERY_SHORT_SECONDS:
        return f"{seconds:.2f} s"
    return f"{seconds:.1f} s" if seconds < _EXACT_SECONDS else duration(seconds)


def _spans(entry: Entry) -> Sequence[Mapping[str, Any]]:
    """Return the steps with what they were about; of an older entry, one after another."""
    if entry.timeline:
        return entry.timeline
    ends = accumulate(entry.steps.values())
    return [
        {
            "step": step,
            "subject": "",
            "began": end - seconds,
            "seconds": seconds,
            "failed": step == entry.failed_at,
        }
        for (step, seconds), end in zip(entry.steps.items(), ends, strict=True)
    ]


def _ticks(whole: float) -> Iterable[Tick]:
    every = next((each for each in _TICKS if whole / each <= _MOST_TICKS), _TICKS[-1])
    for number in range(int(whole / every) + 1):
        seconds = number * every
        yield Tick(round(seconds / whole * 100, 2), _tick(seconds, every))


def _tick(seconds: float, every: float) -> str:
    if every < 1 and seconds:
        return f"{seconds:.1f} s"
    return duration(seconds)
