"""Eight releases in one worker process: each keeps the promises that it keeps alone. The journal is the witness."""

import asyncio
import contextlib
import functools
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelops.plan.plan import LocalModel
from modelops.runner.pool import WorkerPool, WorkerStopped
from modelops.runner.protocol import Done, ReleaseRequest, Stop, Stopping
from tests.modelops.conftest import Bench, Place, in_one_profile, new_bench
from tests.modelops.test_release_stopped_trying import CANCEL, job_of, waiting
from tests.modelops.workers import REPOSITORY, RealWorker

pytestmark = in_one_profile

COUNT = 8
MODEL = r"/models/[^/]+/versions/[^/]+$"
DEPLOYMENT = r"/batchEndpoints/[^/]+/deployments/[^/]+$"
ENDPOINT = r"/batchEndpoints/[^/]+$"


@pytest.fixture
def benches(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Bench]]:
    """Return eight endpoints with a model and code each, by the id of their plan."""
    place.sandbox.enter(monkeypatch)
    with contextlib.ExitStack() as stack:
        found = {}
        for number in range(COUNT):
            root = tmp_path / f"endpoint-{number}"
            root.mkdir()
            found[f"plan-{number}"] = stack.enter_context(new_bench(place, root))
        yield found


@contextlib.contextmanager
def all_held(benches: dict[str, Bench], action: str, method: str, path: str) -> Iterator[RealWorker]:
    """Release all in one worker, until a request of each is held; the requests go on at the end of the block."""
    one = benches["plan-0"]
    control = one.place.sandbox.control
    control.fault(action, method=method, path=path, times=-1, **({"seconds": 600} if action == "delay" else {}))
    with RealWorker(one) as worker:
        before = one.mark()
        worker.begin_all(benches)
        control.wait(method=method, path=path, after=before, count=COUNT, finished=action != "delay")
        yield worker
        control.clear_faults()


def body(bench: Bench) -> tuple[str, str]:
    """Return model and code of the deployment that serves, as the service has them."""
    found = bench.place.get(f"batchEndpoints/{bench.plan.endpoint.name}/deployments/{bench.plan.target}")
    properties = found["properties"]
    return properties["model"]["assetId"], properties["codeConfiguration"]["codeId"]


def test_all_are_created_at_once_and_each_endpoint_gets_what_is_its_own(benches: dict[str, Bench]) -> None:
    with all_held(benches, "delay", "PUT", DEPLOYMENT) as worker:
        benches["plan-0"].place.sandbox.control.clear_faults()
        ended = worker.lasts(COUNT)
    codes = set()
    for plan_id, bench in benches.items():
        done, model = ended[plan_id], bench.plan.deployments["mlp"].model
        assert isinstance(done, Done), done
        assert isinstance(model, LocalModel)
        assert done.report is not None
        assert (done.report["created"], done.report["registered"]) == ([bench.plan.target], [f"{model.name}:1"])
        assert bench.live().default == bench.plan.target
        asset, code = body(bench)
        assert asset.endswith(f"/models/{model.name}/versions/1")
        codes.add(code)
    assert len(codes) == COUNT  # each script is another


def test_the_end_of_the_input_stops_all_while_their_operations_hang(benches: dict[str, Bench]) -> None:
    one = benches["plan-0"]
    with all_held(benches, "operation-hang", "PUT", DEPLOYMENT) as worker:
        before = one.mark()
        worker.close()
        ended = worker.lasts(COUNT)
        assert worker.process.wait() == 0
    assert ended == {plan_id: Stopping(plan_id, "create revisions") for plan_id in benches}
    assert one.writes(before) == []
    for bench in benches.values():
        assert bench.live().default is None
    one.place.sandbox.control.clear_faults()
    _converge(benches)


def test_requests_in_flight_are_finished_and_nothing_else_begins(benches: dict[str, Bench]) -> None:
    one = benches["plan-0"]
    with all_held(benches, "delay", "PUT", MODEL) as worker:
        before = one.mark()
        worker.close()
        assert worker.lasts(COUNT) == {plan_id: Stopping(plan_id, "register models") for plan_id in benches}
        assert worker.process.poll() is None
        one.place.sandbox.control.clear_faults()
        assert worker.process.wait() == 0
    assert one.writes(before) == []
    for bench in benches.values():
        assert bench.versions() == ["1"]
        assert bench.live().deployments == {}


