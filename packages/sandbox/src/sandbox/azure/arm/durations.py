"""ISO 8601 durations, as Azure's JSON carries them: ``PT2M``, ``PT30S``, ``P1DT12H``."""

import re

# Years and months have no fixed length: the services, whose libraries parse into a time span, do not use them.
_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def parse_duration(text: str) -> float:
    """Return the seconds of a duration of days, hours, minutes and seconds.

    Raises:
        ValueError: it is none.
    """
    match = _DURATION.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        msg = f"'{text}' is not an ISO 8601 duration of days, hours, minutes and seconds, such as PT2M30S"
        raise ValueError(msg)
    part = {name: float(value or 0) for name, value in match.groupdict().items()}
    return part["days"] * 86400 + part["hours"] * 3600 + part["minutes"] * 60 + part["seconds"]


def format_duration(seconds: float) -> str:
    """Return the duration in the shortest spelling, with each unit carried into the next: 120 is ``PT2M``."""
    whole, fraction = divmod(seconds, 1)
    minutes, second = divmod(int(whole), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    end = f"{second + fraction:g}S" if second or fraction else ""
    clock = "".join(f"{value}{unit}" for value, unit in ((hour, "H"), (minute, "M")) if value) + end
    date = f"{days}D" if days else ""
    return f"P{date}T{clock}" if clock else f"P{date}" if date else "PT0S"
