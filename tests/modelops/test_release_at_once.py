"""What a release does at the same time: revisions, try-outs, uploads; and what it does if the service wants it in turn.

Which steps run at the same time, without Azure: tests/unit/test_release_branches.py.
"""

import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import PlanError, ReleaseError
from modelops.plan import fingerprint
from modelops.plan.plan import LocalModel, ReleasePlan
from modelops.release import operations, records
from modelops.release.context import CREATE, READ, RESTORE, SWITCH, TRY
from modelops.release.going_back import go_back
from modelops.release.reconcile import reconcile
from modelops.release.report import ReleaseReport
from tests.modelops.compared import SCRIPT, jobs, with_script
from tests.modelops.conftest import Bench, in_both_profiles, in_one_profile

# The SDK uses what the libraries below it have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ENDPOINT = r"/batchEndpoints/[^/?]+(\?|$)"
DEPLOYMENT = r"/batchEndpoints/[^/]+/deployments/[^/?]+(\?|$)"
LONG = 600.0
"""Seconds of a delay that the test ends itself."""


def several(plan: ReleasePlan, *sizes: int) -> ReleasePlan:
    """Return a plan with a deployment for each mini-batch size; the first is the default."""
    one = plan.deployments["mlp"]
    found = {
        f"mlp{size}": replace(one, logical=f"mlp{size}", settings=replace(one.settings, mini_batch_size=size))
        for size in sizes
    }
    return replace(plan, deployments=found, default=f"mlp{sizes[0]}")


@contextmanager
def held(bench: Bench, method: str, path: str, times: int) -> Iterator[Callable[[], None]]:
    """Hold so many requests, and give what waits until they have all arrived and lets them go."""
    control = bench.place.sandbox.control
    control.fault("delay", method=method, path=path, times=times, seconds=LONG)
    before = bench.mark()

    def let_go() -> None:
        control.wait(method=method, path=path, count=times, after=before, finished=False)
        control.clear_faults()

    try:
        yield let_go
    finally:
        control.clear_faults()


def in_thread(do: Callable[[], ReleaseReport]) -> "Future[ReleaseReport]":
    """Call it in a thread, and return its end."""
    end: Future[ReleaseReport] = Future()

    def run() -> None:
        try:
            end.set_result(do())
        except BaseException as error:  # noqa: BLE001 - the test gets it
            end.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return end


@in_both_profiles
def test_all_missing_revisions_are_created_at_the_same_time(bench: Bench) -> None:
    plan = several(bench.plan, 1, 2, 3)
    with held(bench, "PUT", DEPLOYMENT, 3) as let_go:
        end = in_thread(lambda: bench.release(plan))
        let_go()
    report = end.result(60)
    assert report.registered == [f"{bench.model_name}:1"]
    assert report.created == list(plan.revisions.values())
    assert bench.live().default == plan.target
    before = bench.mark()
    assert not bench.release(plan).changed
    assert bench.writes(before) == []


@in_one_profile
def test_the_same_model_and_code_are_uploaded_once_for_all_deployments(bench: Bench) -> None:
    plan = several(bench.plan, 1, 2, 3)
    before = bench.mark()
    bench.release(plan)
    sent = bench.writes(before)
    assert len([each for each in sent if each.endswith("/model/weights.bin")]) == 1
    assert len([each for each in sent if re.match(r"PUT .*/models/[^/]+/versions/1$", each)]) == 1
    assert len([each for each in sent if re.match(r"POST .*/codes/[^/]+/versions/1/startPendingUpload$", each)]) == 1
    assert len([each for each in sent if re.match(r"PUT .*/codes/[^/]+/versions/1$", each)]) == 1


@in_one_profile
def test_copies_to_upload_are_removed_before_the_service_creates_the_deployment(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(copies))
    before = bench.mark()
    with held(bench, "PUT", DEPLOYMENT, 1) as let_go:
        end = in_thread(bench.release)
        bench.place.sandbox.control.wait(method="PUT", path=DEPLOYMENT, after=before, finished=False)
        assert list(copies.iterdir()) == []
        let_go()
    assert end.result(60).changed


