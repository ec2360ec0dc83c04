"""A release's process is killed at each of its writes; one more release converges."""

from dataclasses import replace

import pytest

from modelops.plan.plan import ReleasePlan
from modelops.release import records
from tests.modelops.conftest import ML_API, Bench, in_one_profile
from tests.modelops.test_release_at_once import several
from tests.modelops.test_release_try_out import GOOD, with_script
from tests.modelops.workers import RealWorker

pytestmark = in_one_profile

SDK_IS_DEPRECATED = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""The SDK uses what the libraries below it have deprecated."""

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


WHOLE = {
    "first file": ("PUT", "/LocalUpload/[^/]+/[^/]+/model/", 0),
    "second file": ("PUT", "/LocalUpload/[^/]+/[^/]+/model/", 1),
    "model registered": ("PUT", "/models/[^/]+/versions/", 0),
    "place for the code": ("POST", "/startPendingUpload", 0),
    "code file": ("PUT", "/code/score.py", 0),
    "code file marked": ("PUT", "/code/score.py", 1),
    "code registered": ("PUT", "/codes/[^/]+/versions/[^/]+$", 0),
    "environment": ("PUT", "/environments/", 0),
    "deployment": ("PUT", "/deployments/", 0),
    "try-out": ("POST", "/jobs$", 0),
    "try-out noted as started": ("PATCH", "/deployments/", 0),
    "try-out noted as passed": ("PATCH", "/deployments/", 1),
    "switch": ("PUT", "/batchEndpoints/[^/]+$", 0),
    "old model archived": ("PUT", "/models/[^/]+/versions/", 1),
    "old revision deleted": ("DELETE", "/deployments/", 0),
}
"""All writes of a later release that tries out, prunes and archives."""


def _first_and_second(bench: Bench) -> tuple[ReleasePlan, ReleasePlan]:
    """Release a plan, and return it and the next one, which has another model and another script."""
    first = replace(with_script(bench, GOOD), keep=1, archive_models=True)
    bench.release(first)
    bench.plan = bench.with_model(b"other weights")
    return first, replace(
        with_script(bench, f"{GOOD}# second of {bench.plan.endpoint.name}\n"), keep=1, archive_models=True
    )


@SDK_IS_DEPRECATED
def test_these_are_all_writes_of_a_later_release(bench: Bench) -> None:
    _, second = _first_and_second(bench)
    before = bench.mark()
    bench.release(second)
    # The run history and the data service are also read by POST.
    sent = [each for each in bench.writes(before) if not each.startswith(("POST /history/", "POST /data/"))]
    assert len(sent) == len(WHOLE)


@SDK_IS_DEPRECATED
@pytest.mark.parametrize(
    ("method", "path", "skip"),
    [
        pytest.param(*write, id=name, marks=() if name == "old revision deleted" else pytest.mark.long(part="kills"))
        for name, write in WHOLE.items()
    ],
)
def test_a_later_release_that_was_killed_is_finished_by_the_next(
    bench: Bench, method: str, path: str, skip: int
) -> None:
    """At no moment does the default name a revision that was not tried out."""
    first, second = _first_and_second(bench)
    control = bench.place.sandbox.control
    control.fault("delay", method=method, path=path, skip=skip, seconds=600)
    before = bench.mark()
    with RealWorker(bench) as worker:
        worker.begin(second, first.target)
        control.wait(method=method, path=path, count=skip + 1, after=before, finished=False)
        worker.process.kill()
        worker.process.wait()
    _serves_what_was_tried(bench)
    control.clear_faults()
    _serves_what_was_tried(bench)
    bench.release(second, first.target)
    found = bench.live()
    assert (found.default, set(found.deployments)) == (second.target, {second.target})
    _serves_what_was_tried(bench)
    listed = bench.place.get(f"models/{bench.model_name}/versions")["value"]
    assert [each["name"] for each in listed] == ["2"]
    assert len(list(bench.workspace.list(f"models/{bench.model_name}/versions", ML_API, listViewType="All"))) == 2
    before = bench.mark()
    assert not bench.release(second, first.target).changed
    assert bench.writes(before) == []


SEVERAL = {
    "first deployment of three": ("PUT", "/deployments/", 0),
    "third deployment of three": ("PUT", "/deployments/", 2),
    "second try-out of three": ("POST", "/jobs$", 1),
    "third try-out noted as started": ("PATCH", "/deployments/", 2),
    "second try-out noted as passed": ("PATCH", "/deployments/mlp2-", 1),
    "switch": ("PUT", "/batchEndpoints/[^/]+$", 0),
}
"""Writes of a release of three deployments, which it makes and tries out at the same time."""


@SDK_IS_DEPRECATED
@pytest.mark.parametrize(
    ("method", "path", "skip"),
    [
        pytest.param(*write, id=name, marks=() if "noted as started" in name else pytest.mark.long(part="kills"))
        for name, write in SEVERAL.items()
    ],
)
def test_a_release_of_several_deployments_that_was_killed_is_finished_by_the_next(
    bench: Bench, method: str, path: str, skip: int
) -> None:
    first = with_script(bench, GOOD)
    bench.release(first)
    plan = several(with_script(bench, f"{GOOD}# second of {bench.plan.endpoint.name}\n"), 1, 2, 3)
    control = bench.place.sandbox.control
    control.fault("delay", method=method, path=path, skip=skip, seconds=600)
    before = bench.mark()
    with RealWorker(bench) as worker:
        worker.begin(plan, first.target)
        control.wait(method=method, path=path, count=skip + 1, after=before, finished=False)
        worker.process.kill()
        worker.process.wait()
    control.clear_faults()
    _serves_what_was_tried(bench)
    bench.release(plan, first.target)
    assert bench.live().default == plan.target
    assert set(plan.revisions.values()) <= set(bench.live().deployments)
    _serves_what_was_tried(bench)
    before = bench.mark()
    assert not bench.release(plan, first.target).changed
    assert bench.writes(before) == []


def _serves_what_was_tried(bench: Bench) -> None:
    found = bench.live()
    assert found.is_usable(found.default)
    record = records.try_out(found.deployments[found.default or ""])
    assert record is not None
    assert record.outcome == "passed"
