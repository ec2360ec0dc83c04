"""Some rows of a candidate beside those of what serves, for people to look at: what changed comes first."""

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from modelops.release.comparison import rows
from modelops.release.comparison.matching import Tally, by_key, without_repeats
from modelops.release.comparison.rows import Row

_ROWS: Final = 5
"""Of one thing: a file of a table can have any number."""
_COLUMNS: Final = 20
_LONGEST: Final = 200
"""Characters of a value."""


class Sampled(NamedTuple):
    """What two revisions predict about one thing.

    Attributes:
        about: what it is, most often a file of the input; None: the rows do not say it.
        changed: whether the predictions differ.
        candidate: values by their columns, row by row.
        current: those of what serves; None: nothing does.
    """

    about: str | None
    changed: bool
    candidate: tuple[Mapping[str, str], ...]
    current: tuple[Mapping[str, str], ...] | None

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        current = None if self.current is None else list(self.current)
        return {"about": self.about, "changed": self.changed, "candidate": list(self.candidate), "current": current}


def sampled(candidate: Path, current: Path | None, key: str | None, names: Collection[str], most: int) -> list[Sampled]:
    """Return what is predicted about some things; where rows do not say what they are about, some rows as one.

    Args:
        candidate: folder with its predictions.
        current: folder with the predictions of what serves, on the same input; None: there are none.
        key: the column that says what a row is about; None: see `rows.layout`.
        names: the input's files, as paths below it; none if they are not known.
        most: how many things.
    """
    if most == 0:
        return []
    ours = rows.read(candidate)
    theirs = rows.read(current) if current else None
    how = rows.layout([each for each in (ours, theirs) if each], key, names)
    our_rows = rows.rows(ours, how, names)
    their_rows = rows.rows(theirs, how, names) if theirs else None
    if how.key is None:
        return _unpaired(our_rows, their_rows, most)
    found = [] if their_rows is None else _paired(our_rows, their_rows)
    if their_rows is None:
        found = [Sampled(about, False, _shown(each), None) for about, each in sorted(by_key(our_rows).items())]
    return sorted(found, key=lambda each: not each.changed)[:most]


def _paired(ours: Sequence[Row], theirs: Sequence[Row]) -> list[Sampled]:
    found = []
    mine, other = by_key(ours), by_key(theirs)
    for about in sorted({*mine, *other}):
        tally = Tally()
        left, right = without_repeats(mine[about], other[about])
        tally.add(left, right)
        found.append(Sampled(about, tally.changed > 0, _shown(left), _shown(right)))
    return found


def _unpaired(ours: Sequence[Row], theirs: Sequence[Row] | None, most: int) -> list[Sampled]:
    """Return rows that only one side has, or the first ones if there are none."""
    if not ours and not theirs:
        return []
    if theirs is None:
        return [Sampled(None, False, _shown(ours, most), None)]
    lines, other = {row.line for row in ours}, {row.line for row in theirs}
    only_ours = [row for row in ours if row.line not in other]
    only_theirs = [row for row in theirs if row.line not in lines]
    if not only_ours and not only_theirs:
        return [Sampled(None, False, _shown(ours, most), _shown(theirs, most))]
    return [Sampled(None, True, _shown(only_ours, most), _shown(only_theirs, most))]


def _shown(found: Sequence[Row], most: int = _ROWS) -> tuple[Mapping[str, str], ...]:
    return tuple({label: _cut(value) for label, value in islice(row.columns.items(), _COLUMNS)} for row in found[:most])


def _cut(value: str) -> str:
    text = value.strip()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