def test_each_says_whether_its_switch_was_sent(benches: dict[str, Bench]) -> None:
    switching = benches["plan-3"].plan.endpoint.name
    with all_held_but(benches, switching) as worker:
        worker.close()
        ended = worker.lasts(COUNT)
    assert ended == {
        plan_id: Stopping(plan_id, "switch the default", switch_sent=True)
        if bench.plan.endpoint.name == switching
        else Stopping(plan_id, "create revisions")
        for plan_id, bench in benches.items()
    }
    for bench in benches.values():
        assert bench.live().default == (bench.plan.target if bench.plan.endpoint.name == switching else None)


@contextlib.contextmanager
def all_held_but(benches: dict[str, Bench], name: str) -> Iterator[RealWorker]:
    """Release all in one worker: one endpoint until its switch is held, the others until their deployments are."""
    one = benches["plan-0"]
    control = one.place.sandbox.control
    control.fault("delay", method="PUT", path=rf"/batchEndpoints/{name}$", times=-1, seconds=600)
    control.fault("operation-hang", method="PUT", path=rf"/batchEndpoints/(?!{name}/)[^/]+/deployments/", times=-1)
    with RealWorker(one) as worker:
        before = one.mark()
        worker.begin_all(benches)
        control.wait(method="PUT", path=rf"/batchEndpoints/{name}$", after=before, finished=False)
        control.wait(method="PUT", path=DEPLOYMENT, after=before, count=COUNT)
        yield worker
        control.clear_faults()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK uses what the libraries below it have deprecated
@pytest.mark.parametrize("answers", [True, False], ids=["answered", "not answered"])
def test_the_jobs_of_all_are_canceled_without_a_long_wait_for_the_answers(
    benches: dict[str, Bench], *, answers: bool
) -> None:
    one = benches["plan-0"]
    control = one.place.sandbox.control
    for bench in benches.values():
        bench.plan = waiting(bench)
    with RealWorker(one) as worker:
        before = one.mark()
        worker.begin_all(benches)
        control.wait(method="PATCH", path="/deployments/", count=COUNT, after=before)  # each has noted its job
        if not answers:
            control.fault("delay", method="POST", path=CANCEL, times=-1, seconds=600)
        before = one.mark()
        worker.close()
        ended = worker.lasts(COUNT)
        control.clear_faults()
        assert worker.process.wait() == 0
    jobs = {plan_id: job_of(bench, bench.plan) for plan_id, bench in benches.items()}
    asked = one.writes(before)
    assert sorted(asked) == sorted(f"POST {one.place.path}/jobs/{job}/cancel" for job in jobs.values())
    said = "is canceled; the next release starts another."
    if not answers:
        said = "could not be canceled (no answer within 2.5 s): it may go on, and the next release takes it up."
    assert ended == {plan_id: Stopping(plan_id, "try out", jobs=f"Job {jobs[plan_id]} {said}") for plan_id in benches}


def test_one_is_stopped_and_the_others_go_on(benches: dict[str, Bench]) -> None:
    stopped = "plan-5"
    with all_held(benches, "delay", "PUT", MODEL) as worker:
        worker.send(Stop(stopped))
        assert worker.last() == Stopping(stopped, "register models")
        at = benches[stopped].mark()
        benches[stopped].place.sandbox.control.clear_faults()
        ended = worker.lasts(COUNT - 1)
        assert {type(each) for each in ended.values()} == {Done}
        name = benches[stopped].plan.endpoint.name
        assert [each for each in benches[stopped].writes(at) if name in each] == []
        # The same worker takes the plan again.
        worker.begin_all({"again": benches[stopped]})
        worker.done()
    for bench in benches.values():
        assert bench.live().default == bench.plan.target
        assert bench.versions() == ["1"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("PUT", MODEL, marks=pytest.mark.long(part="kills")),
        pytest.param("PUT", DEPLOYMENT, marks=pytest.mark.long(part="kills")),
        ("PUT", ENDPOINT),
    ],
    ids=["registration", "deployment", "switch"],
)
def test_a_killed_process_leaves_eight_that_one_more_run_finishes(
    benches: dict[str, Bench], method: str, path: str
) -> None:
    one = benches["plan-0"]
    with all_held(benches, "delay", method, path) as worker:
        worker.process.kill()
        worker.process.wait()
        for bench in benches.values():
            found = bench.live()
            assert found.default is None or found.is_usable(found.default)
    _converge(benches)
    before = one.mark()
    for bench in benches.values():
        assert bench.versions() == ["1"]
        assert not bench.release().changed
    assert one.writes(before) == []


