"""The first rows of a file of predictions: CSV, JSON lines or Parquet. A page reads little of a file, however large."""

import csv
import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

ROWS: Final = 20
"""How many rows of a file a page shows."""
_COLUMNS: Final = 16
_CELL: Final = 200
_HEAD_BYTES: Final = 256 * 1024
_COUNTED_BYTES: Final = 64 * 1024 * 1024
_PIECE: Final = 1 << 20
_TEXT: Final = 4000
_DELIMITERS: Final = (",", "\t", ";", " ")
"""A returned DataFrame is written with spaces."""
_PARQUET: Final = b"PAR1"
_WITHOUT_PYARROW: Final = "Parquet. To see its rows here: pip install pyarrow, in the sandbox's Python."


class Table(NamedTuple):
    """Rows; ``columns`` is empty if they have no names."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Preview(NamedTuple):
    """The beginning of a file.

    Attributes:
        name: the path below the job's output.
        size: in words.
        rows: how many rows it has, in words; empty: unknown.
        table: the rows; None: the file has no rows.
        text: the beginning, if it is text and no table.
        note: why there is nothing to see.
        is_cut: whether it has more rows than the table.
    """

    name: str
    size: str
    rows: str = ""
    table: Table | None = None
    text: str = ""
    note: str = ""
    is_cut: bool = False


def preview(name: str, file: Path) -> Preview:
    """Read the beginning of a file.

    Raises:
        OSError: it cannot be read.
    """
    size = file.stat().st_size
    with file.open("rb") as opened:
        head = opened.read(_HEAD_BYTES)
    shown = Preview(name, size_of(size))
    if not head:
        return shown._replace(note="The file is empty.")
    if head.startswith(_PARQUET):
        return _parquet(shown, file, size)
    if b"\0" in head:
        return shown._replace(note="Not a text: nothing to show.")
    text = head.decode("utf-8", errors="replace").removeprefix("\ufeff")
    lines = text.splitlines()
    if size > len(head) and len(lines) > 1:
        del lines[-1]  # it may go on
    table = _json_lines(lines) or (None if _is_document(name, text) else _csv(lines))
    if table is None:
        return shown._replace(text=text[:_TEXT] + ("…" if len(text) > _TEXT or size > len(head) else ""))
    has_names = bool(table.columns) and not text.lstrip().startswith("{")
    rows, count = _count(file, size, names=int(has_names))
    return shown._replace(table=table, rows=count, is_cut=rows > len(table.rows))


def size_of(count: int) -> str:
    """Return a size in words: 1,000 bytes are a kB."""
    if count < 1000:  # noqa: PLR2004
        return f"{count} byte{'' if count == 1 else 's'}"
    size, unit = count / 1000, "kB"
    for larger in ("MB", "GB", "TB"):
        if size < 1000:  # noqa: PLR2004
            break
        size, unit = size / 1000, larger
    return f"{size:.3g} {unit}" if size < 100 else f"{size:.0f} {unit}"  # noqa: PLR2004


def _is_document(name: str, text: str) -> bool:
    return name.lower().endswith(".json") or text.lstrip().startswith(("{", "["))


def _csv(lines: Sequence[str]) -> Table | None:
    """Return the rows of delimited lines; None if they have no rows."""
    shown = lines[: ROWS + 1]
    try:
        rows = list(csv.reader(shown, delimiter=_delimiter(shown)))
    except csv.Error:
        return None
    rows = [row for row in rows if row]
    if not rows:
        return None
    names = tuple(rows.pop(0)) if _has_names(rows) else ()
    return Table(_cut(names), tuple(_cut(row) for row in rows[:ROWS]))


def _delimiter(lines: Sequence[str]) -> str:
    """Return the first delimiter by which all lines have the same number of values, more than one."""
    for delimiter in _DELIMITERS:
        try:
            widths = {len(row) for row in csv.reader(lines, delimiter=delimiter) if row}
        except csv.Error:
            continue
        if len(widths) == 1 and widths != {1}:
            return delimiter
    return _DELIMITERS[0]


def _has_names(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names columns: it has no number, and below it a column has nothing else."""
    first, *others = rows
    if not others or len(set(first)) < len(first) or any(not cell.strip() or _is_number(cell) for cell in first):
        return False
    return any(all(at < len(row) and _is_number(row[at]) for row in others) for at in range(len(first)))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _json_lines(lines: Sequence[str]) -> Table | None:
    """Return the rows of JSON lines; None if a line is something else."""
    shown = [line for line in lines[:ROWS] if line.strip()]
    rows = []
    for line in shown:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(row, dict):
            return None
        rows.append(row)
    return _named(rows) if rows else None


def _named(rows: Sequence[dict[str, Any]]) -> Table:
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return Table(_cut(columns), tuple(_cut([_value(row.get(name)) for name in columns[:_COLUMNS]]) for row in rows))


def _value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return size_of(len(value))
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _cut(cells: Sequence[str]) -> tuple[str, ...]:
    shown = tuple(cell if len(cell) <= _CELL else f"{cell[:_CELL]}…" for cell in cells[:_COLUMNS])
    return (*shown, f"… {len(cells) - _COLUMNS} more") if len(cells) > _COLUMNS else shown


def _count(file: Path, size: int, *, names: int) -> tuple[int, str]:
    """Return how many lines a file has, without that of the columns' names, and in words; at least, if it is large."""
    lines, last, left = 0, b"", _COUNTED_BYTES
    with file.open("rb") as opened:
        while left > 0 and (piece := opened.read(min(_PIECE, left))):
            lines, last, left = lines + piece.count(b"\n"), piece[-1:], left - len(piece)
    rows = lines - names + (size <= _COUNTED_BYTES and last != b"\n")
    word = "row" if rows == 1 else "rows"
    return rows, f"{rows:,} {word}" if size <= _COUNTED_BYTES else f"more than {rows:,} {word}"


def _parquet(shown: Preview, file: Path, size: int) -> Preview:
    """Read a Parquet file if pyarrow is here; the rows only of one that is not large."""
    try:
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        return shown._replace(note=_WITHOUT_PYARROW)
    try:
        with parquet.ParquetFile(file) as opened:
            total = int(opened.metadata.num_rows)
            count = f"{total:,} row{'' if total == 1 else 's'}"
            columns = ", ".join(opened.schema_arrow.names)
            if size > _COUNTED_BYTES:
                return shown._replace(rows=count, note=f"Parquet with the columns {columns[:_TEXT]}.")
            batch = next(opened.iter_batches(batch_size=ROWS), None)
    except (OSError, ValueError, TypeError) as error:  # pyarrow's own errors are subclasses
        return shown._replace(note=f"Parquet that cannot be read: {str(error)[:_CELL]}")
    rows = batch.to_pylist() if batch is not None else []
    if not rows:
        return shown._replace(rows=count, note=columns)
    return shown._replace(rows=count, table=_named(rows), is_cut=total > len(rows))
