"""Which files of an input have a row in the predictions, by a column that has their names.

The service writes what a script returned, one row after another, without a header: a list of texts as it is, a data
frame with spaces, an MLflow model's rows with commas
(https://learn.microsoft.com/azure/machine-learning/how-to-batch-scoring-script,
https://learn.microsoft.com/azure/machine-learning/how-to-mlflow-batch). So the separator is found out: it is the one
that makes most values names of the input's files.
"""

import ast
import csv
import importlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, Final

from modelops.errors import UsageError
from modelops.scoring.predictions import PARQUET

_SEPARATORS: Final = (",", " ", "\t", ";", "|", ":")
_QUOTES: Final = " \t\r\n\"'[](){}"
"""Around a value: what Python writes around the texts of a list."""
FILE_NAME: Final = "file_name"
"""The column of an MLflow model's rows that has the file's name."""
_FROM_THE_END: Final[Mapping[str, int]] = {FILE_NAME: -1, "file": -1}
"""Columns of an MLflow model's rows, by name: what it predicts is before them and may have commas itself."""
_LOOKED_AT: Final = 1000


class Names:
    """The names of an input's files, as paths below it."""

    def __init__(self, names: Collection[str]) -> None:
        """Take the files of an input."""
        self._names = frozenset(names)
        self._by_last: dict[str, list[str]] = {}
        for name in names:
            self._by_last.setdefault(PurePosixPath(name).name, []).append(name)

    def found(self, value: str) -> str | None:
        """Return the file that a value names: by its path below the input or more of it, or by its own name.

        None if no file has the name, or several have it.
        """
        parts = PurePosixPath(value.strip(_QUOTES)).parts
        if not parts or parts[-1] not in self._by_last:
            return None
        for first in range(len(parts)):
            if (name := "/".join(parts[first:])) in self._names:
                return name
        same = self._by_last[parts[-1]]
        return same[0] if len(same) == 1 else None

    def require_one(self, value: str) -> None:
        """Refuse a value that is the name of several files.

        Raises:
            UsageError: it is.
        """
        same = self._by_last.get(value.strip(_QUOTES), [])
        if len(same) > 1:
            raise UsageError(
                f"--key: {value!r} is the name of {len(same)} files of the input, {same[0]} and {same[1]} among them: "
                "rows have to name their paths below the input. Without --key the files are counted by mini-batches."
            )


def scored(files: Iterable[Path], key: str, names: Collection[str]) -> frozenset[str]:
    """Return those of the input's files that have a row.

    Args:
        files: the predictions; Parquet files by their ending, all others as lines of text.
        key: the column with the file's name: its position from 1, or its name where the predictions have names
            (Parquet, a first line with names, lines of JSON), and `file_name` of an MLflow model.
        names: the input's files, as paths below the input.

    Raises:
        UsageError: no value of the column names a file of the input, or one names several.
    """
    known, found, example = Names(names), set[str](), ""
    for file in files:
        for value in _values(file, key, known):
            if (name := known.found(value)) is not None:
                found.add(name)
            else:
                known.require_one(value)
                example = example or value.strip()
    if not found and names:
        what = f"such as {example!r}, " if example else "if it has any, "
        raise UsageError(
            f"--key {key}: no value of this column, {what}is the name of a file of the input, such as "
            f"{min(names)!r}. Allowed are the position of a column, from 1, and the name of one."
        )
    return frozenset(found)


def _values(file: Path, key: str, known: Names) -> Iterator[str]:
    """Yield the values of a column of a file."""
    if file.suffix.lower() in PARQUET:
        yield from _parquet(file, key)
        return
    with file.open(encoding="utf-8", errors="replace", newline="") as lines:
        head = list(islice(lines, _LOOKED_AT))
        if head and head[0].lstrip().startswith("{"):
            yield from _of_mappings(head, key)
            yield from _of_mappings(lines, key)
            return
        counted = [(sum(known.found(each) is not None for each in _column(head, key, by)), by) for by in _SEPARATORS]
        _, separator = max(counted, key=lambda each: each[0])
        yield from _column([*head, *lines] if _position(key) is None else head, key, separator)
        if _position(key) is not None:
            yield from _column(lines, key, separator)


def _position(key: str) -> int | None:
    """Return the index of a column that needs no line of names; None for other names."""
    if key.isdecimal() and int(key) > 0:
        return int(key) - 1
    return _FROM_THE_END.get(key)


def _column(lines: Iterable[str], key: str, separator: str) -> Iterator[str]:
    """Yield the values of a column of separated lines."""
    position = _position(key)
    rows: Iterator[Sequence[str]] = csv.reader(lines, delimiter=separator)
    for row in rows:
        if position is None:
            header = [each.strip() for each in row]
            if key not in header:
                return
            position = header.index(key)
        elif -len(row) <= position < len(row):
            yield row[position]


def _of_mappings(lines: Iterable[str], key: str) -> Iterator[str]:
    """Yield the values of a member of lines of JSON, or of Python's dictionaries, which the service writes so."""
    for line in lines:
        row = _mapping(line)
        if key in row:
            yield str(row[key])
        elif key.isdecimal() and 0 < int(key) <= len(row):
            yield str(list(row.values())[int(key) - 1])


def _mapping(line: str) -> Mapping[str, Any]:
    for read in (json.loads, ast.literal_eval):
        try:
            row = read(line)
        except (ValueError, SyntaxError):
            continue
        if isinstance(row, dict):
            return row
    return {}


def _parquet(file: Path, key: str) -> Iterator[str]:
    """Yield the values of a column of a Parquet file.

    Raises:
        UsageError: pyarrow, which reads it, is not installed, or there is no such column.
    """
    try:
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise UsageError(
            f"--key of {file.name}: reading Parquet files needs pyarrow, which is not installed here. Run `python -m "
            "pip install pyarrow`, or leave --key out: then the files are counted by mini-batches."
        ) from None
    columns: list[str] = parquet.read_schema(file).names
    name = columns[int(key) - 1] if key.isdecimal() and 0 < int(key) <= len(columns) else key
    if name not in columns:
        raise UsageError(f"--key {key}: {file.name} has no such column. Allowed are: {', '.join(columns)}.")
    for value in parquet.read_table(file, columns=[name]).column(name).to_pylist():
        yield str(value)
