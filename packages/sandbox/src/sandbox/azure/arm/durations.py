"""ISO 8601 durations, as in Azure's JSON: ``PT2M``, ``PT30S``, ``P1DT12H``."""

import re
from datetime import timedelta

import isodate

# Years and months have no fixed length: the services parse into a time span and do not support them. They also do not
# support weeks, signs, commas and fractions of anything but seconds, which isodate reads.
_SHAPE = re.compile(r"P(?!$)(\d+D)?(T(?!$)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?", re.ASCII)


def parse_duration(text: str) -> float:
    """Return the seconds of a duration of days, hours, minutes and seconds.

    Raises:
        ValueError: it is not a duration, or is longer than the services can count (999999999 days).
    """
    problem = f"'{text}' is not an ISO 8601 duration of days, hours, minutes and seconds, such as PT2M30S"
    if not _SHAPE.fullmatch(text):
        raise ValueError(problem)
    try:
        found: timedelta = isodate.parse_duration(text)
    except OverflowError:
        raise ValueError(problem) from None
    return found.total_seconds()


def format_duration(seconds: float) -> str:
    """Return the duration in the shortest form, with each unit carried into the next: 120 is ``PT2M``."""
    # Zero, which isodate writes as P0D, has no days in the services' answers.
    return str(isodate.duration_isoformat(timedelta(seconds=seconds))) if seconds else "PT0S"
