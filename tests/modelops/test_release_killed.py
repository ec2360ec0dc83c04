"""A release's process is killed at each of its writes; one more release converges."""

import pytest

from tests.modelops.conftest import Bench, in_one_profile
from tests.modelops.workers import RealWorker

pytestmark = in_one_profile

WRITES = {
    "first file": ("/LocalUpload/", 0),
    "second file": ("/LocalUpload/", 1),
    "model registered": ("/models/[^/]+/versions/", 0),
    "place for the code": ("/startPendingUpload", 0),
    "code file": ("/code/score.py", 0),
    "code file marked": ("/code/score.py", 1),
    "code registered": ("/codes/[^/]+/versions/[^/]+$", 0),
    "environment": ("/environments/", 0),
    "deployment": ("/deployments/", 0),
    "switch": ("/batchEndpoints/[^/]+$", 0),
}
"""All writes of a first release: a part of the address, and how many such go before."""


def test_these_are_all_writes(bench: Bench) -> None:
    before = bench.mark()
    bench.release()
    assert len(bench.writes(before)) == len(WRITES)


QUICK = {"second file", "switch"}
"""The writes that every run is killed at: in the middle of an upload, and the last one."""


@pytest.mark.parametrize(
    ("path", "skip"),
    [
        pytest.param(*write, id=name, marks=() if name in QUICK else pytest.mark.long(part="kills"))
        for name, write in WRITES.items()
    ],
)
def test_a_release_that_was_killed_is_finished_by_the_next(bench: Bench, path: str, skip: int) -> None:
    control = bench.place.sandbox.control
    control.fault("delay", method="PUT|POST", path=path, skip=skip, seconds=600)
    before = bench.mark()
    with RealWorker(bench) as worker:
        worker.begin(bench.plan)
        control.wait(method="PUT|POST", path=path, count=skip + 1, after=before, finished=False)
        worker.process.kill()
        worker.process.wait()
    control.clear_faults()
    bench.release()
    assert bench.live().default == bench.plan.target
    assert set(bench.live().deployments) == {bench.plan.target}
    assert bench.versions() == ["1"]
    before = bench.mark()
    assert not bench.release().changed
    assert bench.writes(before) == []
