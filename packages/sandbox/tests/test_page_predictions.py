"""What the page shows of a file of predictions, and how little of it is read."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import pytest

from sandbox.page import predictions
from sandbox.page.images import samples, type_of
from sandbox.page.predictions import Preview, Table, preview, size_of


def shown(tmp_path: Path, content: bytes, name: str = "predictions.csv") -> Preview:
    file = tmp_path / "file"
    file.write_bytes(content)
    return preview(name, file)


@pytest.mark.parametrize(
    ("content", "table", "count"),
    [
        (b"a.png,7,1.0\nb.png,2,0.9\n", Table((), (("a.png", "7", "1.0"), ("b.png", "2", "0.9"))), "2 rows"),
        (b"file,digit\na.png,7\nb.png,2", Table(("file", "digit"), (("a.png", "7"), ("b.png", "2"))), "2 rows"),
        (b"file,note\na.png,x\nb.png,y\n", Table((), (("file", "note"), ("a.png", "x"), ("b.png", "y"))), "3 rows"),
        (b"1 0.5\n2 0.25\n", Table((), (("1", "0.5"), ("2", "0.25"))), "2 rows"),
        (b"1\t0.5\n2\t0.25\n", Table((), (("1", "0.5"), ("2", "0.25"))), "2 rows"),
        (b"1;0.5\n2;0.25\n", Table((), (("1", "0.5"), ("2", "0.25"))), "2 rows"),
        (b'"a,b",1\n', Table((), (("a,b", "1"),)), "1 row"),
        (b"\xef\xbb\xbfx\n1\n", Table(("x",), (("1",),)), "1 row"),
        (b"\xff\xfe,1\n", Table((), (("\ufffd\ufffd", "1"),)), "1 row"),
        (
            b'{"a": 1, "b": [2]}\n{"a": "x", "c": null}\n',
            Table(("a", "b", "c"), (("1", "[2]", ""), ("x", "", ""))),
            "2 rows",
        ),
    ],
)
def test_tables(tmp_path: Path, content: bytes, table: Table, count: str) -> None:
    assert shown(tmp_path, content) == Preview("predictions.csv", size_of(len(content)), count, table, is_cut=False)


def test_a_page_has_twenty_rows_and_sixteen_columns_of_a_large_table(tmp_path: Path) -> None:
    found = shown(tmp_path, (",".join("x" * 300 for _ in range(20)) + "\n").encode() * 50)
    assert found.table is not None
    assert (len(found.table.rows), found.rows, found.is_cut) == (20, "50 rows", True)
    assert [len(each) for each in found.table.rows[0]] == [201] * 16 + [8]
    assert found.table.rows[0][-1] == "… 4 more"


def test_of_a_huge_file_little_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictions, "_COUNTED_BYTES", 1000)
    monkeypatch.setattr(predictions, "_HEAD_BYTES", 105)
    file = tmp_path / "huge.csv"
    with file.open("wb") as opened:
        opened.write(b"a.png,1\n" * 1000)
        opened.truncate(1 << 40)
    found = preview("huge.csv", file)
    assert (found.size, found.rows, found.is_cut) == ("1.1 TB", "more than 125 rows", True)
    assert found.table == Table((), (("a.png", "1"),) * 13), "the last line may go on"


@pytest.mark.parametrize(
    ("content", "name", "text", "note"),
    [
        (b"", "x.csv", "", "The file is empty."),
        (b"\x80\x04\0pickle", "x.pkl", "", "Not a text: nothing to show."),
        (b'{\n "a": 1\n}\n', "x.json", '{\n "a": 1\n}\n', ""),
        (b"[1,\n2]", "x", "[1,\n2]", ""),
        (b"[" * 100_000, "x.json", "[" * 4000 + "…", ""),
        (b"PAR1junk", "x.parquet", "", predictions._WITHOUT_PYARROW),
    ],
)
def test_files_that_are_no_tables(tmp_path: Path, content: bytes, name: str, text: str, note: str) -> None:
    found = shown(tmp_path, content, name)
    assert (found.table, found.text, found.note) == (None, text, note)


class _Parquet:
    """What the page asks of pyarrow, which is not among the sandbox's packages."""

    def __init__(self, file: Path) -> None:
        self.metadata = SimpleNamespace(num_rows=1000)
        self.schema_arrow = SimpleNamespace(names=["file", "digit"])
        if file.stat().st_size < 8:
            raise ValueError("too short")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def iter_batches(self, batch_size: int) -> Iterator[Any]:
        yield SimpleNamespace(to_pylist=lambda: [{"file": "a.png", "digit": 7, "raw": b"xyz"}] * batch_size)


def test_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not proven here: that pyarrow has these members, which its documentation describes (ParquetFile)."""
    module = ModuleType("pyarrow.parquet")
    module.ParquetFile = _Parquet  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyarrow", ModuleType("pyarrow"))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", module)
    found = shown(tmp_path, b"PAR1....", "x.parquet")
    assert (found.rows, found.is_cut, found.table) == (
        *("1,000 rows", True),
        Table(("file", "digit", "raw"), (("a.png", "7", "3 bytes"),) * 20),
    )
    assert shown(tmp_path, b"PAR1", "x.parquet").note == "Parquet that cannot be read: too short"
    monkeypatch.setattr(predictions, "_COUNTED_BYTES", 7)
    large = shown(tmp_path, b"PAR1....", "x.parquet")
    assert (large.rows, large.table, large.note) == ("1,000 rows", None, "Parquet with the columns file, digit.")


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1 kB"), (123_456, "123 kB")]
)
def test_sizes(count: int, text: str) -> None:
    assert size_of(count) == text


def test_rows_belong_to_the_images_that_they_name() -> None:
    table = Table(("file", "digit"), (("/mnt/input/b.png", "2"), ("a.png", "1"), ("none", "3")))
    found = samples(["a.png", "folder/b.png", "c.png", "labels.csv"], table)
    assert [(each.name, each.values) for each in found] == [
        ("a.png", (("digit", "1"),)),
        ("folder/b.png", (("digit", "2"),)),
    ]
    assert [each.name for each in samples(["a.png", "x.txt"], None)] == ["a.png"]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\0\0\0WAVE", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", None),
        (b"", None),
    ],
)
def test_images_by_their_first_bytes(head: bytes, kind: str | None) -> None:
    assert type_of(head) == kind
