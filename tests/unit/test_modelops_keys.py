"""Which files have a row, by a column of predictions in the formats that the service and scripts write."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modelops.errors import UsageError
from modelops.scoring import keys

NAMES = ("a.csv", "b c.csv", "sub/d.csv", "1.csv")


@pytest.mark.parametrize(
    ("key", "text", "found"),
    [
        ("1", "a.csv,0.5\nsub/d.csv,0.25\n", {"a.csv", "sub/d.csv"}),
        ("2", "0.5 a.csv\n0.25 d.csv\n", {"a.csv", "sub/d.csv"}),
        ("1", '"b c.csv" 0.5\na.csv 0.25\n', {"a.csv", "b c.csv"}),
        ("1", "a.csv\tx\nd.csv\ty\n", {"a.csv", "sub/d.csv"}),
        ("1", "a.csv: 7\nb c.csv: 3\n", {"a.csv", "b c.csv"}),
        ("1", "/mnt/batch/in/sub/d.csv|7\n", {"sub/d.csv"}),
        ("1", "a.csv\nb c.csv\n", {"a.csv", "b c.csv"}),
        ("1", "['a.csv', 0]\n['d.csv', 1]\n", {"a.csv", "sub/d.csv"}),
        ("1", "('a.csv', 3, 0.5)\n", {"a.csv"}),
        ("file", "{'file': 'a.csv', 'p': 1}\n{'p': 2}\n", {"a.csv"}),
        ("2", '{"p": 1, "file": "a.csv"}\nnothing\n', {"a.csv"}),
        ("file_name", "0,1.5,a.csv\n1,[0.1, 0.2],d.csv\n", {"a.csv", "sub/d.csv"}),
        ("name", "row;name;p\n0;a.csv;1\n1;1.csv;1\n", {"a.csv", "1.csv"}),
        ("1", "\n".join(["a.csv,1"] * 1500 + ["1.csv,2"]), {"a.csv", "1.csv"}),
        ("file_name", "file_name,p,note\na.csv,1,x\nd.csv,2,y\n", {"a.csv", "sub/d.csv"}),
        ("file", "p file note\n1 a.csv x\n", {"a.csv"}),
        ("file", "0,file,a.csv\n1,file_name,d.csv\n", {"a.csv", "sub/d.csv"}),
        ("1", 'a.csv,"not closed\nd.csv,2\n"1.csv,3\n', {"a.csv", "sub/d.csv", "1.csv"}),
        ("2", '"5 a.csv\n7" d.csv\n', {"a.csv", "sub/d.csv"}),
        ("1", f"a.csv,{'x' * 200_000}\nd.csv,\0\n1.csv,2\n", {"a.csv", "sub/d.csv", "1.csv"}),
    ],
)
def test_finds_the_files_that_have_a_row(tmp_path: Path, key: str, text: str, found: set[str]) -> None:
    (tmp_path / "predictions.csv").write_text(text, encoding="utf-8")
    assert keys.scored([tmp_path / "predictions.csv"], key, NAMES) == found


def test_all_files_of_the_output_are_read(tmp_path: Path) -> None:
    for number, text in enumerate(("a.csv,1\n", "7 1.csv\n", "")):
        (tmp_path / f"{number}.txt").write_text(text, encoding="utf-8")
    (tmp_path / "0.txt").write_text("1.csv,1\n", encoding="utf-8")
    (tmp_path / "1.txt").write_text("a.csv 1\n", encoding="utf-8")
    assert keys.scored(sorted(tmp_path.iterdir()), "1", NAMES) == {"a.csv", "1.csv"}


def test_a_column_without_names_of_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("a.csv,0.5\n", encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        keys.scored([tmp_path / "p.csv"], "2", NAMES)
    assert str(refused.value) == (
        "--key 2: no value of this column, such as '0.5', is the name of a file of the input, such as '1.csv'. Allowed "
        "are the position of a column, from 1, and the name of one."
    )
    with pytest.raises(UsageError, match=r"^--key nix: no value of this column, if it has any, is the name of a file "):
        keys.scored([tmp_path / "p.csv"], "nix", NAMES)


@pytest.mark.parametrize(
    ("value", "names", "found"),
    [
        ("sub1/a.png", ("sub2/a.png",), None),
        ("sub2/a.png", ("sub2/a.png",), "sub2/a.png"),
        ("a.png", ("sub2/a.png",), "sub2/a.png"),
        ("a.png", ("a.png", "sub/a.png"), None),
        ("/mnt/in/a.png", ("a.png", "sub/a.png"), "a.png"),
        ("/mnt/in/sub/a.png", ("a.png", "sub/a.png"), "sub/a.png"),
        ("sub/a.png", ("sub/a.png", "x/sub/a.png"), None),
        ("/mnt/in/sub/a.png", ("sub/a.png", "x/sub/a.png"), "sub/a.png"),
        ("a (1)", ("a (1)", "a (1"), "a (1)"),
        ("", ("a.png",), None),
    ],
)
def test_a_value_names_one_file_or_none(value: str, names: tuple[str, ...], found: str | None) -> None:
    assert keys.Names(names).found(value) == found


def test_a_name_that_several_files_have_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("x/a.csv,1\n", encoding="utf-8")
    assert keys.scored([tmp_path / "p.csv"], "1", ("x/a.csv", "y/a.csv")) == {"x/a.csv"}
    (tmp_path / "p.csv").write_text("a.csv,1\n", encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        keys.scored([tmp_path / "p.csv"], "1", ("x/a.csv", "y/a.csv"))
    assert str(refused.value) == (
        "--key: 'a.csv' is the name of 2 files of the input, x/a.csv and y/a.csv among them: rows have to name whole "
        "paths, as run() gets them. Without --key the files are counted by mini-batches."
    )


def test_parquet_files_have_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for pyarrow, which need not be installed."""

    class Table:
        def column(self, name: str) -> Any:
            assert name == "file"
            return SimpleNamespace(to_pylist=lambda: ["a.csv", "1.csv"])

    def read_table(file: Path, columns: list[str]) -> Table:
        assert (file.name, columns) == ("p.parquet", ["file"])
        return Table()

    stand_in: Any = SimpleNamespace(
        read_schema=lambda _file: SimpleNamespace(names=["row", "file"]), read_table=read_table
    )
    monkeypatch.setitem(sys.modules, "pyarrow", SimpleNamespace(parquet=stand_in))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", stand_in)
    assert keys.scored([tmp_path / "p.parquet"], "file", NAMES) == {"a.csv", "1.csv"}
    assert keys.scored([tmp_path / "p.parquet"], "2", NAMES) == {"a.csv", "1.csv"}
    with pytest.raises(UsageError, match=r"^--key nix: p\.parquet has no such column\. Allowed are: row, file\.$"):
        keys.scored([tmp_path / "p.parquet"], "nix", NAMES)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(UsageError, match=r"^--key of p\.parquet: reading Parquet files needs pyarrow, "):
        keys.scored([tmp_path / "p.parquet"], "file", NAMES)
