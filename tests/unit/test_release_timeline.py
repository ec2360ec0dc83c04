"""The timeline of a release: what it notes of steps one after another, at the same time, and of those that fail."""

import contextlib
import threading
from typing import Any

import pytest

from modelops.release import timeline
from modelops.release.timeline import Timeline


class Clock:
    """Stands in for `time`: it stands still unless a test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """Return the time that the test set."""
        return self.now


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timeline, "time", clock)
    return clock


def span(step: str, subject: str, began: float, seconds: float) -> dict[str, Any]:
    """One step as `spans` returns it."""
    return {"step": step, "subject": subject, "began": began, "seconds": seconds}


def test_steps_one_after_another(clock: Clock) -> None:
    line = Timeline()
    with line.span("read"):
        clock.now += 0.25
    clock.now += 1
    with line.span("create", "mlp-1"):
        clock.now += 2
        assert line.spans()[1] == span("create", "mlp-1", 1.25, 2.0)
    with line.span("create", "svm-1"):
        clock.now += 3
    assert line.spans() == [
        *(span("read", "", 0.0, 0.25), span("create", "mlp-1", 1.25, 2.0), span("create", "svm-1", 3.25, 3.0)),
    ]
    assert line.steps() == {"read": 0.2, "create": 5.0}
    assert line.failed_at is None


def test_what_runs_at_the_same_time_counts_once(clock: Clock) -> None:
    line = Timeline()
    with line.span("create", "a"):
        clock.now += 1
        with line.span("create", "b"):
            clock.now += 2
        clock.now += 4
    assert line.steps() == {"create": 7.0}


def test_threads_note_in_one_timeline() -> None:
    line = Timeline()
    together = threading.Barrier(4, timeout=60)

    def work(subject: str) -> None:
        with line.span("create", subject):
            together.wait()

    threads = [threading.Thread(target=work, args=(each,)) for each in "abcd"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(each["subject"] for each in line.spans()) == ["a", "b", "c", "d"]


def test_the_first_step_that_fails_is_known(clock: Clock) -> None:
    line = Timeline()
    for step in ("create", "prune"):
        with contextlib.suppress(ValueError), line.span(step):
            clock.now += 1
            raise ValueError
    assert line.failed_at == "create"
    assert line.spans() == [
        {**span("create", "", 0.0, 1.0), "failed": True},
        {**span("prune", "", 1.0, 1.0), "failed": True},
    ]
    assert line.steps() == {"create": 1.0, "prune": 1.0}
