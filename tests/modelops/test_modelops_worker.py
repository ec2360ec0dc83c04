"""The worker process: one plan for each line, and nothing begins once its input is closed."""

from dataclasses import replace

import pytest

from modelops.plan.plan import ReleasePlan
from modelops.runner.protocol import Done, Failed, PreviewRequest, ReleaseRequest, Step, Stopping, Switching
from tests.modelops.conftest import Bench, in_one_profile
from tests.modelops.workers import RealWorker

MODEL = r"/models/[^/]+/versions/[^/]+$"
ENDPOINT = r"/batchEndpoints/[^/]+$"
DEPLOYMENT = r"/batchEndpoints/[^/]+/deployments/[^/]+$"


def test_plans_come_one_after_the_other(bench: Bench) -> None:
    with RealWorker(bench) as worker:
        worker.begin(bench.plan)
        first = worker.done()
        assert first.report is not None
        assert first.report["created"] == [bench.plan.target]
        worker.begin(bench.changed(mini_batch_size=3), previous=bench.plan.target)
        second = worker.done()
        assert second.report is not None
        assert second.report["previousDefault"] == bench.plan.target
        worker.close()
        assert worker.process.wait() == 0


def test_events_name_the_steps_and_the_switch(bench: Bench) -> None:
    with RealWorker(bench) as worker:
        worker.begin(bench.plan)
        events = []
        while (event := worker.event()) is not None:
            events.append((type(event), None if isinstance(event, Done) else event.step))
            assert event.id == "plan"
            if isinstance(event, Done):
                break
    assert events == [
        (Step, "read what is live"),
        (Step, "register models"),
        (Step, "create revisions"),
        (Step, "switch the default"),
        (Switching, "switch the default"),
        (Step, "verify"),
        (Step, "record the history"),
        (Done, None),
    ]


@in_one_profile
def test_a_closed_input_lets_the_request_in_flight_finish_and_begins_no_other(bench: Bench) -> None:
    control = bench.place.sandbox.control
    control.fault("delay", method="PUT", path=MODEL, seconds=30)
    with RealWorker(bench) as worker:
        before = bench.mark()
        worker.begin(bench.plan)
        control.wait(method="PUT", path=MODEL, after=before, finished=False)
        before = bench.mark()
        worker.close()
        assert worker.last() == Stopping("plan", "register models", switch_sent=False, restored=False)
        assert worker.process.poll() is None
        control.clear_faults()
        assert worker.process.wait() == 0
    assert bench.versions() == ["1"]
    assert bench.writes(before) == []
    assert bench.live().deployments == {}


def test_a_closed_input_ends_a_wait_at_once(bench: Bench) -> None:
    control = bench.place.sandbox.control
    control.fault("operation-hang", method="PUT", path=DEPLOYMENT)
    with RealWorker(bench) as worker:
        before = bench.mark()
        worker.begin(bench.plan)
        control.wait(method="GET", path="OperationsStatus", after=before)
        before = bench.mark()
        worker.close()
        assert worker.last() == Stopping("plan", "create revisions")
        assert worker.process.wait() == 0
    assert bench.writes(before) == []
    control.clear_faults()
    assert bench.release().default == bench.plan.target


def test_a_switch_under_way_is_reported_as_sent(bench: Bench) -> None:
    control = bench.place.sandbox.control
    control.fault("delay", method="PUT", path=ENDPOINT, seconds=30)
    with RealWorker(bench) as worker:
        before = bench.mark()
        worker.begin(bench.plan)
        control.wait(method="PUT", path=ENDPOINT, after=before, finished=False)
        worker.close()
        assert worker.last() == Stopping("plan", "switch the default", switch_sent=True, restored=False)
        control.clear_faults()
        worker.process.wait()
    assert bench.live().default == bench.plan.target


def _stopped_during(bench: Bench, plan: ReleasePlan, previous: str, method: str) -> Stopping:
    """Release, close the worker's input while the deployment's request is held, and return its last words."""
    control = bench.place.sandbox.control
    control.fault("delay", method=method, path=DEPLOYMENT, seconds=30)
    with RealWorker(bench) as worker:
        before = bench.mark()
        worker.begin(plan, previous=previous)
        control.wait(method=method, path=DEPLOYMENT, after=before, finished=False)
        worker.close()
        stopping = worker.last()
        control.clear_faults()
        worker.process.wait()
    assert isinstance(stopping, Stopping)
    return stopping


