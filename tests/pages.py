"""What the repository says to people: the fenced blocks and commands of its pages, and the texts of its code."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]

_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([\w./-]+\.\w+)`[^`]*$")


class Block(NamedTuple):
    """A fenced block: its language, its text, the line where it begins, and the file that the text before it names."""

    kind: str
    text: str
    line: int
    file: str


def blocks(page: str) -> Iterator[Block]:
    """Return the blocks of a page, such as ``docs/tutorial.md``, in their order.

    A block's file is the last one that the paragraph before the block names in backticks.
    """
    text = (ROOT / page).read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        paragraph = text[: found.start()].rstrip().rpartition("\n\n")[2]
        named = _FILE.search(paragraph)
        inside = re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE)
        yield Block(found[2], inside, text.count("\n", 0, found.start()) + 2, named[1] if named else "")


def edited(text: str, diff: str) -> str:
    """Return a text after the edit that a ``diff`` block shows: lines with - go, lines with + come.

    Raises:
        ValueError: The lines of before are not in the text, or are there more than once.
    """
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    if text.count(before) != 1:
        raise ValueError(f"stands {text.count(before)} times in the file, and has to be there once:\n{before}")
    return text.replace(before, after)


class Command(NamedTuple):
    """A command that a page prints: its text without a comment, in one line, and where it is."""

    text: str
    page: str
    line: int


PROGRAMS = (
    "az",
    "bash",
    "curl",
    "eval",
    "find",
    "gh",
    "git",
    "make",
    "pip",
    "pipx",
    "pulumi",
    "python",
    "python3",
    "uv",
)
_BEGINS = re.compile(rf"(?:\.venv/bin/)?(?:{'|'.join(PROGRAMS)})(?= )")


def commands(page: str) -> Iterator[Command]:
    """Return the commands of a page: those of its ``sh`` blocks, and those in backticks within its text."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for block in blocks(page):
        if block.kind == "sh":
            joined = re.sub(r"\\\n *", "", block.text)
            for line in joined.splitlines():
                if typed := re.sub(r"(^|\s+)# .*$", "", line).strip():
                    yield Command(typed, page, block.line)
    outside = _BLOCK.sub(lambda found: "\n" * found[0].count("\n"), text)
    for found in re.finditer(r"(?<!`)`([^`]+)`(?!`)", outside):
        typed = " ".join(found[1].split())
        if _BEGINS.match(typed) and "..." not in typed:
            yield Command(typed, page, outside.count("\n", 0, found.start()) + 1)


CODE = (
    "settings",
    "components",
    "modelops",
    "policy",
    "prerequisites",
    "ci",
    "toolchain",
    "packages/sandbox/src",
    "packages/pulumi-standins/src",
)
"""The folders of the programs that print something."""


@cache
def texts() -> tuple[str, ...]:
    """Return every text in the code, in which `…` stands for what is filled in; docstrings are not among them."""
    files = (file for folder in CODE for file in sorted((ROOT / folder).rglob("*.py")))
    return tuple(text for file in files for text in _texts(ast.parse(file.read_text(encoding="utf-8"))))


def _texts(tree: ast.AST) -> Iterator[str]:
    nodes = list(ast.walk(tree))
    formatted = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    apart = {id(each) for node in formatted for each in node.values}
    apart |= {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for text in formatted:
        yield "".join(str(each.value) if isinstance(each, ast.Constant) else "…" for each in text.values)
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
            yield node.value
