"""What the build's progress says."""

import io
import itertools
import time

import pytest

from toolchain.progress import MILESTONES, Progress, rounded, time_share


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands at its last entry."""
    times = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: times[-1])
    return times


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.0), (0.31, 0.10), (0.41, 0.175), (0.90, 0.55), (1.0, 1.0)])
def test_time_share(share: float, expected: float) -> None:
    assert time_share(share) == pytest.approx(expected)


def test_the_course_only_goes_up() -> None:
    assert all(low < high and a < b for (low, a), (high, b) in itertools.pairwise(MILESTONES))
    assert (MILESTONES[0], MILESTONES[-1]) == ((0.0, 0.0), (1.0, 1.0))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (4, "0 s"), (8, "10 s"), (44, "40 s"), (114, "110 s"), (116, "2 min"), (250, "4 min")],
)
def test_durations(seconds: float, expected: str) -> None:
    assert rounded(seconds) == expected


def test_says_how_much_is_left(clock: list[float]) -> None:
    bar = Progress("compiling", total=100, stream=io.StringIO())
    with bar:
        assert bar.line(3) == "compiling 0 of 100 packages, 0 s so far"
        clock.append(265.0)
        for _ in range(71):  # which are less than half of the time
            bar.advance()
        assert bar.line(120) == "compiling 71 of 100 packages, 2 min so far"
        for _ in range(19):  # which are 55 % of the time
            bar.advance()
        assert bar.line(165) == "compiling 90 of 100 packages, 3 min so far, about 2 min left"
        assert bar.line(210) == "compiling 90 of 100 packages, 4 min so far, about 90 s left"
        assert bar.line(900) == "compiling 90 of 100 packages, 15 min so far, about 10 s left"
        for _ in range(80):
            bar.advance()
        assert bar.line(300) == "compiling 100 of 100 packages, 5 min so far, linking"


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (io.StringIO(), "compiling 0 of 5 packages, 0 s so far\n"),
        (Terminal(), "\r\x1b[2Kcompiling 0 of 5 packages, 0 s so far"),
    ],
)
def test_one_line_on_a_terminal_and_many_elsewhere(
    monkeypatch: pytest.MonkeyPatch, clock: list[float], stream: io.StringIO, expected: str
) -> None:
    del clock
    printed = itertools.count()
    bar = Progress("compiling", total=5, stream=stream)
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return next(printed) == 2

    monkeypatch.setattr(bar._over, "wait", wait)
    with bar:
        bar._printer.join()
    assert stream.getvalue() == expected * 2 + ("\n" if stream.isatty() else "")
    assert set(waits) == {1.0 if stream.isatty() else 15.0}