@in_one_profile
def test_two_endpoints_share_the_upload_of_a_model(bench: Bench) -> None:
    plans = [bench.plan, replace(bench.plan, endpoint=bench.second_endpoint())]
    before = bench.mark()
    with held(bench, "PUT", r"/LocalUpload/.*weights\.bin", 1) as let_go, ThreadPoolExecutor(2) as threads:
        ends = [threads.submit(bench.release, each) for each in plans]
        let_go()
        reports = [each.result(60) for each in ends]
    assert sorted(map(len, (each.registered for each in reports))) == [0, 1]
    assert len([each for each in bench.writes(before) if each.endswith("/model/weights.bin")]) == 1
    assert bench.versions() == ["1"]


@in_one_profile
def test_other_models_of_the_same_name_are_uploaded_at_the_same_time_and_once_each(bench: Bench) -> None:
    """Both would choose the same version's number."""
    other = bench.root / "other"
    other.mkdir()
    (other / "weights.bin").write_bytes(b"other weights")
    plan = several(bench.plan, 1, 2)
    model = LocalModel("other", bench.model_name, "custom_model", fingerprint.digest(other))
    second = replace(plan.deployments["mlp2"], model=model)
    plan = replace(plan, deployments={**plan.deployments, "mlp2": second})
    before = bench.mark()
    with held(bench, "PUT", r"/LocalUpload/.*weights\.bin", 2) as let_go:
        end = in_thread(lambda: bench.release(plan))
        let_go()
    assert sorted(end.result(60).registered) == [f"{bench.model_name}:1", f"{bench.model_name}:2"]
    assert len([each for each in bench.writes(before) if each.endswith("/weights.bin")]) == 2


def fail(bench: Bench, revision: str) -> None:
    """Let the service fail to make a revision."""
    path = rf"/deployments/{revision}(\?|$)"
    bench.place.sandbox.control.fault(
        "operation-fail", method="PUT", path=path, code="ResourceNotReady", message=f"no nodes for {revision}"
    )


@in_both_profiles
def test_the_others_are_brought_to_their_end_when_one_fails(bench: Bench) -> None:
    first = bench.release().default
    plan = several(with_script(bench, SCRIPT), 1, 2, 3)
    one, two, three = plan.revisions.values()
    fail(bench, two)
    report = ReleaseReport(plan.endpoint.name, plan.target)
    before = bench.mark()
    with held(bench, "PUT", rf"/deployments/({one}|{three})(\?|$)", 2) as let_go:

        def progress(step: str, text: str, **more: Any) -> None:
            if "failed" in text:
                bench.said.append(f"{step}: {text} {more}")
                let_go()

        context = replace(bench.context(), progress=progress)
        with pytest.raises(ReleaseError) as raised:
            reconcile(plan, context, report=report)
    assert str(raised.value).startswith(f"creating deployment {two} failed: ")
    (said,) = [each for each in bench.said if each.startswith(f"{CREATE}: {two} failed; what has begun")]
    assert f"no nodes for {two}" in said
    assert said.endswith(f"{{'subject': '{two}', 'outcome': 'failed'}}")
    assert report.created == [one, three]
    assert jobs(bench, before) == []  # no other step has begun
    assert bench.live().default == first
    assert {each: bench.live().is_usable(each) for each in (one, two, three)} == {one: True, two: False, three: True}
    # One more run makes the one that is missing, and tries all of them out.
    again = bench.release(plan)
    assert again.created == [two]
    assert sorted(each.revision for each in again.tried) == sorted([one, two, three])
    assert bench.live().default == plan.target