def test_a_release_that_is_stopped_after_its_switch_says_that_it_was_sent(bench: Bench) -> None:
    first = bench.release()
    changed = replace(bench.changed(mini_batch_size=3), keep=1)
    stopping = _stopped_during(bench, changed, first.default, "DELETE")
    assert (stopping.step, stopping.switch_sent) == ("prune", True)
    assert bench.live().default == changed.target


def test_a_default_that_was_put_back_is_told_when_the_release_is_stopped(bench: Bench) -> None:
    first = bench.release()
    other = bench.release(bench.changed(mini_batch_size=3))
    bench.move(first.default)
    assert _stopped_during(bench, bench.changed(mini_batch_size=4), other.default, "PUT") == Stopping(
        "plan", "create revisions", switch_sent=False, restored=True
    )
    assert first.default != bench.live().default == other.default


def test_a_release_removes_the_copies_of_killed_ones(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = bench.root / "temporary"
    (folder / "azureml-batch-copy-killed" / "code").mkdir(parents=True)
    monkeypatch.setitem(bench.place.sandbox.env, "TMPDIR", str(folder))
    with RealWorker(bench) as worker:
        worker.begin(bench.plan)
        worker.done()
    assert list(folder.glob("azureml-batch-copy-*")) == []


@in_one_profile
def test_a_broken_output_does_not_end_a_release(bench: Bench) -> None:
    control = bench.place.sandbox.control
    with RealWorker(bench) as worker:
        before = bench.mark()
        assert worker.process.stdout is not None
        worker.process.stdout.close()
        worker.begin(bench.plan)
        control.wait(method="GET", path=ENDPOINT, after=before, count=5)
        control.wait(method="PUT", path=ENDPOINT, after=before)
    assert bench.live().default == bench.plan.target


@in_one_profile
def test_a_plan_that_is_none_is_answered_in_words_and_the_next_one_is_taken(bench: Bench) -> None:
    with RealWorker(bench) as worker:
        worker.send(ReleaseRequest("other", {"schema": 7}, root="."))
        assert worker.last() == Failed(
            "other",
            "The release plan is not valid:\n"
            "  - schema: is 7; this version reads 1: use the version that wrote the plan",
            step="read what is live",
        )
        worker.begin(bench.plan)
        worker.done()


@in_one_profile
def test_an_unreadable_request_is_answered_and_the_next_one_is_taken(bench: Bench) -> None:
    with RealWorker(bench) as worker:
        assert worker.process.stdin is not None
        worker.process.stdin.write(b'{"kind": "sing"}\n')
        worker.process.stdin.flush()
        assert worker.last() == Failed("", "the release worker was sent an invalid request: KeyError: 'sing'")
        worker.begin(bench.plan)
        worker.done()


def test_a_preview_reads_only(bench: Bench) -> None:
    with RealWorker(bench) as worker:
        before = bench.mark()
        worker.send(PreviewRequest("plan", bench.plan.to_json(), str(bench.root)))
        model = bench.plan.to_json()["deployments"]["mlp"]["model"]
        size = sum(each.stat().st_size for each in (bench.root / "model").rglob("*.*"))
        done = worker.done()
        assert [" ".join(each.split()) for each in done.text.splitlines()] == [
            f"default (none) -> {bench.plan.target}",
            f"create revision {bench.plan.target} first release",
            f"register model {model['name']} {size} bytes, sha256 {model['digest'][:12]}",
            "update endpoint description, tags",
        ]
        assert done.report is not None
        assert done.report["default"] == {
            "before": None,
            "after": bench.plan.target,
            "restored": None,
            "pinned": False,
        }
    assert bench.writes(before) == []


def test_a_preview_of_a_workspace_that_is_gone_falls_back_to_the_last_release(bench: Bench) -> None:
    plan = {**bench.changed(mini_batch_size=3).to_json(), "workspace": "nowhere"}
    with RealWorker(bench) as worker:
        worker.send(PreviewRequest("plan", plan, "/", released=bench.plan.to_json()))
        *lines, note = worker.done().text.splitlines()
    target = bench.changed(mini_batch_size=3).target
    assert [" ".join(each.split()) for each in lines] == [
        f"default {bench.plan.target} -> {target}",
        f"create revision {target} miniBatchSize 10 -> 3",
    ]
    assert note.startswith("(compared with the last release only: endpoint ")
