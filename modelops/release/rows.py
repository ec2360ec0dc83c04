"""A table of three columns as plain lines, for places that show only text, such as Pulumi's diagnostics."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

WIDTH: Final = 76
"""Characters of a line: Pulumi indents diagnostics by four, and the narrowest usual terminal has 80."""
_LEAST: Final = 30
"""Characters of the last column, however long the names in the others are."""
_FIXED: Final = "\u00a0"
"""A space that breaks no line."""
_KIB: Final = 1024


class Row(NamedTuple):
    """One line of the table."""

    what: str
    """What is done: `create revision`."""
    which: str
    """The name that it is about."""
    how: str = ""
    """How, or why."""

    def __str__(self) -> str:
        return " ".join(filter(None, self))


def lines(rows: Sequence[Row], width: int = WIDTH) -> list[str]:
    """Return the rows in columns; what is too long for the last one continues below it.

    Only spaces break a line, so that a name or an address can be copied.
    """
    return [line for each in wrapped(rows, width) for line in each]


def wrapped(rows: Sequence[Row], width: int = WIDTH) -> list[list[str]]:
    """Return the same lines, those of each row together."""
    what, which = (max((len(row[column]) for row in rows), default=0) for column in (0, 1))
    found: list[list[str]] = []
    for row in rows:
        before = f"{row.what:<{what}}  {row.which:<{which}}  "
        first, *more = _broken(row.how, max(_LEAST, width - len(before))) or [""]
        found.append([f"{before}{first}".rstrip(), *(f"{'':<{len(before)}}{each}" for each in more)])
    return found


def _broken(text: str, width: int) -> list[str]:
    """Return a text in lines; what is between two commas stays together if it fits into one."""
    kept = ", ".join(each.replace(" ", _FIXED) if len(each) < width else each for each in text.split(", "))
    broken = textwrap.wrap(kept, width, break_long_words=False, break_on_hyphens=False)
    return [each.replace(_FIXED, " ") for each in broken]


def joined(parts: Iterable[str]) -> str:
    """Return what is said of one thing, with commas."""
    return ", ".join(parts)


def size(count: int) -> str:
    """Return a number of bytes for people: `812 bytes`, `1.2 MiB`."""
    if count < _KIB:
        return f"{count} bytes"
    value, unit = count / _KIB, "KiB"
    for larger in ("MiB", "GiB"):
        if value < _KIB:
            break
        value, unit = value / _KIB, larger
    return f"{value:.1f} {unit}"


def money(amount: float, currency: str) -> str:
    """Return an amount for people, with two digits and its currency."""
    return f"{amount:.2f} {currency}".rstrip()
