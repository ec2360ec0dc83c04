"""`history` as people and programs see it; what releases write down is proven in tests/modelops."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from modelops.commands import app, options
from modelops.commands.targets import Target
from modelops.release import history
from modelops.release.history import Entry
from tests.unit import reports

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "schemas" / "history.json").read_text("utf-8"))
RELEASED = replace(
    reports.RELEASED,
    seconds=75.2,
    steps={"read what is live": 0.2, "try out": 70.0, "switch the default": 5.0},
    timeline=(
        {"step": "read what is live", "subject": "", "began": 0.0, "seconds": 0.24},
        {"step": "try out", "subject": "mlp-2", "began": 0.24, "seconds": 70.0},
        {"step": "switch the default", "subject": "mlp-2", "began": 70.3, "seconds": 4.9},
    ),
    tried=({"revision": "mlp-2", "job": "j", "rows": 20, "seconds": 41.0, "differences": ["compared with mlp-1:"]},),
    revisions={"mlp": "mlp-2"},
    digests={"mlp": "ab" * 32},
)
FAILED = Entry("digits9", "failed", "2026-11-30T07:00:00Z", seconds=3.0, failed_at="create revisions", error="no nodes")


@pytest.fixture(name="run")
def _run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that runs `history` of endpoints with these entries, and returns its output."""

    def run(found: dict[str, list[Entry]], *arguments: str) -> str:
        named = [Target(logical, "sub", "rg", "ws", f"{logical}9") for logical in found]
        monkeypatch.setattr(options.Where, "with_history", lambda _self: named)
        monkeypatch.setattr(history, "entries", lambda _workspace, endpoint, most: found[endpoint.rstrip("9")][:most])
        monkeypatch.setattr(logging, "disable", lambda _level: None)  # it would be for the whole test run
        assert app.main(["history", *arguments]) == 0
        return capsys.readouterr().out

    return run


def test_each_release_says_what_when_and_whence(run: Any) -> None:
    assert run({"digits": [RELEASED, FAILED]}) == (
        "2026-11-30 08:44 UTC  released, default mlp-2 (75 s)\n"
        "  created mlp-2; tried mlp-2 (20 rows, 41 s); default mlp-1 -> mlp-2\n"
        "  compared with mlp-1:\n"
        "  01234567 and changes that are not committed, by ada@example.com, "
        "https://dev.azure.com/org/p/_build/results?buildId=18\n"
        "2026-11-30 07:00 UTC  failed, no default (3 s)\n"
        "  failed at 'create revisions': no nodes\n"
    )


def test_several_endpoints_have_titles(run: Any) -> None:
    assert run({"digits": [FAILED], "letters": []}) == (
        "digits:\n"
        "2026-11-30 07:00 UTC  failed, no default (3 s)\n"
        "  failed at 'create revisions': no nodes\n"
        "\n"
        "letters: no releases.\n"
    )


def test_as_many_as_asked_for(run: Any) -> None:
    assert run({"digits": [FAILED, RELEASED]}, "--most", "1").startswith("2026-11-30 07:00 UTC  failed")


def test_json_is_as_its_schema_says(run: Any) -> None:
    found = json.loads(run({"digits": [RELEASED, FAILED]}, "--json"))
    jsonschema.validate(found, SCHEMA)
    assert [Entry.from_json(each) for each in found["endpoints"]["digits"]] == [RELEASED, FAILED]


def test_an_entry_of_a_newer_version_is_read_as_far_as_it_is_known() -> None:
    assert Entry.from_json({**FAILED.to_json(), "schemaVersion": 1, "newMember": 1}) == FAILED
