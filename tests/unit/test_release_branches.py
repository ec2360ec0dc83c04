"""Steps that run at the same time: after a failure none begins, those that run end, and every failure is told."""

import threading
from collections.abc import Callable
from contextvars import ContextVar

import pytest

from modelops.errors import PlanError, ReleaseError, Stopped
from modelops.release.branches import carry_out

SECONDS = 60.0
whose: ContextVar[str] = ContextVar("whose", default="nobody's")


def fail(error: BaseException) -> Callable[[], None]:
    def step() -> None:
        raise error

    return step


def untold(_number: int, _error: Exception) -> None:
    pytest.fail("nothing is told of a single branch")


def test_branches_run_at_the_same_time_in_the_release_s_context() -> None:
    together = threading.Barrier(3, timeout=SECONDS)
    found: list[str] = []

    def step() -> None:
        together.wait()
        found.append(whose.get())

    token = whose.set("ours")
    carry_out([[step], [step], [step]], untold)
    whose.reset(token)
    assert found == ["ours"] * 3


def test_one_branch_runs_in_the_release_s_own_thread() -> None:
    found: list[int] = []
    carry_out([[lambda: found.append(threading.get_ident())] * 2], untold)
    carry_out([], untold)
    assert found == [threading.get_ident()] * 2


def test_after_a_failure_what_runs_is_brought_to_its_end_and_nothing_begins() -> None:
    told: list[tuple[int, str]] = []
    has_begun, has_failed = threading.Event(), threading.Event()
    done: list[str] = []

    def first() -> None:
        has_begun.set()
        assert has_failed.wait(SECONDS)
        done.append("first")

    def second() -> None:
        assert has_begun.wait(SECONDS)
        raise ReleaseError("no nodes")

    def tell(number: int, error: Exception) -> None:
        told.append((number, str(error)))
        has_failed.set()

    with pytest.raises(ReleaseError, match=r"^no nodes$"):
        carry_out([[first, lambda: done.append("next")], [second]], tell)
    assert told == [(1, "no nodes")]
    assert done == ["first"]


def of_several(*errors: BaseException) -> pytest.ExceptionInfo[BaseException]:
    """Let each branch fail with one of these, the last branch first, and return what comes of it."""
    together = threading.Barrier(len(errors), timeout=SECONDS)
    told = [threading.Event() for _ in errors]

    def branch(number: int) -> Callable[[], None]:
        def step() -> None:
            together.wait()
            assert number + 1 == len(errors) or told[number + 1].wait(SECONDS)
            raise errors[len(errors) - 1 - number]

        return step

    with pytest.raises(BaseException) as raised:  # noqa: PT011 - the tests say which
        carry_out([[branch(each)] for each in range(len(errors))], lambda number, _error: told[number].set())
    return raised


def test_several_failures_are_all_told_in_the_order_in_which_they_happened() -> None:
    first = PlanError("score.py changed.\nRun it again.")
    raised = of_several(first, ReleaseError("no nodes"))
    assert raised.type is ReleaseError
    assert str(raised.value) == "score.py changed.\nRun it again.\nAlso: no nodes"
    assert raised.value.__cause__ is first


def test_the_same_failure_is_told_once() -> None:
    error = PlanError("the model changed")
    assert of_several(error, PlanError("the model changed")).value is error


def test_a_stop_goes_before_failures_and_an_internal_error_before_others() -> None:
    stopped, internal = Stopped(), KeyError("internal")
    assert of_several(ReleaseError("no nodes"), internal, stopped).value is stopped
    found = of_several(ReleaseError("no nodes"), internal).value
    assert (found, found.__notes__) == (internal, ["Also: no nodes"])
