"""The suite itself: `make test-long` runs all long tests, and nothing is skipped."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolchain.places import REPOSITORY

FILES = sorted([*REPOSITORY.glob("tests/**/*.py"), *REPOSITORY.glob("packages/*/tests/**/*.py")])
SKIPS = {"skip", "skipif", "importorskip", "skipTest", "xfail"}


def parts() -> list[str]:
    """Return the parts that the Makefile runs."""
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    found = re.search(r"^PARTS := (.+)$", text, re.MULTILINE)
    assert found
    return found[1].split()


def long_marks(tree: ast.AST) -> Iterator[str]:
    """Yield each use of the marker `long` as its source text."""
    calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "pytest.mark.long":
            yield ast.unparse(calls.get(id(node), node))


def marks() -> list[str]:
    """Return all uses of the marker in the suite."""
    return [
        f"{path.name}: {mark}" for path in FILES for mark in long_marks(ast.parse(path.read_text(encoding="utf-8")))
    ]


def test_every_long_test_stands_in_a_part() -> None:
    known = {f"pytest.mark.long(part='{part}')" for part in parts()}
    assert [each for each in marks() if each.split(": ")[1] not in known] == []


def test_every_part_has_tests() -> None:
    """A part without any fails in `make test-long`."""
    text = "\n".join(marks())
    assert [part for part in parts() if f"long(part='{part}')" not in text] == []


def test_the_help_names_the_parts() -> None:
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert f"one part of: {' '.join(parts())}\n" in text
    described = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    assert [part for part in parts() if f"{part} (" not in described] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_nothing_is_skipped(path: Path) -> None:
    """What cannot run here fails: a skipped test is one that nobody misses."""
    used = [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in SKIPS
        if ast.unparse(node).startswith(("pytest.", "unittest.", "self."))
    ]
    assert used == []
