"""The predictions of a scoring job, on this machine."""

import csv
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from modelops import azure
from modelops.errors import NoPredictionsError, UsageError

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_OUTPUT: Final = "score"
# MLflow's rows have commas, the rows of a data frame spaces, and a script's own whatever it likes.
_SEPARATORS: Final = (",", "\t", " ")
PARQUET: Final = (".parquet", ".pqt")
"""Suffixes of Parquet files, in small letters."""
_SHOWN: Final = 5
_LONGEST: Final = 10_000
"""Characters of a line that are looked at."""


class FirstRows(NamedTuple):
    """The first rows of a file, in columns; a row is one column if the file has no columns that can be told."""

    file: Path
    rows: tuple[tuple[str, ...], ...]


def download(ml: "MLClient", job: str, folder: Path) -> tuple[Path, ...]:
    """Download the job's predictions into `folder` and return the files.

    Raises:
        UsageError: `folder` already has files; predictions of two jobs must not mix.
        NoPredictionsError: the job wrote nothing.
        ReleaseError: the service refused it.
    """
    require_empty(folder)
    folder.mkdir(parents=True, exist_ok=True)
    copy(ml, job, folder)
    files = files_in(folder)
    if not files:
        raise NoPredictionsError(f"job {job} completed but wrote no predictions.")
    return tuple(folder / path for path in files)


def copy(ml: "MLClient", job: str, folder: Path) -> None:
    """Download what a job wrote, if it wrote something, into a folder that exists.

    Raises:
        ReleaseError: the service refused it.
    """
    with azure.step(f"downloading the predictions of job {job}"):
        ml.jobs.download(job, download_path=folder, output_name=_OUTPUT)


def files_in(folder: Path) -> tuple[Path, ...]:
    """Return the files below a folder, as paths below it, in order; none if there is no such folder."""
    return tuple(sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file()))


def replace(ml: "MLClient", job: str, folder: Path) -> tuple[Path, ...]:
    """Download the job's predictions beside `folder`, put them into its place, and return the files.

    Raises:
        NoPredictionsError: the job wrote nothing.
        ReleaseError: the service refused it; `folder` keeps what it had in both cases.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        new = Path(beside) / "new"
        files = [path.relative_to(new) for path in download(ml, job, new)]
        if folder.exists():
            folder.rename(Path(beside) / "old")
        new.rename(folder)
    return tuple(folder / file for file in files)


def require_empty(folder: Path) -> None:
    """Refuse a download folder that is not empty.

    Raises:
        UsageError: it is a file, or not empty.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise UsageError(f"--download {folder.as_posix()!r} is not empty. Name a new folder, or remove this one first.")


def rows(files: Sequence[Path]) -> int:
    """Return the number of lines of files, without those of Parquet files."""
    number = 0
    for file in files:
        if file.suffix.lower() not in PARQUET:
            with file.open("rb") as lines:
                number += sum(1 for _ in lines)
    return number


def cells(line: str, separator: str) -> tuple[str, ...]:
    """Return the cells of a line: quoted as in CSV, or as they stand if the quotes are not those of CSV.

    Each line is a row: a script's own texts are written as they are, and a quote that is never closed must not take the
    rows after it.
    """
    line = line.rstrip("\r\n")
    try:
        return tuple(next(csv.reader([line], delimiter=separator, strict=True), ()))
    except csv.Error:  # quotes that are not CSV's, or a cell of more than 131,072 characters
        return tuple(line.split(separator))


def first_rows(files: Sequence[Path], most: int = _SHOWN) -> FirstRows | None:
    """Return the first rows of the first file that is a text with rows; None if there is none."""
    for file in files:
        try:
            with file.open(encoding="utf-8") as opened:
                lines = [line[:_LONGEST].rstrip("\r\n") for line in islice(opened, most)]
        except (OSError, UnicodeDecodeError):
            continue
        if any(lines) and not any("\0" in line for line in lines):
            return FirstRows(file, _columns(lines))
    return None


def _columns(lines: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    for separator in _SEPARATORS:
        # Python's text of a list or an object, and JSON, have commas that do not separate columns.
        if not any(line.startswith(("[", "(", "{")) for line in lines):
            rows = tuple(cells(line, separator) for line in lines)
            if len({len(row) for row in rows}) == 1 and len(rows[0]) > 1:
                return rows
    return tuple((line,) for line in lines)
