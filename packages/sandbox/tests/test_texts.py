"""No message, docstring or comment of the packages points into a checkout; users of a wheel do not have one.

Does not prove that the commands in messages work.
"""

import re
from pathlib import Path

import pytest

PACKAGES = Path(__file__).resolve().parents[2]
TARGETS = re.findall(r"^([a-z-]+):", (PACKAGES.parent / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
POINTERS = rf"\bmake (?:{'|'.join(TARGETS)})\b|(?<![\w./-])(?:docs|examples|packages|tests|toolchain|tools)/\w"


@pytest.mark.parametrize("package", ["sandbox", "pulumi-standins"])
def test_no_text_points_into_a_checkout(package: str) -> None:
    found = [
        f"{path.relative_to(PACKAGES)}:{number}: {line.strip()}"
        for path in sorted((PACKAGES / package / "src").rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(POINTERS, line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("Run: make up", True),
        ("See docs/sandbox.md.", True),
        ("(tests/modelops)", True),
        ("can make a small text", False),
        ("https://example.com/docs/page", False),
    ],
)
def test_knows_a_pointer(text: str, *, points: bool) -> None:
    assert bool(re.search(POINTERS, text)) is points
