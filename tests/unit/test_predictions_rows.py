"""The first rows of a job's predictions: which file, which columns, and how they are printed."""

import io
import sys
from pathlib import Path

import pytest

from modelops.commands import terminal
from modelops.scoring.predictions import first_rows


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0,1.5,a.csv\n1,2.5,b.csv\n", (("0", "1.5", "a.csv"), ("1", "2.5", "b.csv"))),
        ('a.csv 1 "x y"\nb.csv 2 z\n', (("a.csv", "1", "x y"), ("b.csv", "2", "z"))),
        ("a\tb c\nd\te\n", (("a", "b c"), ("d", "e"))),
        ("['a.csv', 0]\n['b.csv', 1]\n", (("['a.csv', 0]",), ("['b.csv', 1]",))),
        ('{"a": 1, "b": 2}\n', (('{"a": 1, "b": 2}',),)),
        ("a,b\nc\n", (("a,b",), ("c",))),
        ('1 "x\n2 y\n', (("1", '"x'), ("2", "y"))),
        ("one\ntwo\nthree\n4\n5\n6\n", (("one",), ("two",), ("three",), ("4",), ("5",))),
    ],
    ids=[
        "MLflow",
        "a data frame",
        "tabs",
        "lists",
        "JSON",
        "uneven",
        "a quote that is not closed",
        "one column, five rows",
    ],
)
def test_rows_are_in_columns_where_they_can_be_told(tmp_path: Path, text: str, expected: tuple[object, ...]) -> None:
    file = tmp_path / "predictions.csv"
    file.write_text(text, encoding="utf-8")
    assert first_rows([file]) == (file, expected)


def test_files_without_rows_of_text_are_passed_over(tmp_path: Path) -> None:
    contents = {
        "a.parquet": b"PAR1\x00\xff\xfe",
        "b.npy": b"a\x00b\n",
        "c.csv": b"",
        "d.csv": b"x,1\n",
        "e.csv": b"y\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    files = [tmp_path / name for name in contents]
    assert first_rows(files) == (tmp_path / "d.csv", (("x", "1"),))
    assert first_rows(files[:3]) is None
    assert first_rows([tmp_path / "nowhere"]) is None


ROWS = (("a.csv", "0.25"), ("b.csv", "[link]" + "x" * 200))
WIDE = (("a.csv", "0.25", "7"), ("long.csv", "1", "8"))


def test_elsewhere_rows_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", output := io.StringIO())
    terminal.show_rows(ROWS)
    assert output.getvalue() == f"  a.csv  0.25\n  b.csv  [link]{'x' * 53}…\n"


def test_elsewhere_rows_are_in_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", output := io.StringIO())
    terminal.show_rows(WIDE)
    assert output.getvalue() == "  a.csv     0.25  7\n  long.csv  1     8\n"


def test_on_a_terminal_they_are_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", output := Terminal())
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setenv("TERM", "xterm")
    terminal.show_rows(ROWS)
    assert output.getvalue() == (
        f"┌───────┬─{'─' * 60}─┐\n│ a.csv │ {'0.25':60} │\n│ b.csv │ [link]{'x' * 53}… │\n└───────┴─{'─' * 60}─┘\n"
    )
