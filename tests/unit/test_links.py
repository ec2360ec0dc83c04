"""Links between pages, and the pages that code names: each file and each heading exists.

Does not prove that an address on the internet answers.
"""

import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_LISTED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    check=True,
    capture_output=True,
    text=True,
).stdout.splitlines()
FILES = [name for name in _LISTED if (ROOT / name).is_file()]
PAGES = [name for name in FILES if name.endswith(".md") and name != "CHANGELOG.md"]
"""All but the changelog, whose older versions are history."""
CODE = [name for name in FILES if name.endswith((".py", ".yml", ".yaml", ".toml", ".mod")) or name == "Makefile"]

_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
_NAMED = re.compile(r"(?<![\w/.-])((?:packages/[\w-]+/)?docs/[\w/-]+\.md)(?:#([\w-]+))?")


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the anchors of a page as GitHub makes them: lower case, without punctuation, hyphens for spaces."""
    found: Counter[str] = Counter()
    names = set()
    for heading in re.findall(r"^#+ (.+)$", _FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
        names.add(f"{slug}-{found[slug]}" if found[slug] else slug)
        found[slug] += 1
    return frozenset(names)


def _wrong(target: Path, anchor: str) -> str:
    if not target.exists():
        return "no such file"
    if anchor and anchor not in anchors(target):
        return f"no heading #{anchor} in {target.relative_to(ROOT)}"
    return ""


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    file = ROOT / page
    links = _LINK.findall(_FENCED.sub("", file.read_text(encoding="utf-8")))
    wrong = {
        f"{path}#{anchor}": _wrong((file.parent / path).resolve() if path else file, anchor) for path, anchor in links
    }
    assert {link: why for link, why in wrong.items() if why} == {}


def test_every_page_that_code_names_is_there() -> None:
    """In messages, comments and docstrings: a message that names a page sends a user there."""
    wrong = [
        f"{name}: {page}: {why}"
        for name in CODE
        for page, anchor in _NAMED.findall((ROOT / name).read_text(encoding="utf-8"))
        if (why := _wrong(_page(name, page), anchor))
    ]
    assert wrong == []


def _page(name: str, page: str) -> Path:
    """A package's own docs come first: it names them without its folder."""
    own = Path(*Path(name).parts[:2]) / page if name.startswith("packages/") else Path(page)
    return ROOT / (own if (ROOT / own).exists() else page)


@pytest.mark.parametrize("page", [name for name in PAGES if Path(name).parent == Path("docs")])
def test_every_page_can_be_found(page: str) -> None:
    """README leads to every page of docs/."""
    assert f"]({page}" in (ROOT / "README.md").read_text(encoding="utf-8")
