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

    A second of error is nothing, because the log has whole seconds. 0 without a line after the tenth second.
    """
    found = [match for line in log.splitlines() if (match := _LINE.fullmatch(line))]
    if not found:
        return 0.0
    end = datetime.fromisoformat(found[-1]["time"])
    errors = [0.0]
    for line in found[:-1]:
        left = end - datetime.fromisoformat(line["time"])
        if _duration(line["taken"]) >= _FROM:
            off = abs(_duration(line["left"]) - left)
            errors.append(max(off - _ROUNDED, timedelta()) / max(left, _ROUNDED))
    return max(errors)


def _duration(text: str) -> timedelta:
    hours, minutes, seconds = map(int, text.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
