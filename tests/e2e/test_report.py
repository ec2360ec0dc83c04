"""The report of a real release, opened in a browser: light and dark, wide and narrow, printed, and without a network.

What the page says: tests/unit/test_report_page.py. What a release keeps for it: tests/modelops/test_release_report.py.
"""

import asyncio
import json
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from modelops.report import page
from modelops.report.page import Release
from tests.e2e import browser
from tests.e2e.rehearsal import Rehearsal
from tests.e2e.test_compared import ask, count_wrong
from tests.unit.reports import FAILED, RELEASED, Page, hostile

_SCHEMES = ("light", "dark")
_WIDTHS = (1280, 400)
_IMAGES = "[...document.images].map(each => each.complete && each.naturalWidth > 0)"


class View(NamedTuple):
    """The page as one person sees it."""

    background: str
    too_wide: int
    too_faint: list[str]
    images: list[bool]
    picture: bytes


class Seen(NamedTuple):
    """What the browser found."""

    views: dict[tuple[str, int], View]
    schemes: set[str]
    """Of the addresses that it asked."""
    complaints: list[str]
    headings: list[str]
    named_images: list[str]
    printed: bytes


async def _seen(file: Path, home: Path) -> Seen:
    views: dict[tuple[str, int], View] = {}
    schemes: set[str] = set()
    complaints: list[str] = []
    async with browser.tab(home) as tab:
        for scheme in _SCHEMES:
            for width in _WIDTHS:
                await tab.open(file, scheme=scheme, width=width)
                views[scheme, width] = View(
                    await tab.value("getComputedStyle(document.body).backgroundColor"),
                    await tab.value("document.documentElement.scrollWidth - document.documentElement.clientWidth"),
                    await tab.too_faint(),
                    await tab.value(_IMAGES),
                    await tab.picture(),
                )
                asked = tab.of("Network.requestWillBeSent")
                schemes |= {urlsplit(each["request"]["url"]).scheme for each in asked}
                logged: list[Any] = [*tab.of("Log.entryAdded"), *tab.of("Runtime.consoleAPICalled")]
                complaints += [json.dumps(each) for each in logged]
        headings, images = await tab.names("heading"), await tab.names("image")
        return Seen(views, schemes, complaints, headings, images, await tab.printed())


def _require_good(seen: Seen) -> None:
    """Require that the page fits the window, that its texts can be read, and that it asks no network."""
    assert seen.schemes <= {"file", "data"}
    assert seen.complaints == []
    assert {key: view.too_wide for key, view in seen.views.items()} == dict.fromkeys(seen.views, 0)
    assert {key: view.too_faint for key, view in seen.views.items()} == {key: [] for key in seen.views}
    backgrounds = {
        scheme: {view.background for (of, _), view in seen.views.items() if of == scheme} for scheme in _SCHEMES
    }
    assert [len(each) for each in backgrounds.values()] == [1, 1]
    assert backgrounds["light"] != backgrounds["dark"]
    assert seen.printed.startswith(b"%PDF")


@pytest.mark.long(part="browser")
def test_the_report_of_a_release_is_opened(deployed: Rehearsal, tmp_path: Path) -> None:
    old = deployed.default
    ask(deployed, samples=4)
    count_wrong(deployed)
    deployed.up()
    said = deployed.run("python", "-m", "modelops", "report", "--stack", "dev").ok()
    assert said.text.splitlines()[-1] == "reports/release.html"
    assert "reports" not in deployed.changed_files()
    assert "<td>code changed</td>" in (deployed.folder / "reports" / "release.html").read_text(encoding="utf-8")

    seen = asyncio.run(_seen(deployed.folder / "reports" / "release.html", tmp_path / "browser"))
    _require_good(seen)
    assert seen.headings == [
        *("digits released", "What changed", "Where the time went", f"Try-out of {deployed.default}", "Samples"),
    ]
    assert deployed.default != old
    assert {tuple(view.images) for view in seen.views.values()} == {(True,) * 4}
    images = sorted(each.name for each in (deployed.folder / "few").iterdir())
    assert seen.named_images == images[:4]


@pytest.mark.long(part="browser")
def test_a_first_release_that_failed_has_one_too(fresh: Rehearsal) -> None:
    """The stack's state has no plan of it."""
    ask(fresh, rows={"atLeast": 99})
    fresh.pulumi("up").failed()
    said = fresh.run("python", "-m", "modelops", "report", "--stack", "dev").ok()
    assert said.text.splitlines()[-1] == "reports/release.html"
    found = Page((fresh.folder / "reports" / "release.html").read_text(encoding="utf-8"))
    assert (found.texts("h1"), found.texts("p", "default")) == (["digits failed"], ["No default"])
    (why,) = found.texts("section", "notice")
    assert re.match(r"Failed at step “try out” mlp-[0-9a-f]{8} failed its try-out; the endpoint has no default ", why)
    assert "tryOut.rows asks for at least 99. Logs: " in why
    (command,) = found.texts("pre")
    assert " python -m modelops jobs logs batchjob-" in command


@pytest.mark.long(part="browser")
def test_what_others_wrote_runs_nothing(tmp_path: Path) -> None:
    """Names and messages with markup, in each place that has some."""
    text = "<img src='https://example.com/a.png' onerror='alert(1)'><script>alert(1)</script>" + "x" * 200
    file = tmp_path / "release.html"
    releases = [Release(text, hostile(text)), Release("digits", RELEASED), Release("letters", FAILED)]
    file.write_text(page.html(releases, text), encoding="utf-8")
    seen = asyncio.run(_seen(file, tmp_path / "browser"))
    _require_good(seen)
    assert seen.named_images == []
