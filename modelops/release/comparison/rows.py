"""The rows of a job's predictions, without a header and in any order, and what each is about.

A script's list is written as it is, a data frame with spaces, an MLflow model's rows with commas
(https://learn.microsoft.com/azure/machine-learning/how-to-batch-scoring-script,
https://learn.microsoft.com/azure/machine-learning/how-to-mlflow-batch). So the separator is found out, as
`modelops.scoring.keys` does it. A line is a row.
"""

import ast
import csv
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

from modelops.plan.rules import column_position
from modelops.scoring.keys import FILE_NAME, Names
from modelops.scoring.predictions import PARQUET, files_in

_SEPARATORS: Final = (",", "\t", ";", "|", " ", ":")
_QUOTES: Final = " \t\"'[](){}"
"""Around a value: what Python writes around the texts of a list."""
_DEFAULT_KEYS: Final = ("1", FILE_NAME)
"""Columns that are looked at without a column of the user's: a script's first, and an MLflow model's last."""
_FROM_THE_END: Final[Mapping[str, int]] = {FILE_NAME: -1, "file": -1}


class Row(NamedTuple):
    """A row, in columns.

    Attributes:
        line: as it was written.
        key: what it is about; None: it does not say.
        columns: its other values, by the column's name, or its position from 1.
    """

    line: str
    key: str | None
    columns: Mapping[str, str]


class Text(NamedTuple):
    """A file of lines."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Predictions:
    """The files of a job's predictions."""

    texts: tuple[Text, ...]
    others: Mapping[str, str]
    """Files without lines, such as Parquet files: their paths, and the digests of their bytes."""

    @property
    def lines(self) -> list[str]:
        """All lines."""
        return [line for text in self.texts for line in text.lines]


class Layout(NamedTuple):
    """How rows are read: what separates their columns, and the column that names what a row is about, if any."""

    separator: str
    key: str | None


def read(folder: Path) -> Predictions:
    """Read the files of a folder, without empty lines."""
    texts, others = [], {}
    for path in files_in(folder):
        content = (folder / path).read_bytes()
        name = path.as_posix()
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = "\0"
        if path.suffix.lower() in PARQUET or "\0" in text:
            others[name] = hashlib.sha256(content).hexdigest()
        else:
            # Not splitlines, which takes a form feed for a line's end too.
            lines = (line.removesuffix("\r") for line in text.split("\n"))
            texts.append(Text(name, tuple(line for line in lines if line.strip())))
    return Predictions(tuple(texts), others)


def layout(predictions: Sequence[Predictions], key: str | None, names: Collection[str]) -> Layout:
    """Find out how the rows of one or several jobs on the same input are to be read.

    Args:
        predictions: the jobs'; all have one layout.
        key: the column that says what a row is about: its position from 1, or its name; None: the first or last, if
            all of its values are names of the input's files.
        names: the input's files, as paths below it; none if they are not known.
    """
    known = Names(names)
    texts = [text for each in predictions for text in each.texts]
    for column in [key] if key else _DEFAULT_KEYS:
        for separator in _SEPARATORS:
            named = (known.found(about) is not None for about in _keys(texts, Layout(separator, column)))
            if any(named) if key else next(named, False) and all(named):
                return Layout(separator, column)
    separator = _even(texts)
    has_key = key is not None and any(_keys(texts, Layout(separator, key)))
    return Layout(separator, key if has_key else None)


def rows(predictions: Predictions, how: Layout, names: Collection[str]) -> list[Row]:
    """Return all rows; a key that names a file of the input is that file's path below it."""
    known = Names(names)
    return [
        row._replace(key=_about(row.key, known)) if row.key is not None else row
        for text in predictions.texts
        for row in _rows(text, how)
    ]


def _keys(texts: Sequence[Text], how: Layout) -> Iterator[str]:
    return (row.key or "" for text in texts for row in _rows(text, how))


def _about(value: str, known: Names) -> str:
    if (name := known.found(value)) is not None:
        return name
    value = value.strip(_QUOTES)
    # Each job has its own folder for the same input.
    return PurePosixPath(value).name if value.startswith("/") else value


def _even(texts: Sequence[Text]) -> str:
    """Return the separator by which all rows have the same number of columns; none for rows of one column."""
    lines = [line for text in texts for line in text.lines]
    for separator in _SEPARATORS:
        numbers = {len(_cells(line, separator)) for line in lines}
        if len(numbers) == 1 and numbers != {1}:
            return separator
    return ""


def _rows(text: Text, how: Layout) -> Iterator[Row]:
    header: Sequence[str] | None = None
    for number, line in enumerate(text.lines):
        columns = _mapping(line)
        if columns is None:
            cells = _cells(line, how.separator)
            if number == 0 and how.key and column_position(how.key) is None and how.key in map(str.strip, cells):
                header = [cell.strip() for cell in cells]
                continue
            labels = header if header and len(header) == len(cells) else [str(at) for at in range(1, len(cells) + 1)]
            columns = dict(zip(labels, cells, strict=True))
        label = _label(how.key, list(columns))
        key = columns.pop(label) if label is not None else None
        yield Row(line, key, columns)


def _label(key: str | None, labels: Sequence[str]) -> str | None:
    """Return the label of the column that is the key."""
    if key is None or key in labels:
        return key
    at = column_position(key)
    at = at if at is not None else _FROM_THE_END.get(key)
    return labels[at] if at is not None and -len(labels) <= at < len(labels) else None


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), []) if separator else [line]
    except csv.Error:  # a carriage return within the line, or a longer field than it takes
        return line.split(separator)


def _mapping(line: str) -> dict[str, str] | None:
    """Return the members of a line of JSON, or of Python's text of a dictionary, which the service writes so."""
    if not line.lstrip().startswith("{"):
        return None
    for parsed in (json.loads, ast.literal_eval):
        try:
            found: Any = parsed(line)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, dict):
            return {str(name): str(value) for name, value in found.items()}
    return None
