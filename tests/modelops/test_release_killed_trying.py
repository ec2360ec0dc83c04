"""A release's process is killed at each of the writes of a try-out with a comparison; one more release converges.

The writes before them: tests/modelops/test_release_killed.py.
"""

import re

import pytest

from modelops.release import records
from modelops.scoring import jobs
from tests.modelops.compared import OTHER, SCRIPT, with_script
from tests.modelops.conftest import Bench, in_one_profile
from tests.modelops.workers import RealWorker

# The SDK uses what the libraries below it have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

WRITES = {
    "deployment": ("PUT .*/deployments/[^/]+$", 0),
    "first file of the input": ("PUT .*/LocalUpload/[^/]+/input/", 0),
    "last file of the input": ("PUT .*/LocalUpload/[^/]+/input/", 2),
    "candidate's job": ("POST /jobs$", 0),
    "candidate's job noted": ("PATCH .*/deployments/", 0),
    "job of what serves": ("POST /jobs$", 1),
    "job of what serves noted": ("PATCH .*/deployments/", 1),
    "outcome noted": ("PATCH .*/deployments/", 2),
    "switch": ("PUT .*/batchEndpoints/[^/]+$", 0),
}
"""Those of a second release with another script and another input, in their order: method, address, how many before."""


@in_one_profile
@pytest.mark.parametrize(
    "write",
    [
        pytest.param(name, marks=() if name == "job of what serves" else pytest.mark.long(part="kills"))
        for name in WRITES
    ],
)
def test_a_try_out_that_was_killed_is_finished_by_the_next(bench: Bench, write: str) -> None:
    control = bench.place.sandbox.control
    first = with_script(bench, SCRIPT)
    bench.release(first)
    (bench.root / "try-out" / "c.txt").write_text("new", encoding="utf-8")
    second, before = with_script(bench, OTHER), bench.mark()
    pattern, skip = WRITES[write]
    method, path = pattern.split(" ")
    control.fault("delay", method=method, path=path, skip=skip, seconds=600)
    with RealWorker(bench) as worker:
        worker.begin(second)
        control.wait(method=method, path=path, count=skip + 1, after=before, finished=False)
        worker.process.kill()
        worker.process.wait()
    # What was sent arrives, unless its body was still on its way.
    control.clear_faults()
    control.wait(method=method, path=path, count=skip + 1, after=before)

    moved = write == "switch" and any(
        each["method"] == "PUT"
        and each["path"].partition("?")[0].endswith(second.endpoint.name)
        and each.get("status", 0) in (200, 201)
        for each in control.journal(before)
    )
    assert bench.live().default == (second.target if moved else first.target)
    bench.release(second)
    live = bench.live()
    assert live.default == second.target
    assert set(live.deployments) == {first.target, second.target}
    made = jobs.listed(bench.workspace, second.endpoint.name, 10)
    assert sorted(each.deployment or "" for each in made) == sorted([first.target, first.target, second.target])
    tried, sample = records.try_out(live.deployments[second.target]), records.sample(live.deployments[first.target])
    assert tried is not None
    assert tried.outcome == "passed"
    assert sample is not None
    before = bench.mark()
    assert not bench.release(second).changed
    assert bench.writes(before) == []


@in_one_profile
def test_these_are_the_writes(bench: Bench) -> None:
    """Beside them there are those of the new script's code and environment, and questions that change nothing."""
    bench.release(with_script(bench, SCRIPT))
    (bench.root / "try-out" / "c.txt").write_text("new", encoding="utf-8")
    before = bench.mark()
    bench.release(with_script(bench, OTHER))
    others = r"/codes/|/code/score\.py$|/environments/|^POST /(history|data)/"
    writes = [each for each in bench.writes(before) if not re.search(others, each)]
    patterns = [pattern for pattern, _ in WRITES.values()]
    patterns.insert(1, patterns[1])  # the file in the middle
    assert [re.match(pattern, each) is not None for pattern, each in zip(patterns, writes, strict=True)] == [True] * 10
