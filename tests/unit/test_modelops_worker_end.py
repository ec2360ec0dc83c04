"""The worker's input ends at the worst moment; everything else about workers is in tests/modelops."""

import io
import os
import queue
import threading
from collections.abc import Iterator
from typing import BinaryIO, cast

import pytest

from modelops.plan.reader import UNKNOWN
from modelops.release import preview
from modelops.release.gate import Gate
from modelops.release.outlook import Outlook
from modelops.runner import worker
from modelops.runner.protocol import Done, Event, PreviewRequest, Stop, Stopping, decode_event, encode
from tests.unit.plans import plan_json

OUTLOOK = Outlook("digits-0000", refusal="too many")
REQUEST = PreviewRequest("digits", {**plan_json(), "workspace": UNKNOWN}, "/")


class Answers(io.BytesIO):
    """A pipe whose lines a test can wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def write(self, line: bytes) -> int:  # type: ignore[override]
        """Take one line."""
        self.lines.put(line)
        return len(line)

    def next(self) -> Event:
        """Wait for an answer."""
        return decode_event(self.lines.get(timeout=60))


class Held:
    """A worker in threads of this process, whose plans wait until they may end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, lines: Iterator[bytes]) -> None:
        self.working, self.may_end, self.ended = threading.Event(), threading.Event(), threading.Event()
        monkeypatch.setattr(Gate, "install", lambda _self: None)
        monkeypatch.setattr(preview, "from_plans", self._plan)
        monkeypatch.setattr(os, "_exit", lambda _code: self.ended.set())
        self.answers = Answers()
        self.worker = worker.Worker(cast("BinaryIO", lines), self.answers)
        threading.Thread(target=self.worker.run, daemon=True).start()

    def _plan(self, *_: object) -> Outlook:
        self.working.set()
        assert self.may_end.wait(60)
        return OUTLOOK


def _lines(fed: "queue.SimpleQueue[bytes | None]") -> Iterator[bytes]:
    while (line := fed.get()) is not None:
        yield line


def test_the_end_of_the_input_is_the_last_answer_of_a_plan_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    fed: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    held = Held(monkeypatch, _lines(fed))
    fed.put(encode(REQUEST))
    fed.put(None)
    assert held.answers.next() == Stopping("digits", "read what is live")
    assert held.ended.wait(60)
    held.may_end.set()
    assert held.answers.lines.empty()


def test_a_plan_that_has_ended_is_not_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    fed: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    held = Held(monkeypatch, _lines(fed))
    held.may_end.set()
    fed.put(encode(REQUEST))
    assert held.answers.next() == Done("digits", "\n".join(OUTLOOK.lines()), OUTLOOK.to_json())
    fed.put(encode(Stop("digits")))
    fed.put(encode(Stop("unknown")))
    fed.put(None)
    assert held.ended.wait(60)
    assert held.answers.lines.empty()


def test_one_plan_is_stopped_and_the_other_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    fed: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    held = Held(monkeypatch, _lines(fed))
    fed.put(encode(REQUEST))
    fed.put(encode(PreviewRequest("letters", REQUEST.plan, "/")))
    fed.put(encode(Stop("digits")))
    assert held.answers.next() == Stopping("digits", "read what is live")
    held.may_end.set()
    assert held.answers.next() == Done("letters", "\n".join(OUTLOOK.lines()), OUTLOOK.to_json())
    fed.put(None)
    assert held.ended.wait(60)
    assert held.answers.lines.empty()
