"""Which files of an input have a row in the predictions, by a column that has their names.

The service writes what a script returned, one row after another, without a header: a list of texts as it is, a data
frame with spaces, an MLflow model's rows with commas
(https://learn.microsoft.com/azure/machine-learning/how-to-batch-scoring-script,
https://learn.microsoft.com/azure/machine-learning/how-to-mlflow-batch). So the separator is found out: it is the one
that makes most values names of the input's files. A line is a row.
"""

import ast
import importlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from typing import Any, Final

from modelops.errors import UsageError
from modelops.plan.rules import column_position
from modelops.scoring.predictions import PARQUET, cells

_SEPARATORS: Final = (",", " ", "\t", ";", "|", ":")
_QUOTES: Final = " \t\r\n\"'[](){}"
"""Around a value: what Python writes around the texts of a list."""
FILE_NAME: Final = "file_name"
"""The column of an MLflow model's rows that has the file's name."""
_FROM_THE_END: Final[Mapping[str, int]] = {FILE_NAME: -1, "file": -1}
"""Columns of an MLflow model's rows, which have no header: what it predicts is before them and may have commas."""
_LOOKED_AT: Final = 1000


class Names:
    """The names of an input's files, as paths below it."""

    def __init__(self, names: Collection[str]) -> None:
        """Take the files of an input."""
        self._names = frozenset(names)
        self._by_end: dict[str, list[str]] = {}
        for name in self._names:
            for end in _ends(name):
                self._by_end.setdefault(end, []).append(name)

    def found(self, value: str) -> str | None:
        """Return the file that a value names: by its own name, by more of its path, or by a path that ends with it.

        None if there is not just one: `a.png` is the end of `sub/a.png` too.
        """
        named = self.named(value)
        return named[0] if len(named) == 1 else None

    def named(self, value: str) -> list[str]:
        """Return the files that a value can mean, in order."""
        for text in (value.strip(), value.strip(_QUOTES)):
            for number, end in enumerate(_ends(text)):
                if number == 0 and end in self._by_end:
                    return sorted(self._by_end[end])
                if end in self._names:
                    return [end]
        return []

    def require_one(self, value: str) -> None:
        """Refuse a value that is the name of several files.

        Raises:
            UsageError: it is.
        """
        same = self.named(value)
        if len(same) > 1:
            raise UsageError(
                f"--key: {value!r} is the name of {len(same)} files of the input, {same[0]} and {same[1]} among them: "
                "rows have to name whole paths, as run() gets them. Without --key the files are counted by "
                "mini-batches."
            )


def _ends(path: str) -> Iterator[str]:
    """Yield a path, and what is left of it without its first parts."""
    parts = PurePosixPath(path).parts
    for first in range(len(parts)):
        yield "/".join(parts[first:])


def scored(files: Iterable[Path], key: str, names: Collection[str]) -> frozenset[str]:
    """Return those of the input's files that have a row.

    Args:
        files: the predictions; Parquet files by their ending, all others as lines of text.
        key: the column with the file's name: its position from 1, or its name where the predictions have names
            (Parquet, a first line with names, lines of JSON). The service writes rows without such a line: there
            `file_name` and `file` are the last column, as an MLflow model's rows have it, and other names find nothing.
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
        counted = [(sum(bool(known.named(each)) for each in _column(head, key, by, known)), by) for by in _SEPARATORS]
        _, separator = max(counted, key=lambda each: each[0])
        yield from _column(chain(head, lines), key, separator, known)


def _position(key: str) -> int | None:
    """Return the index of a column that needs no line of names; None for other names."""
    at = column_position(key)
    return at if at is not None else _FROM_THE_END.get(key)


def _column(lines: Iterable[str], key: str, separator: str, known: Names) -> Iterator[str]:
    """Yield the values of a column of separated lines."""
    position = _position(key)
    for number, line in enumerate(lines):
        row = cells(line, separator)
        header = [each.strip() for each in row]
        # A row with a file's name is not a header: an MLflow model can predict the word `file`.
        if number == 0 and column_position(key) is None and key in header and not any(map(known.named, row)):
            position = header.index(key)
        elif position is None:
            return
        elif -len(row) <= position < len(row):
            yield row[position]


def _of_mappings(lines: Iterable[str], key: str) -> Iterator[str]:
    """Yield the values of a member of lines of JSON, or of Python's dictionaries, which the service writes so."""
    for line in lines:
        row = _mapping(line)
        if key in row:
            yield str(row[key])
        elif (at := column_position(key)) is not None and at < len(row):
            yield str(list(row.values())[at])


def _mapping(line: str) -> Mapping[str, Any]:
    for read in (json.loads, ast.literal_eval):
        try:
            row = read(line)
        except (ValueError, SyntaxError, RecursionError, MemoryError):  # the last two: brackets in brackets
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
    at = column_position(key)
    name = columns[at] if at is not None and at < len(columns) else key
    if name not in columns:
        raise UsageError(f"--key {key}: {file.name} has no such column. Allowed are: {', '.join(columns)}.")
    for value in parquet.read_table(file, columns=[name]).column(name).to_pylist():
        yield str(value)
