"""Judges a candidate's predictions: by the user's functions, and by how they differ from those of what serves."""

from dataclasses import dataclass
from pathlib import Path

from modelops.errors import PlanError
from modelops.plan.try_out import TryOut
from modelops.release.comparison import user_code
from modelops.release.comparison.differences import Differences, compare
from modelops.scoring.predictions import files_in


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out about a candidate."""

    lines: tuple[str, ...] = ()
    """How it differs from what serves, for users."""
    refused: str | None = None
    """Why it must not serve, or None."""


def judge(candidate: Path, current: Path | None, try_out: TryOut, source: Path | None, root: Path) -> Verdict:
    """Judge a candidate's predictions.

    Args:
        candidate: folder with its predictions.
        current: folder with the predictions of what serves, on the same input; None: nothing serves, or it has none.
        try_out: of the plan.
        source: the input on this machine; None: it is in Azure.
        root: folder that the plan's paths are relative to.

    Raises:
        PlanError: it cannot be judged, and the stack file is the cause: see `UserCode.raised`; or `maxChangedRows` of
            predictions without rows of text.
        ReleaseError: it cannot be judged: see `UserCode.raised`.
    """
    check, comparing = user_code.of(try_out, root)
    if check and (why := check.raised(candidate, source)):
        return Verdict(refused=f"{check.file.path} refused its predictions: {why}")
    if current is None:
        return Verdict()
    differences = compare(candidate, current, try_out.key, _names(source))
    lines = tuple(differences.sentences())
    if why := _too_different(differences, try_out.max_changed_rows):
        return Verdict(lines, why)
    if comparing and (why := comparing.raised(candidate, current)):
        return Verdict(lines, f"{comparing.file.path} refused it, compared with what serves: {why}")
    return Verdict(lines)


def _names(source: Path | None) -> list[str]:
    """Return the input's files, as paths below it."""
    if source is None:
        return []
    return [source.name] if source.is_file() else [path.as_posix() for path in files_in(source)]


def _too_different(differences: Differences, most: float | None) -> str | None:
    if most is None:
        return None
    if differences.others and not differences.rows:
        raise PlanError(
            "tryOut.maxChangedRows cannot be judged: the predictions are files without lines of text, whose rows only "
            "code of yours can read. Set tryOut.compare instead."
        )
    if differences.share <= most:
        return None
    return (
        f"{differences.changed} of {differences.rows} rows ({differences.share:.1%}) differ from those of what serves; "
        f"tryOut.maxChangedRows allows {most:.1%}"
    )