@pytest.mark.long(part="kills")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_killed_process_leaves_eight_jobs_that_the_next_run_takes_up(benches: dict[str, Bench]) -> None:
    one = benches["plan-0"]
    before = one.mark()
    for bench in benches.values():
        bench.plan = waiting(bench)
    with RealWorker(one) as worker:
        worker.begin_all(benches)
        one.place.sandbox.control.wait(method="PATCH", path="/deployments/", count=COUNT, after=before)
        worker.process.kill()
        worker.process.wait()
    jobs = {plan_id: job_of(bench, bench.plan) for plan_id, bench in benches.items()}
    for bench in benches.values():
        (bench.root / "go").touch()
    ended = _converge(benches)
    assert len([each for each in one.writes(before) if each.endswith("/jobs")]) == COUNT
    tried = {plan_id: done.report["tried"] for plan_id, done in ended.items() if done.report}
    assert {plan_id: [each["job"] for each in found] for plan_id, found in tried.items()} == {
        plan_id: [job] for plan_id, job in jobs.items()
    }


def test_the_deadline_of_one_stops_it_alone(
    benches: dict[str, Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, one = "plan-5", benches["plan-0"]
    control = one.place.sandbox.control

    async def program() -> None:
        alarms: dict[float, Callable[[], None]] = {}
        loop = asyncio.get_running_loop()
        call_later = loop.call_later

        def recorded(delay: float, expire: Callable[..., None], *more: Any, **others: Any) -> asyncio.TimerHandle:
            alarms[delay] = functools.partial(expire, *more)
            return call_later(delay, expire, *more, **others)

        monkeypatch.setattr(loop, "call_later", recorded)
        own = {"PYTHONPATH": str(REPOSITORY), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        command = [sys.executable, "-m", "modelops", "worker"]
        pool = WorkerPool(command, {**one.place.sandbox.env, **own}, tmp_path / "log" / "worker.log")
        control.fault("delay", method="PUT", path=DEPLOYMENT, times=-1, seconds=600)
        before = one.mark()
        ends = {
            plan_id: asyncio.ensure_future(
                pool.run(
                    ReleaseRequest(plan_id, bench.plan.to_json(), str(bench.root)),
                    lambda _event: None,
                    2000.0 if plan_id == late else 1000.0,
                )
            )
            for plan_id, bench in benches.items()
        }
        await asyncio.to_thread(control.wait, method="PUT", path=DEPLOYMENT, after=before, count=COUNT, finished=False)
        at = one.mark()
        alarms[2000.0]()  # the deadline has come
        with pytest.raises(WorkerStopped) as stopped:
            await ends[late]
        said = stopped.value
        assert (said.plan_id, said.step, said.switch_sent, said.at_deadline) == (late, "create revisions", False, True)
        assert [each for each, end in ends.items() if end.done()] == [late]
        control.clear_faults()
        del ends[late]
        await asyncio.gather(*ends.values())
        await pool.end()
        name = benches[late].plan.endpoint.name
        assert [each for each in one.writes(at) if f"/{name}" in each] == []

    asyncio.run(program())
    for plan_id, bench in benches.items():
        assert bench.live().default == (None if plan_id == late else bench.plan.target)
    before = one.mark()
    _converge(benches)
    assert [each for each in one.writes(before) if re.search(ENDPOINT, each)] == [
        f"PUT {one.place.path}/batchEndpoints/{benches[late].plan.endpoint.name}"
    ]


def _converge(benches: dict[str, Bench]) -> dict[str, Done]:
    """Release all again, in another worker: each ends with its own revision as the default, and no other."""
    one = benches["plan-0"]
    with RealWorker(one) as worker:
        worker.begin_all(benches)
        ended = worker.lasts(COUNT)
    done = {plan_id: each for plan_id, each in ended.items() if isinstance(each, Done)}
    assert done == ended
    for bench in benches.values():
        found = bench.live()
        assert (found.default, set(found.deployments)) == (bench.plan.target, {bench.plan.target})
        assert found.is_usable(found.default)
    return done
