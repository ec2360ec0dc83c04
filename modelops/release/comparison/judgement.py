"""Judges a candidate's predictions: by the user's functions, and by how they differ from those of what serves."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from modelops.errors import PlanError
from modelops.plan.try_out import TryOut
from modelops.release.comparison import user_code
from modelops.release.comparison.differences import Differences, compare


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison found out about a candidate."""

    lines: tuple[str, ...] = ()
    """How it differs from what serves, for users."""
    refused: str | None = None
    """Why it must not serve, or None."""
    differences: Differences | None = field(default=None, compare=False)
    """The figures behind the lines."""


def refused_by_check(candidate: Path, try_out: TryOut, source: Path | None, root: Path) -> str | None:
    """Return why the user's `check` refuses a candidate, or None.

    Args:
        candidate: folder with its predictions.
        try_out: of the plan.
        source: the input on this machine; None: it is in Azure, where only the job can read it.
        root: folder that the plan's paths are relative to.

    Raises:
        PlanError: it cannot be called, or does not end: see `UserCode.raised`.
    """
    check, _ = user_code.of(try_out, root)
    if check and (why := check.raised(candidate, source)):
        return f"{check.file.path} refused its predictions: {why}"
    return None


def compared(candidate: Path, current: Path, try_out: TryOut, names: Collection[str], root: Path) -> Verdict:
    """Compare a candidate's predictions with those of what serves.

    Args:
        candidate: folder with its predictions.
        current: folder with the predictions of what serves, on the same input.
        try_out: of the plan.
        names: the input's files, as paths below it; none if they are not known.
        root: folder that the plan's paths are relative to.

    Raises:
        PlanError: `maxChangedRows` cannot be judged, because no row has the key or files without rows differ; or the
            user's `compare` cannot be called, or does not end: see `UserCode.raised`.
    """
    _, comparing = user_code.of(try_out, root)
    differences = compare(candidate, current, try_out.key, names)
    lines = tuple(differences.sentences())
    if why := _too_different(differences, try_out.max_changed_rows):
        return Verdict(lines, why, differences)
    if comparing and (why := comparing.raised(candidate, current)):
        refused = f"{comparing.file.path} refused it, compared with what serves: {why}"
        return Verdict(lines, refused, differences)
    return Verdict(lines, None, differences)


def _too_different(differences: Differences, most: float | None) -> str | None:
    if most is None:
        return None
    if differences.lacking:
        raise PlanError(
            f"tryOut.maxChangedRows cannot be judged: tryOut.key is {differences.lacking!r}, and no row has such a "
            "column. Allowed: the position of a column, from 1, and its name where the rows have names."
        )
    if differences.share > most:
        retried = (
            ". They cannot be paired, so rows that a retry wrote again count too: write the file's name into each, or "
            "set tryOut.key."
        )
        return (
            f"{differences.changed} of {differences.rows} rows ({differences.share:.1%}) differ from those of what "
            f"serves; tryOut.maxChangedRows allows {most:.1%}{retried if differences.is_uneven else ''}"
        )
    if differences.others_changed:
        raise PlanError(
            f"tryOut.maxChangedRows cannot be judged: {differences.of_others()}, whose rows only code of yours can "
            "read. Remove it, and compare them with tryOut.compare."
        )
    return None
