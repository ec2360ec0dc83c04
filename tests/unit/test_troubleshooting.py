"""docs/troubleshooting.md quotes what programs say: each message is still in the code.

Compared are the fixed parts: `…` in the page, and what the code fills in, stand for anything. Does not prove that what
a row says of its message is right.
"""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.pages import ROOT, texts

FOREIGN = {
    "the stack is currently locked": "Pulumi's engine",
    "failed to load checkpoint: EOF": "Pulumi's engine",
    "Cannot connect to host 127.0.0.1": "aiohttp",
    "has an authorization with ABAC condition that is not fulfilled": "Azure",
}
"""What is not ours to say, and whose it is; other tests meet the first two."""
ROWS = re.findall(
    r"^\| (?!message|---|exit code|certificate)(.+?) \| .+ \| .+ \|$",
    (ROOT / "docs/troubleshooting.md").read_text(),
    re.MULTILINE,
)
QUOTED = [text.strip() for row in ROWS for text in re.findall(r"(?<!`)(?:``|`)(?!`)(.+?)(?<!`)(?:``|`)(?!`)", row)]


@cache
def _said() -> tuple[str, ...]:
    """Every text of the code and of the Makefile, each in one line."""
    return tuple(map(_flat, [*texts(), (ROOT / "Makefile").read_text(encoding="utf-8")]))


def _flat(text: str) -> str:
    return " ".join(text.split())


def _is_said(message: str) -> bool:
    """Whether one text of the code has all the fixed parts in their order."""
    parts = [re.escape(part.strip()) for part in message.split("…") if part.strip(" .:()'")]
    pattern = re.compile(".*".join(parts))
    return any(pattern.search(text) for text in _said())


def test_the_page_quotes_enough() -> None:
    assert len(QUOTED) > 70
    assert len(set(QUOTED)) == len(QUOTED)
    assert set(FOREIGN) <= set(QUOTED)


@pytest.mark.parametrize("message", [each for each in QUOTED if each not in FOREIGN])
def test_a_quoted_message_is_still_said(message: str) -> None:
    assert _is_said(message)


def test_a_message_that_nothing_says_is_noticed() -> None:
    assert not _is_said("the release of … was eaten by a …")


def test_readme_sends_a_reader_there() -> None:
    assert "](docs/troubleshooting.md)" in Path(ROOT / "README.md").read_text(encoding="utf-8")
