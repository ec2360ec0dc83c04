"""How right the time left in a job's progress log was, seen from the log's end."""

import re
from datetime import datetime, timedelta

_LINE = re.compile(
    r"(?P<time>\S+) Processed \d+ of \d+ mini batches in (?P<taken>\d+:\d+:\d+)\."
    r" Estimated remaining time (?P<left>\d+:\d+:\d+)\."
)
_FROM = timedelta(seconds=10)
_ROUNDED = timedelta(seconds=1)
"""The log has whole seconds."""


def worst(log: str) -> float:
    """Return the largest error from the tenth second on, in parts of the time that was really left.

    A second of error is nothing, because the log has whole seconds.

    Raises:
        ValueError: there is no line to judge.
    """
    found = [match for line in log.splitlines() if (match := _LINE.fullmatch(line))]
    errors = []
    for line in found[:-1]:
        left = datetime.fromisoformat(found[-1]["time"]) - datetime.fromisoformat(line["time"])
        if _duration(line["taken"]) >= _FROM:
            off = abs(_duration(line["left"]) - left)
            errors.append(max(off - _ROUNDED, timedelta()) / max(left, _ROUNDED))
    if not errors:
        msg = "the progress log has no line between the tenth second and its last one"
        raise ValueError(msg)
    return max(errors)


def _duration(text: str) -> timedelta:
    hours, minutes, seconds = map(int, text.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
