"""How a kill series draws its runs and tells what came of them; the runs themselves: tests/e2e/test_kill_series.py."""

import random
import signal

from tools.kill_series.__main__ import table
from tools.kill_series.operations import JOB, OPERATIONS, SERVER, WORKER
from tools.kill_series.run import PAIRS, Outcome
from tools.kill_series.victims import Moment


def test_every_operation_is_killed_in_each_of_its_processes() -> None:
    assert len(PAIRS) == len(set(PAIRS)) == sum(len(each.victims) for each in OPERATIONS.values())


def test_a_seed_decides_the_moment() -> None:
    drawn = [Moment.draw(random.Random("7:3"), WORKER, 100) for _ in range(2)]  # noqa: S311
    assert drawn[0] == drawn[1]
    assert 40 <= drawn[0].requests <= 100


def test_a_scoring_process_is_killed_while_it_runs_and_not_at_a_request() -> None:
    moments = [Moment.draw(random.Random(seed), JOB, 100) for seed in range(20)]  # noqa: S311
    assert {each.requests for each in moments} == {0}
    assert {each.signal for each in moments} == {signal.SIGKILL, signal.SIGTERM}


def test_the_table_counts_runs_by_operation_and_process() -> None:
    moment = Moment(SERVER, signal.SIGKILL, 5, 0.1)
    good = Outcome(0, "refresh", moment, killed=True, seconds=4, helped=["1 imported"])
    bad = Outcome(1, "refresh", moment, seconds=6, broken=["endpoints: []"])
    assert str(bad) == (
        "   1 refresh            SIGKILL sandbox server after 5 requests and 0.10 s (it had ended before): "
        "BROKEN: endpoints: []  6 s"
    )
    assert table([good, bad])[2:] == [
        "| refresh | sandbox server | 2 | 1 | 1 | 1 | 5 |",
        "| all |  | 2 | 1 | 1 | 1 | 5 |",
    ]
