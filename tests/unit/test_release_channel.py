"""The file in which a program tells what its releases do."""

from pathlib import Path

import pytest

from modelops.runner.channel import VARIABLE, tell, tell_end
from modelops.runner.process import WorkerFailed, WorkerStopped
from modelops.runner.protocol import (
    Done,
    Failed,
    Heartbeat,
    Limit,
    ProtocolError,
    Step,
    Stopping,
    Switching,
    Told,
    decode_event,
    decode_told,
    encode,
)

EVENTS: list[Told] = [
    Step("digits", "try out", "größer\nals"),
    Heartbeat("digits", "try out"),
    Limit("azure-native:keyvault:Vault", 30),
    Switching("churn", "switch the default"),
    Done("digits", "nothing to do", {"created": []}),
]


def told(file: Path) -> list[Told]:
    return [decode_told(line) for line in file.read_bytes().splitlines(keepends=True)]


def test_what_is_told_stands_there_in_its_order(tmp_path: Path) -> None:
    file = tmp_path / "events"
    for event in EVENTS:
        tell(event, {VARIABLE: str(file)})
    assert told(file) == EVENTS


@pytest.mark.parametrize(
    ("ended", "event"),
    [
        (
            WorkerStopped("digits", "try out", restored=True, jobs="Job a is canceled."),
            Stopping("digits", "try out", restored=True, jobs="Job a is canceled."),
        ),
        (WorkerStopped("digits", None), Stopping("digits", "")),
        (WorkerFailed("no login.", refused=True), Failed("digits", "no login.", refused=True)),
        (ValueError("secret"), Failed("digits", "secret")),
        (TimeoutError(), Failed("digits", "TimeoutError")),
    ],
)
def test_a_release_that_was_not_carried_out_says_how_it_ended(tmp_path: Path, ended: Exception, event: Told) -> None:
    file = tmp_path / "events"
    tell_end("digits", ended, {VARIABLE: str(file)})
    assert told(file) == [event]


def test_nothing_is_told_to_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tell(EVENTS[0], {})
    tell(EVENTS[0], {VARIABLE: ""})
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_does_not_matter(tmp_path: Path) -> None:
    tell(EVENTS[0], {VARIABLE: str(tmp_path / "missing" / "events")})
    assert list(tmp_path.iterdir()) == []


def test_a_heartbeat_is_no_event_of_the_pipe() -> None:
    with pytest.raises(ProtocolError, match=r"^KeyError: 'heartbeat'$"):
        decode_event(encode(Heartbeat("digits", "try out")))
