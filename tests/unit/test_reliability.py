"""docs/reliability.md: the rows of the fault matrix, and that the tests which they name exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = re.findall(
    r"^\| (F\d\d) \|(.*)\|$", (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8"), re.MULTILINE
)


@cache
def _tests(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def test_there_are_38_rows_in_their_order() -> None:
    assert [name for name, _ in ROWS] == [f"F{number:02}" for number in range(1, 39)]


@pytest.mark.parametrize(("name", "cells"), ROWS, ids=[name for name, _ in ROWS])
def test_each_row_is_shown_by_a_test(name: str, cells: str) -> None:
    fault, happens, told, tests = (each.strip() for each in cells.split("|"))
    assert all((fault, happens, told)), name
    named = re.findall(r"`([\w/.-]+\.py)::(test_\w+)`", tests)
    assert named
    assert [each for file, each in named if each not in _tests(file)] == []
