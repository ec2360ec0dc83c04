"""How `revisions` prints: whole names, short times, and columns that are aligned."""

import sys
from io import StringIO

import pytest

from modelops.commands import options
from modelops.commands import revisions as command
from modelops.commands.targets import Target
from modelops.release.revisions import Revision

TARGET = Target("digits", "subscription", "group", "workspace", "digits-1")
COMMIT = "0123456789ab"
NAMES = ("mlp-1282f3a4b5c6", "cnn-9")


def revision(name: str, *, is_default: bool = False, problem: str | None = None) -> Revision:
    """A revision that was made by a release."""
    since = "2026-11-30T17:20:00+00:00" if is_default else None
    return Revision(
        *(name, "mlp", "Succeeded", is_default, "2026-11-30T17:16:05.123456+00:00", since, "digits:1", COMMIT),
        *("passed", False, problem),
    )


class Terminal(StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture(autouse=True)
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have two revisions."""
    found = [revision(NAMES[0], is_default=True), revision(NAMES[1], problem="its model is archived")]
    monkeypatch.setattr(options.Where, "one_or_all", lambda _self: [TARGET])
    monkeypatch.setattr(options, "workspace", lambda _target: None)
    monkeypatch.setattr(command, "_read", lambda _workspace, _target: found)


@pytest.mark.parametrize("output", [StringIO, Terminal])
def test_no_name_is_cut(monkeypatch: pytest.MonkeyPatch, output: type[StringIO]) -> None:
    monkeypatch.setattr(sys, "stdout", shown := output())
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    command.revisions()
    assert shown.getvalue().splitlines() == [
        "digits",
        "revision          created      model     commit    try-out  default since  status",
        "mlp-1282f3a4b5c6  11-30 17:16  digits:1  01234567  passed   11-30 17:20    serves",
        "cnn-9             11-30 17:16  digits:1  01234567  passed   never          its model is archived",
    ]
