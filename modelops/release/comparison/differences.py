"""How the predictions of two jobs on the same input differ.

Rows have no order, so they are paired by what they are about. Where they do not say it, they are compared as
multisets, and only their number is told.
"""

import math
import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from modelops.release.comparison import rows
from modelops.release.comparison.matching import Tally, by_key, same, without_copies, without_repeats

_COLUMNS_SHOWN: Final = 3


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

    def figures(self) -> dict[str, Any]:
        """Return the numbers as plain data, for the history: those of columns as their count, largest and median."""
        return {
            "rows": self.rows,
            "changed": self.changed,
            "added": self.added,
            "missing": self.missing,
            "key": self.key,
            "columns": [
                {
                    "name": name,
                    "numbers": len(apart),
                    "largest": _finite(max(apart)),
                    "median": _finite(statistics.median(apart)),
                }
                for name, apart in self.numbers.items()
            ],
        }

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


def _finite(number: float) -> float | None:
    """Return a number as JSON has it, which knows no infinite ones."""
    return number if math.isfinite(number) else None


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
        mine, other = without_copies(ours.lines, theirs.lines)
        number = max(len(mine), len(other))
        return Differences(
            number,
            number - same(mine, other),
            others=len(files),
            others_changed=others_changed,
            unpaired=_unpaired(key, names),
            lacking=key if number else None,
            is_uneven=len(mine) != len(other),
        )
    tally = Tally()
    our_rows, their_rows = (by_key(rows.rows(each, how, names)) for each in (ours, theirs))
    for about in sorted({*our_rows, *their_rows}):
        tally.add(*without_repeats(our_rows[about], their_rows[about]))
    return Differences(
        tally.rows, tally.changed, how.key, tally.added, tally.missing, tally.numbers, len(files), others_changed
    )


def _unpaired(key: str | None, names: Collection[str]) -> str:
    if key:
        return f"no row has column {key}, which tryOut.key names"
    if not names:
        return "the names of the input's files are not known"
    return "neither the first nor the last column has the names of the input's files"
