"""Which rows of two jobs are the same: pairs by what they are about, and multisets where they do not say it."""

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from modelops.release.comparison.rows import Row

RELATIVE_TOLERANCE: Final = 1e-6
"""Numbers that differ by less than this share of the larger one are equal."""

_NUMBER: Final = re.compile(r"(?<![\w.:-])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w:]|[.-]\d)")
"""A number that stands alone: no part of a name, a date, a time or a version."""
_VALUE_END: Final = "\0"
"""Between the values of a row; no file of text has it."""


@dataclass(slots=True)
class Tally:
    """What was found out about rows so far."""

    rows: int = 0
    changed: int = 0
    added: int = 0
    missing: int = 0
    numbers: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, candidate: Sequence[Row], current: Sequence[Row]) -> None:
        """Compare the rows about one thing; as many rows in their order, because one call of run() wrote them."""
        number = max(len(candidate), len(current))
        self.rows += number
        if len(candidate) == len(current):
            self.changed += sum(not self._is_same(*pair) for pair in zip(candidate, current, strict=True))
            return
        self.changed += number - same(
            *([_VALUE_END.join(row.columns.values()) for row in side] for side in (candidate, current))
        )
        self.added += number - len(current)
        self.missing += number - len(candidate)

    def _is_same(self, ours: Row, theirs: Row) -> bool:
        if ours.columns.keys() != theirs.columns.keys():
            return False
        is_same = True
        for label, value in ours.columns.items():
            found, expected = _parts(value), _parts(theirs.columns[label])
            if found.words != expected.words:
                is_same = False
                continue
            apart = [abs(a - b) for a, b in zip(found.numbers, expected.numbers, strict=True) if not _is_close(a, b)]
            if apart:
                is_same = False
                self.numbers[label] += apart
        return is_same


class _Parts(NamedTuple):
    """A value: the words between its numbers, and these."""

    words: tuple[str, ...]
    numbers: tuple[float, ...]


def _parts(value: str) -> _Parts:
    words = (" ".join(word.split()) for word in _NUMBER.split(value))
    return _Parts(tuple(words), tuple(float(number) for number in _NUMBER.findall(value)))


def _is_close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE)


def by_key(found: Sequence[Row]) -> defaultdict[str, list[Row]]:
    """Return rows by what they are about."""
    grouped: defaultdict[str, list[Row]] = defaultdict(list)
    for row in found:
        grouped[row.key or ""].append(row)
    return grouped


def without_repeats(candidate: list[Row], current: list[Row]) -> tuple[list[Row], list[Row]]:
    """Leave out what a retry of the mini-batch wrote again: rows that are another's, several times over."""
    fewest = min(len(candidate), len(current))
    return _once(candidate, fewest), _once(current, fewest)


def _once(found: list[Row], number: int) -> list[Row]:
    if number and len(found) % number == 0 and found == found[:number] * (len(found) // number):
        return found[:number]
    return found


def without_copies(candidate: list[str], current: list[str]) -> tuple[list[str], list[str]]:
    """Leave out what retries of all mini-batches wrote again: lines of which each is there as often as the others."""
    fewest = min(len(candidate), len(current))
    return _each_once(candidate, fewest), _each_once(current, fewest)


def _each_once(lines: list[str], number: int) -> list[str]:
    times, rest = divmod(len(lines), number or 1)
    counted = Counter(lines)
    if rest or times == 1 or not number or any(each % times for each in counted.values()):
        return lines
    return list(Counter({line: each // times for line, each in counted.items()}).elements())


def same(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """Return how many lines of one have an equal line in the other, each for itself."""
    left, right = Counter(ours), Counter(theirs)
    same = (left & right).total()
    mine, other = _by_words((left - right).elements()), _by_words((right - left).elements())
    return same + sum(_close(mine[words], other[words]) for words in mine.keys() & other.keys())


def _by_words(lines: Iterator[str]) -> defaultdict[tuple[str, ...], list[tuple[float, ...]]]:
    grouped: defaultdict[tuple[str, ...], list[tuple[float, ...]]] = defaultdict(list)
    for line in lines:
        words, numbers = _parts(line)
        grouped[words].append(numbers)
    return grouped


def _close(ours: list[tuple[float, ...]], theirs: list[tuple[float, ...]]) -> int:
    """Return how many rows of as many numbers have a close one in the other, each for itself."""
    same, left = 0, sorted(theirs)
    for row in ours:
        first = row[:1]
        apart = abs(sum(first)) * RELATIVE_TOLERANCE * 2
        low = bisect_left(left, tuple(number - apart for number in first))
        high = bisect_right(left, tuple(number + apart for number in first), key=lambda other: other[:1])
        for at in range(low, high):
            if all(map(_is_close, row, left[at])):
                del left[at]
                same += 1
                break
    return same
