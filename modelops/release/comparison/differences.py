"""How the predictions of two jobs on the same input differ.

Rows have no order, so they are paired by what they are about. Where they do not say it, they are compared as
multisets, and only their number is told.
"""

import math
import re
import statistics
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from modelops.release.comparison import rows
from modelops.release.comparison.rows import Row

RELATIVE_TOLERANCE: Final = 1e-6
"""Numbers that differ by less than this share of the larger one are equal."""

_NUMBER: Final = re.compile(r"(?<![\w.:-])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w:]|[.-]\d)")
"""A number that stands alone: no part of a name, a date, a time or a version."""
_COLUMNS_SHOWN: Final = 3
_VALUE_END: Final = "\0"
"""Between the values of a row; no file of text has it."""


@dataclass(frozen=True, slots=True)
class Differences:
    """The differences of a candidate's rows from those of what serves."""

    rows: int
    """Pairs, and rows without a partner."""
    changed: int
    """How many of them differ, or have no partner."""
    key: str | None = None
    """The column by which they were paired; None: they were compared as multisets."""
    added: int = 0
    """Rows that only the candidate has; 0 for multisets."""
    missing: int = 0
    """Rows that only what serves has; 0 for multisets."""
    numbers: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """By column: how far the numbers that differ are apart."""
    others: int = 0
    """Files without rows, such as Parquet files."""
    others_changed: int = 0
    """How many of them do not have the same bytes, or are only on one side."""
    unpaired: str | None = None
    """Why rows are not paired; None: they are, or there are none."""
    lacking: str | None = None
    """The key that the user named, if no row has it."""
    is_uneven: bool = False
    """Whether rows that cannot be paired are not as many on one side as on the other."""

    @property
    def share(self) -> float:
        """The share of rows that changed, from 0 to 1."""
        return self.changed / self.rows if self.rows else 0.0

    def sentences(self) -> list[str]:
        """Return lines for users."""
        return [*self._of_rows(), *self._of_columns(), *self._of_others()]

    def _of_rows(self) -> Iterator[str]:
        if not self.rows and self.others:
            return
        how = f"not paired: {self.unpaired}" if self.unpaired else f"paired by column {self.key}"
        yield f"{self.changed} of {self.rows} rows {_differ(self.rows)} ({how})"
        if self.added or self.missing:
            yield f"rows that only the candidate has: {self.added}; that only what serves has: {self.missing}"

    def _of_columns(self) -> Iterator[str]:
        farthest = sorted(self.numbers.items(), key=lambda column: -max(column[1]))
        for label, apart in farthest[:_COLUMNS_SHOWN]:
            numbers = "1 number differs" if len(apart) == 1 else f"{len(apart)} numbers differ"
            median = f"{statistics.median(apart):.3g}"
            yield f"column {label}: {numbers}, the largest difference is {max(apart):.3g}, the median {median}"
        if (more := len(farthest) - _COLUMNS_SHOWN) > 0:
            yield f"and numbers of {more} more column{'' if more == 1 else 's'}"

    def _of_others(self) -> Iterator[str]:
        if self.others:
            yield self.of_others() + ("; how, only a `compare` of yours can tell" if self.others_changed else "")

    def of_others(self) -> str:
        """Return how many files without rows differ."""
        return f"{self.others_changed} of {self.others} files without lines of text {_differ(self.others)}"


def _differ(number: int) -> str:
    return "differs" if number == 1 else "differ"


def compare(candidate: Path, current: Path, key: str | None, names: Collection[str]) -> Differences:
    """Compare two folders of predictions.

    Args:
        candidate: the new revision's.
        current: those of what serves.
        key: the column that says what a row is about; None: see `rows.layout`.
        names: the input's files, as paths below it; none if they are not known.
    """
    ours, theirs = rows.read(candidate), rows.read(current)
    how = rows.layout((ours, theirs), key, names)
    files = {*ours.others, *theirs.others}
    others_changed = sum(ours.others.get(name) != theirs.others.get(name) for name in files)
    if how.key is None:
        mine, other = _without_copies(ours.lines, theirs.lines)
        number = max(len(mine), len(other))
        return Differences(
            number,
            number - _same(mine, other),
            others=len(files),
            others_changed=others_changed,
            unpaired=_unpaired(key, names),
            lacking=key if number else None,
            is_uneven=len(mine) != len(other),
        )
    tally = _Tally()
    by_key, others_by_key = (_by_key(rows.rows(each, how, names)) for each in (ours, theirs))
    for about in sorted({*by_key, *others_by_key}):
        tally.add(*_without_repeats(by_key[about], others_by_key[about]))
    return Differences(
        tally.rows, tally.changed, how.key, tally.added, tally.missing, tally.numbers, len(files), others_changed
    )


def _unpaired(key: str | None, names: Collection[str]) -> str:
    if key:
        return f"no row has column {key}, which tryOut.key names"
    if not names:
        return "the names of the input's files are not known"
    return "neither the first nor the last column has the names of the input's files"


@dataclass(slots=True)
class _Tally:
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
        self.changed += number - _same(
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


def _by_key(found: Sequence[Row]) -> defaultdict[str, list[Row]]:
    grouped: defaultdict[str, list[Row]] = defaultdict(list)
    for row in found:
        grouped[row.key or ""].append(row)
    return grouped


def _without_repeats(candidate: list[Row], current: list[Row]) -> tuple[list[Row], list[Row]]:
    """Leave out what a retry of the mini-batch wrote again: rows that are another's, several times over."""
    fewest = min(len(candidate), len(current))
    return _once(candidate, fewest), _once(current, fewest)


def _once(found: list[Row], number: int) -> list[Row]:
    if number and len(found) % number == 0 and found == found[:number] * (len(found) // number):
        return found[:number]
    return found


def _without_copies(candidate: list[str], current: list[str]) -> tuple[list[str], list[str]]:
    """Leave out what retries of all mini-batches wrote again: lines of which each is there as often as the others."""
    fewest = min(len(candidate), len(current))
    return _each_once(candidate, fewest), _each_once(current, fewest)


def _each_once(lines: list[str], number: int) -> list[str]:
    times, rest = divmod(len(lines), number or 1)
    counted = Counter(lines)
    if rest or times == 1 or not number or any(each % times for each in counted.values()):
        return lines
    return list(Counter({line: each // times for line, each in counted.items()}).elements())


def _same(ours: Sequence[str], theirs: Sequence[str]) -> int:
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
