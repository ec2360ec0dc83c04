"""Work that several threads need at the same time is done once."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from modelops.errors import PlanError, ReleaseError, Stopped
from modelops.release.single_flight import SingleFlight

SECONDS = 60.0


class Work:
    """What several threads want; each call waits for its permission to end."""

    def __init__(self) -> None:
        self.calls = 0
        self.has_begun = threading.Event()
        self.may_end = threading.Event()
        self.others_wait = threading.Event()
        self.error: BaseException | None = None

    def __call__(self) -> str:
        """Do it."""
        self.calls += 1
        call = self.calls
        self.has_begun.set()
        assert self.may_end.wait(SECONDS)
        if call == 1 and self.error is not None:
            raise self.error
        return f"by call {call}"

    def wait(self, _seconds: float) -> None:
        """See `Context.wait`."""
        self.others_wait.set()


def at_once(work: Work, call: Callable[[], object]) -> tuple[Future[object], Future[object]]:
    """Let two threads call, the second one while the first one works, and return how they ended."""
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(call)
        assert work.has_begun.wait(SECONDS)
        second = threads.submit(call)
        assert work.others_wait.wait(SECONDS)
        work.may_end.set()
    return first, second


def test_a_result_is_shared() -> None:
    work, flights = Work(), SingleFlight[str]()
    first, second = at_once(work, lambda: flights.share("model", work, work.wait))
    assert (first.result(), second.result()) == (("by call 1", True), ("by call 1", False))
    assert flights.share("model", work, work.wait) == ("by call 2", True)


def unawaited(_seconds: float) -> None:
    pytest.fail("there is nothing to wait for")


def test_other_work_is_not_awaited() -> None:
    flights = SingleFlight[str]()
    found = flights.share("a", lambda: flights.share("b", lambda: "inner", unawaited)[0], unawaited)
    assert found == ("inner", True)


def test_a_failure_is_shared() -> None:
    work, flights = Work(), SingleFlight[str]()
    work.error = ReleaseError("refused")
    first, second = at_once(work, lambda: flights.share("model", work, work.wait))
    assert first.exception() is second.exception() is work.error
    assert work.calls == 1


def test_a_stop_is_not_shared() -> None:
    """It was the other release that was told to stop."""
    work, flights = Work(), SingleFlight[str]()
    work.error = Stopped()
    first, second = at_once(work, lambda: flights.share("model", work, work.wait))
    assert isinstance(first.exception(), Stopped)
    assert second.result() == ("by call 2", True)


def test_a_changed_file_of_another_release_is_not_shared() -> None:
    work, flights = Work(), SingleFlight[str]()
    work.error = PlanError("its file changed")
    first, second = at_once(work, lambda: flights.share("model", work, work.wait))
    assert first.exception() is work.error
    assert second.result() == ("by call 2", True)


def test_who_waits_can_be_stopped() -> None:
    work, flights = Work(), SingleFlight[str]()

    def stopped(_seconds: float) -> None:
        work.may_end.set()
        raise Stopped

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(flights.share, "model", work, work.wait)
        assert work.has_begun.wait(SECONDS)
        with pytest.raises(Stopped):
            flights.share("model", work, stopped)
    assert first.result() == ("by call 1", True)


def test_the_others_go_after_the_first() -> None:
    work, flights = Work(), SingleFlight[str]()
    first, second = at_once(work, lambda: flights.after_first("code", work, work.wait))
    assert (first.result(), second.result()) == ("by call 1", "by call 2")


def test_if_the_first_fails_another_one_is_the_first() -> None:
    work, flights = Work(), SingleFlight[str]()
    work.error = ReleaseError("refused")
    first, second = at_once(work, lambda: flights.after_first("code", work, work.wait))
    assert (first.exception(), second.result()) == (work.error, "by call 2")