@pytest.mark.parametrize("profile", ["lenient"], indirect=True)
def test_all_failures_are_told(bench: Bench) -> None:
    """The service works on all revisions of an endpoint at the same time: one that waits begins no more."""
    plan = several(bench.plan, 1, 2, 3)
    one, two, three = plan.revisions.values()
    for each in (one, three):
        fail(bench, each)
    with held(bench, "PUT", DEPLOYMENT, 3) as let_go:
        end = in_thread(lambda: bench.release(plan))
        let_go()
    error = end.exception(60)
    assert isinstance(error, ReleaseError)
    told = str(error).split("\nAlso: ")  # in the order in which they happened
    assert sorted(each.partition(":")[0] for each in told) == sorted(
        f"creating deployment {each} failed" for each in (one, three)
    )
    assert bench.live().is_usable(two)
    assert bench.live().default is None


@in_both_profiles
def test_try_outs_run_at_the_same_time_and_share_the_job_of_what_serves(bench: Bench) -> None:
    """What serves was never tried out, so that no job of it has scored the input."""
    serves = bench.release().default
    plan = several(with_script(bench, SCRIPT), 1, 2)
    before = bench.mark()
    with held(bench, "POST", r"/jobs(\?|$)", 2) as let_go:
        end = in_thread(lambda: bench.release(plan))
        let_go()
    report = end.result(300)
    assert sorted(each.revision for each in report.tried) == sorted(plan.revisions.values())
    assert len(jobs(bench, before)) == 3
    sampled = records.sample(bench.live().deployments[serves])
    assert sampled is not None
    for each in report.tried:
        assert each.differences[0].startswith(f"{serves}, which serves, has no ") or each.differences[0] == (
            f"compared with {serves}, which serves:"
        )
    uploaded = [each for each in bench.writes(before) if each.endswith("/input/a.txt")]
    assert len(uploaded) == 1


def busy(bench: Bench, method: str, path: str, times: int = 1) -> None:
    """Let the service refuse requests because of another operation."""
    bench.place.sandbox.control.fault(
        "status",
        method=method,
        path=path,
        times=times,
        status=409,
        code="AnotherOperationInProgress",
        message="Another operation on this or dependent resource is in progress.",
    )


def released_twice(bench: Bench) -> tuple[str, ReleasePlan, ReleasePlan]:
    """Release two plans; return the first one's default, the second, and a third to be released."""
    first = bench.release().default
    second = bench.changed(mini_batch_size=2)
    bench.release(second)
    return first, second, bench.changed(mini_batch_size=3)


