"""The rate and the time left that `invoke` prints of a running job, against what then happens.

Does not prove it for Azure, whose progress log has lines at longer intervals.
"""

import re
from dataclasses import replace
from typing import Final, NamedTuple

import pytest

from modelops.plan import fingerprint
from modelops.plan.plan import Code
from modelops.scoring import following, inputs
from modelops.scoring import start as starting
from tests.modelops.conftest import Bench, in_one_profile

# The SDK uses what the libraries below it have deprecated.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.long(part="series"),
    in_one_profile,
]

SCRIPT: Final = """\
import os, time

def init():
    time.sleep(float(os.environ["LOADING"]))

def run(batch):
    time.sleep(0.05 * len(batch))  # the work
    return list(batch)
"""
FILES: Final = 500
FIRST_SECOND: Final = 10.0
SHORTEST_SECONDS: Final = 3.0
"""What is shown has whole seconds, and is a second old: on a shorter rest a third cannot be seen."""
LINE: Final = re.compile(r"Running, (?P<done>\d+) of 500 items, (?P<rate>[\d.]+) items/s, (?P<left>\d+) s left")


class Shown(NamedTuple):
    """What is shown at a moment: in seconds since the job is followed."""

    moment: float
    done: int
    rate: float
    left: float


@pytest.mark.parametrize("loading", [0, 12])
def test_rate_and_time_left_are_right_within_a_third(bench: Bench, loading: int) -> None:
    (bench.root / "code" / "score.py").write_text(SCRIPT, encoding="utf-8")
    changed = replace(
        bench.plan.deployments["mlp"],
        code=Code("code", fingerprint.digest(bench.root / "code"), "score.py"),
        environment_variables={"LOADING": str(loading)},
    )
    bench.plan = replace(bench.plan, deployments={"mlp": changed})
    bench.plan = bench.changed(mini_batch_size=5)
    bench.release()
    data = bench.root / "data"
    data.mkdir()
    for number in range(FILES):
        (data / f"{number}.txt").write_text("x", encoding="utf-8")
    job = starting.start(bench.workspace, bench.plan.endpoint.name, None, inputs.read(str(data))).name
    lines: list[tuple[float, str]] = []
    end = following.follow(bench.workspace.ml, job, lambda text, seconds: lines.append((seconds, text)), "")

    running = [
        Shown(seconds, int(found["done"]), float(found["rate"]), float(found["left"]))
        for seconds, text in lines
        if (found := LINE.fullmatch(text))
    ]
    last = running[-1]
    judged = [each for each in running if each.moment >= FIRST_SECOND and end - each.moment >= SHORTEST_SECONDS]
    assert len(judged) >= FIRST_SECOND
    for each in judged:
        assert each.left == pytest.approx(end - each.moment, rel=1 / 3), lines
        if last.moment - each.moment >= SHORTEST_SECONDS:
            rate = (last.done - each.done) / (last.moment - each.moment)
            assert each.rate == pytest.approx(rate, rel=1 / 3), lines
