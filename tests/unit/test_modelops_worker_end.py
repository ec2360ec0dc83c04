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
from modelops.runner.carried_plan import CarriedPlan
from modelops.runner.protocol import Done, Event, PreviewRequest, Stop, Stopping, decode_event, encode
from modelops.runner.worker import Worker
from modelops.workspace import Workspaces
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


class Plan(CarriedPlan):
    """A plan whose jobs are as told, one answer for each time that it is asked."""

    def __init__(self, *has_jobs: bool) -> None:
        super().__init__(REQUEST, Workspaces(), lambda _event: None)
        self._has_jobs = list(has_jobs)
        self.stops = 0
        self.waits_for: Plan | None = None
        self.is_stopped = threading.Event()

    @property
    def has_jobs(self) -> bool:
        """Whether it has jobs now."""
        return self._has_jobs.pop(0)

    def stop(self) -> None:
        """Count the calls; what waits for another plan stands for one that waits for answers about its jobs."""
        assert self.gate.is_closed
        if self.waits_for is not None:
            assert self.waits_for.is_stopped.wait(60)
        self.stops += 1
        self.is_stopped.set()


def test_a_plan_whose_job_begins_or_ends_at_the_end_of_the_input_is_stopped_once() -> None:
    begins, ends = Plan(False, True), Plan(True, False)
    Worker._stop([begins, ends])
    assert (begins.stops, ends.stops) == (1, 1)


def test_no_plan_waits_for_the_stop_of_another() -> None:
    """Even if it has got a job since it was asked."""
    first, last = Plan(False, False), Plan(False, False)
    first.waits_for = last
    Worker._stop([first, last])
    assert (first.stops, last.stops) == (1, 1)