@in_one_profile
@pytest.mark.parametrize(
    ("method", "path", "step"),
    [
        ("PUT", DEPLOYMENT, CREATE),
        ("PATCH", DEPLOYMENT, TRY),
        ("PUT", ENDPOINT, SWITCH),
    ],
)
def test_another_operation_is_awaited(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, method: str, path: str, step: str
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(operations, "monotonic", lambda: 1.0 + sum(waited))
    plan = with_script(bench, SCRIPT)
    context = replace(bench.context(), wait=waited.append)
    busy(bench, method, path, times=2)
    report = bench.release_in(context, plan)
    said = [
        (at, text) for at, text in zip(bench.steps, bench.said, strict=True) if text.startswith("waiting for another")
    ]
    assert said == [
        (step, "waiting for another operation on the endpoint (0 s)"),
        (step, "waiting for another operation on the endpoint (5 s)"),
    ]
    assert waited.count(5.0) >= 2
    assert context.timeline.failed_at is None  # the refused requests do not count
    assert report.created == [plan.target]
    assert bench.live().default == plan.target


@in_both_profiles
def test_a_default_is_restored_once_another_operation_has_ended(bench: Bench) -> None:
    first, second, third = released_twice(bench)
    bench.move(first)
    bench.steps.clear()
    busy(bench, "PUT", ENDPOINT)
    fail(bench, third.target)
    context = bench.context()
    with pytest.raises(ReleaseError, match=f"no nodes for {third.target}"):
        bench.release_in(context, third)
    assert list(bench.steps)[:5] == [READ, RESTORE, RESTORE, RESTORE, READ]  # sent, waiting, sent, read back
    assert context.timeline.failed_at == CREATE
    assert bench.live().default == second.target


@in_one_profile
def test_a_default_that_a_rollback_set_in_the_meantime_is_not_restored(bench: Bench) -> None:
    first, second, third = released_twice(bench)
    bench.move(first)
    busy(bench, "PUT", ENDPOINT)

    def wait(_seconds: float) -> None:
        go_back(bench.context(), second, first)

    report = bench.release_in(replace(bench.context(), wait=wait), third)
    assert report.done()[1:] == [f"default {first} -> {third.target}", f"deleted {second.target}"]
    assert (report.restored, bench.live().default) == (None, third.target)


@in_one_profile
def test_a_switch_whose_answer_was_lost_is_told_although_its_repeat_was_refused(bench: Bench) -> None:
    before = bench.mark()
    bench.place.sandbox.control.fault("reset-after", method="PUT", path=ENDPOINT)
    busy(bench, "PUT", ENDPOINT)
    report = bench.release()
    assert "waiting for another operation on the endpoint (0 s)" in bench.said
    assert report.done()[-1] == f"default (none) -> {bench.plan.target}"
    assert report.last_set == bench.live().last_set
    assert len([each for each in bench.writes(before) if re.search(r"^PUT .*/batchEndpoints/[^/]+$", each)]) == 2


@in_one_profile
def test_the_wait_for_another_operation_ends_after_an_hour(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]

    def wait(seconds: float) -> None:
        clock[0] += seconds * 100
        assert clock[0] < 2 * operations.LONGEST_SECONDS

    monkeypatch.setattr(operations, "monotonic", lambda: clock[0])
    busy(bench, "PUT", DEPLOYMENT, times=20)
    with pytest.raises(ReleaseError, match="Another operation on this"):
        bench.release_in(replace(bench.context(), wait=wait), bench.plan)


@in_one_profile
def test_a_deletion_waits_for_another_operation(bench: Bench) -> None:
    first = bench.release().default
    bench.release(bench.changed(mini_batch_size=2))
    plan = replace(bench.changed(mini_batch_size=3), keep=2)
    busy(bench, "DELETE", DEPLOYMENT)
    report = bench.release(plan)
    assert (report.pruned, report.warnings) == ([first], [])
    assert "waiting for another operation on the endpoint (0 s)" in bench.said


@in_both_profiles
def test_a_rollback_that_a_switch_waits_for_is_not_undone(bench: Bench) -> None:
    first, _, third = released_twice(bench)
    busy(bench, "PUT", ENDPOINT)

    def wait(_seconds: float) -> None:
        go_back(bench.context(), third, first)

    with pytest.raises(PlanError, match="rollback"):
        bench.release_in(replace(bench.context(), wait=wait), third)
    assert bench.live().default == first


@in_one_profile
def test_a_rollback_waits_for_another_operation(bench: Bench) -> None:
    first = bench.release().default
    plan = bench.changed(mini_batch_size=2)
    bench.release(plan)
    busy(bench, "PUT", ENDPOINT)
    done = go_back(bench.context(), plan, None)
    assert (done.endpoint.default, done.sent) == (first, True)
    assert "waiting for another operation on the endpoint (0 s)" in bench.said


@in_one_profile
def test_a_revision_that_becomes_the_default_meanwhile_is_not_deleted(bench: Bench) -> None:
    first = bench.release().default
    bench.release(bench.changed(mini_batch_size=2))
    plan = replace(bench.changed(mini_batch_size=3), keep=2)
    busy(bench, "DELETE", DEPLOYMENT)

    def wait(_seconds: float) -> None:
        bench.move(first)

    report = bench.release_in(replace(bench.context(), wait=wait), plan)
    assert report.pruned == []
    (warning,) = report.warnings
    assert f"deployment {first} has become the default of {plan.endpoint.name}, and is not deleted." in warning
    assert bench.live().is_usable(first)
