"""GitHub's Markdown: values that cannot become markup, tables, folds, and texts that fit into a comment."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from modelops.plan.data_address import masked

MOST: Final = 60_000
"""Characters of a comment; GitHub takes 65,536."""

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>~|$&])")
_BEGINNING: Final = re.compile(r"^(\d*)([-+=#.)])(?=\s|$)")
"""What makes a list or a heading of the rest."""
_LINKED: Final = re.compile(r"[@#]|://|\bwww\.|\bGH-", re.IGNORECASE)
"""What GitHub turns into a mention, a reference or a link after it has read the escapes."""
_NOTHING: Final = "<!-- -->"
_FOLD: Final = "</details>"


def text(value: str) -> str:
    """Return a value as text in a line: no markup, mention, link or HTML comes of it."""
    escaped = _BEGINNING.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", _line(value)))
    return _LINKED.sub(lambda found: f"{found[0][0]}{_NOTHING}{found[0][1:]}", escaped)


def code(value: str) -> str:
    """Return a value as code in a line, also one with backticks or pipes."""
    one_line = _line(value).replace("|", "\\|")
    if not one_line:
        return ""
    longest = max((len(each) for each in re.findall(r"`+", one_line)), default=0)
    if not longest:
        return f"`{one_line}`"
    ticks = "`" * (longest + 1)
    return f"{ticks} {one_line} {ticks}"


def block(value: str) -> str:
    """Return a text as a block of code, also one with fences in it."""
    longest = max((len(each) for each in re.findall(r"`{3,}", value)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{masked(value).strip()}\n{fence}"


def _line(value: str) -> str:
    """Return a value in one line, without the queries of addresses, which can be secrets."""
    return " ".join(masked(value).split())


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells are Markdown."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(each)} |" for each in lines)


def fold(title: str, content: str) -> str:
    """Return a content that opens with a click; the title is Markdown."""
    return f"<details><summary>{title}</summary>\n\n{content}\n\n{_FOLD}"


def fitting(parts: Sequence[str], most: int = MOST) -> str:
    """Join the parts of a comment with empty lines; if they do not fit, the longest one is cut in its middle.

    Beginning and end of a part say the most: what is asked for, and why it failed.
    """
    kept = [each for each in parts if each]
    while len(joined := "\n\n".join(kept)) > most:
        longest = max(range(len(kept)), key=lambda at: len(kept[at]))
        kept[longest] = _cut(kept[longest], len(kept[longest]) - (len(joined) - most))
    return joined


def _cut(part: str, most: int) -> str:
    """Cut whole lines from the middle of a part, so that a table stays one and a fence is still closed."""
    lines = part.split("\n")
    note = "*(lines are left out here; the run has all)*"
    head, tail = lines[: len(lines) // 2], lines[len(lines) // 2 :]
    while len("\n".join([*head, note, *tail])) > most and len(head) + len(tail) > _KEPT_LINES:
        (head.pop() if len(head) >= len(tail) else tail.pop(0))
    shorter = "\n".join([*head, note, *tail])
    return shorter if len(shorter) <= most else f"{part[: max(most - len(note) - 2, 0)]}\n{note}"


_KEPT_LINES: Final = 8
"""At least so many lines of a part are kept: the head of a table or a fold, and its end."""
