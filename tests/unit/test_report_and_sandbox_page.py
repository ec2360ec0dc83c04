"""The report of a release and the page of the sandbox look alike, though neither imports anything of the other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STYLES = (
    ROOT / "modelops" / "report" / "page.css",
    ROOT / "packages" / "sandbox" / "src" / "sandbox" / "page" / "templates" / "page.css",
)


def colours(file: Path) -> list[str]:
    """Return the colours of a style: for light and for dark."""
    return re.findall(r":root \{[^}]*\}", file.read_text(encoding="utf-8"))[:2]


def test_they_have_the_same_colours() -> None:
    report, page = map(colours, STYLES)
    assert len(report) == 2
    assert page == report


def test_what_both_have_is_styled_alike() -> None:
    rules = [
        dict(re.findall(r"^([^{}@\n]+) (\{[^{}]*\})$", file.read_text(encoding="utf-8"), re.MULTILINE))
        for file in STYLES
    ]
    for selector in ("h1", "section", "caption", "th, td", "thead th", "tbody th", ".kicker", ".quiet", ".good"):
        assert rules[0][selector] == rules[1][selector], selector
