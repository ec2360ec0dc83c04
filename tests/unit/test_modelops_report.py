"""`report` as people see it: the file, what is said, and mistakes."""

import logging
import webbrowser
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelops.commands import app, options
from modelops.commands.targets import Target
from modelops.release import history
from modelops.release.history import Entry
from tests.unit.reports import FAILED, RELEASED, ROLLED_BACK, Page

FIRST = replace(RELEASED, default="mlp-1", revisions={"mlp": "mlp-1"}, digests={"mlp": "cd" * 32})
BAD = replace(RELEASED, default="mlp-0", revisions={"mlp": "mlp-0"}, digests={"mlp": "99" * 32})
SAMPLE = {"about": "a.png", "changed": False, "candidate": [{"2": "7"}], "current": None, "input": None}
SAMPLES = [{"revision": "mlp-2", "with": None, "samples": [SAMPLE]}]


@pytest.fixture(name="run")
def _run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Return a function that runs `report` of endpoints with these entries: its code, its output and its errors."""
    monkeypatch.chdir(tmp_path)

    def run(found: dict[str, list[Entry]], *arguments: str) -> tuple[int, str, str]:
        named = [Target(logical, "sub", "rg", "ws", f"{logical}9") for logical in found]
        monkeypatch.setattr(options.Where, "with_history", lambda _self: named)
        monkeypatch.setattr(history, "entries", lambda _workspace, endpoint, most: found[endpoint.rstrip("9")][:most])
        monkeypatch.setattr(history, "samples", lambda _workspace, entry: SAMPLES if entry == RELEASED else [])
        monkeypatch.setattr(logging, "disable", lambda _level: None)  # it would be for the whole test run
        code = app.main(["report", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def written(file: str = "reports/release.html") -> Page:
    return Page(Path(file).read_text(encoding="utf-8"))


def test_writes_the_last_release_and_says_where(run: Any) -> None:
    assert run({"digits": [RELEASED, FAILED, FIRST]}, "--stack", "dev") == (0, "reports/release.html\n", "")
    assert written().texts("h1") == ["digits released"]
    assert written().texts("ul", "samples") == ["a.png Columnmlp-2 27"]
    assert written().texts("p", "kicker") == ["Release report · stack dev"]
    assert written().texts("tr")[1] == "mlp serves mlp-1 → to mlp-2 cdcdcdcdcdcd → to abababababab"


def test_after_a_rollback_the_revision_before_is_the_one_that_served(run: Any) -> None:
    run({"digits": [RELEASED, ROLLED_BACK, BAD, FIRST]})
    assert written().texts("tr")[1] == "mlp serves mlp-1 → to mlp-2 cdcdcdcdcdcd → to abababababab"


@pytest.mark.parametrize(
    ("number", "title"), [("latest", "digits released"), ("1", "digits released"), ("2", "digits failed")]
)
def test_an_earlier_one_has_its_number_in_the_history(run: Any, number: str, title: str) -> None:
    assert run({"digits": [RELEASED, FAILED]}, "--release", number, "--output", "a/b.html") == (0, "a/b.html\n", "")
    assert written("a/b.html").texts("h1") == [title]


def test_all_endpoints_are_in_one_page(run: Any) -> None:
    code, _, error = run({"digits": [RELEASED], "letters": [FAILED], "new": []})
    assert (code, error) == (0, "warning: new is not in the report: its history has no entry latest.\n")
    assert written().texts("h1") == ["digits released", "letters failed"]


def test_opens_it_in_the_browser(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", open_)
    assert run({"digits": [RELEASED]}, "--open") == (0, "reports/release.html\n", "")
    assert opened == [Path("reports/release.html").resolve().as_uri()]


def test_says_that_there_is_no_browser(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _address: False)
    assert run({"digits": [RELEASED]}, "--open") == (
        *(0, "reports/release.html\n"),
        "warning: no browser was found. Copy the file to where there is one: it needs nothing else.\n",
    )


def test_refuses_an_entry_that_is_not_there(run: Any) -> None:
    assert run({"digits": [RELEASED]}, "--release", "2") == (
        *(2, ""),
        "error: --release 2: the history of digits has no such entry. It is listed by\n  python -m modelops history\n",
    )


@pytest.mark.parametrize("word", ["0", "-1", "last", "²"])
def test_refuses_what_is_no_number(run: Any, word: str) -> None:
    assert run({"digits": [RELEASED]}, f"--release={word}") == (
        *(2, ""),
        f"error: --release is {word!r}. Allowed: latest, or a number from 1, which is the latest.\n",
    )


def test_refuses_a_place_that_takes_no_file(run: Any) -> None:
    Path("taken").write_text("", encoding="utf-8")
    assert run({"digits": [RELEASED]}, "--output", "taken/a.html") == (
        *(2, ""),
        "error: --output 'taken/a.html' cannot be written: File exists. Allowed: a file in a folder that takes one.\n",
    )
