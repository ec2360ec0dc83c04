"""A release that is stopped while it tries a revision out cancels its job with one request; the next one goes on.

Kills, after which nothing can be sent: tests/modelops/test_release_killed_trying.py.
"""

import re
import signal
from dataclasses import replace
from typing import Any

import pytest

from modelops.plan.plan import ReleasePlan
from modelops.release import records
from modelops.release.running import MAY_GO_ON
from modelops.runner.protocol import Failed, Stopping
from modelops.scoring import jobs
from tests.modelops.compared import OTHER, SCRIPT, with_script
from tests.modelops.conftest import Bench, in_one_profile
from tests.modelops.test_modelops_commands import start
from tests.modelops.workers import RealWorker

# The SDK uses what the libraries below it have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CANCEL = r"/jobs/[^/]+/cancel$"


def waiting(bench: Bench, script: str = SCRIPT) -> ReleasePlan:
    """Return a plan whose script waits for a file `go` in the bench's folder."""
    go = f"while not pathlib.Path({str(bench.root / 'go')!r}).exists(): time.sleep(0.1)"
    return with_script(bench, "import pathlib, time\n" + script.replace("def init(): ...", f"def init():\n    {go}"))


def started(bench: Bench, after: int) -> int:
    """Return how many jobs were asked for since a mark."""
    return len([each for each in bench.writes(after) if re.match(r"POST \S*/jobs$", each)])


def job_of(bench: Bench, plan: ReleasePlan) -> str:
    """Return the job of a try-out that is noted as started."""
    record = records.try_out(bench.live().deployments[plan.target])
    assert record is not None
    assert record.outcome == "started"
    return record.job


def state_of(bench: Bench, job: str) -> str:
    return str(bench.place.get(f"jobs/{job}")["properties"]["status"])


def wait_for_a_job(bench: Bench, after: int, notes: int = 1) -> None:
    """Wait until a release follows a job, once it has noted so many."""
    control = bench.place.sandbox.control
    control.wait(method="PATCH", path="/deployments/", count=notes, after=after)
    control.wait(method="GET", path=r"/jobs/[^/]+$", after=bench.mark())


def stopped(bench: Bench, plan: ReleasePlan, serves: str | None = None, **fault: Any) -> tuple[str, list[str]]:
    """Stop a release that follows its job; return what it says of that, and what it sent.

    Args:
        bench: the endpoint's.
        plan: to release.
        serves: the default, whose job is canceled, too.
        fault: of the cancellation; one that delays it ends once the release has said how it stopped.
    """
    control = bench.place.sandbox.control
    with RealWorker(bench) as worker:
        before = bench.mark()
        worker.begin(plan)
        wait_for_a_job(bench, before, 2 if serves else 1)
        if fault:
            control.fault(method="POST", path=CANCEL, times=-1, **fault)
        before = bench.mark()
        worker.close()
        last = worker.last()
        control.clear_faults()
        assert worker.process.wait() == 0
    assert isinstance(last, Stopping)
    assert last == Stopping("plan", "try out", jobs=last.jobs)
    assert bench.live().default == serves
    return last.jobs, bench.writes(before)


def tried_by(bench: Bench, plan: ReleasePlan) -> str:
    """Release a plan whose script need not wait any more, and return the job of its try-out."""
    (bench.root / "go").touch()
    (tried,) = bench.release(plan).tried
    assert bench.live().default == plan.target
    record = records.try_out(bench.live().deployments[plan.target])
    assert record is not None
    assert (record.outcome, record.job) == ("passed", tried.job)
    return tried.job


@in_one_profile
def test_the_job_is_canceled_and_the_next_release_starts_another(bench: Bench) -> None:
    plan, before = waiting(bench), bench.mark()
    said, sent = stopped(bench, plan)
    job = job_of(bench, plan)
    assert said == f"Job {job} is canceled; the next release starts another."
    assert sent == [f"POST {bench.place.path}/jobs/{job}/cancel"]
    assert state_of(bench, job) in ("CancelRequested", "Canceled")
    assert tried_by(bench, plan) != job
    assert started(bench, before) == 2


@in_one_profile
def test_a_job_that_could_not_be_canceled_is_taken_up_by_the_next_release(bench: Bench) -> None:
    plan, before = waiting(bench), bench.mark()
    fault: dict[str, Any] = {
        "status": 503,
        "code": "ServiceUnavailable",
        "message": "Try later",
        "headers": {"Retry-After": "1"},
    }
    said, sent = stopped(bench, plan, action="status", **fault)
    job = job_of(bench, plan)
    assert re.fullmatch(
        rf"Job {job} could not be canceled \(ServiceUnavailable: Try later \(HTTP 503, request \S+\)\): it may go on, "
        "and the next release takes it up.",
        said,
    )
    assert sent == [f"POST {bench.place.path}/jobs/{job}/cancel"]
    assert tried_by(bench, plan) == job
    assert started(bench, before) == 1


@in_one_profile
def test_a_cancellation_without_an_answer_does_not_hold_the_stop_up(bench: Bench) -> None:
    """The request in flight is finished later, so that the next release starts another job."""
    plan, before = waiting(bench), bench.mark()
    said, sent = stopped(bench, plan, action="delay", seconds=60)
    job = job_of(bench, plan)
    assert said == (
        f"Job {job} could not be canceled (no answer within 2.5 s): it may go on, and the next release takes it up."
    )
    assert len(sent) == 1
    assert tried_by(bench, plan) != job
    assert started(bench, before) == 2


@in_one_profile
def test_a_job_whose_start_is_in_flight_goes_on(bench: Bench) -> None:
    control, plan, before = bench.place.sandbox.control, waiting(bench), bench.mark()
    control.fault("delay", method="POST", path="/jobs$", seconds=60)
    with RealWorker(bench) as worker:
        worker.begin(plan)
        control.wait(method="POST", path="/jobs$", after=before, finished=False)
        at = bench.mark()
        worker.close()
        assert worker.last() == Stopping("plan", "try out", jobs=MAY_GO_ON)
        control.clear_faults()
        assert worker.process.wait() == 0
    assert bench.writes(at) == []
    assert records.try_out(bench.live().deployments[plan.target]) is None
    tried_by(bench, plan)
    assert started(bench, before) == 1


@in_one_profile
def test_a_job_that_ends_canceled_after_the_next_release_took_it_up_is_replaced(bench: Bench) -> None:
    """Its state may follow a while after the cancellation was accepted."""
    plan, before = waiting(bench), bench.mark()
    stopped(bench, plan, action="status", status=503)
    job = job_of(bench, plan)

    def cancel(_seconds: float) -> None:
        found = jobs.found(bench.workspace, job)
        if found.state not in jobs.ENDED:
            jobs.cancel(bench.workspace, found)
            (bench.root / "go").touch()

    (tried,) = bench.release_in(replace(bench.context(), wait=cancel), plan).tried
    assert tried.job != job
    assert started(bench, before) == 2
    assert state_of(bench, job) == "Canceled"
    assert bench.live().default == plan.target


@in_one_profile
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_cancels_its_job_too(bench: Bench, number: int) -> None:
    bench.plan = waiting(bench)
    before = bench.mark()
    with start(bench, "release") as running:
        wait_for_a_job(bench, before)
        before = bench.mark()
        running.send_signal(number)
        _, errors = running.communicate(timeout=60)
    job = job_of(bench, bench.plan)
    assert running.returncode == 1
    assert errors.splitlines()[-1] == (
        f"error: stopped at step 'try out'; default unchanged. Job {job} is canceled; the next release starts another. "
        "Run the command again."
    )
    assert bench.writes(before) == [f"POST {bench.place.path}/jobs/{job}/cancel"]


@in_one_profile
def test_the_job_of_what_serves_is_canceled_too(bench: Bench) -> None:
    first = waiting(bench)
    tried_by(bench, first)
    (bench.root / "go").unlink()
    (bench.root / "try-out" / "c.txt").write_text("new", encoding="utf-8")
    second, before = waiting(bench, OTHER), bench.mark()
    said, sent = stopped(bench, second, serves=first.target)
    sample = records.sample(bench.live().deployments[first.target])
    assert sample is not None
    both = [job_of(bench, second), sample.job]
    assert said == " ".join(f"Job {each} is canceled; the next release starts another." for each in both)
    assert sorted(sent) == sorted(f"POST {bench.place.path}/jobs/{each}/cancel" for each in both)

    (bench.root / "go").touch()
    (tried,) = bench.release(second).tried
    assert tried.differences[0] == f"compared with {first.target}, which serves:"
    assert started(bench, before) == 4


@in_one_profile
def test_the_job_of_what_serves_goes_on_after_a_candidate_failed_and_the_next_release_takes_it_up(
    bench: Bench,
) -> None:
    """It is not canceled because the process of the release ends."""
    first = waiting(bench)
    tried_by(bench, first)
    (bench.root / "go").unlink()
    (bench.root / "try-out" / "c.txt").write_text("new", encoding="utf-8")
    raises = with_script(bench, OTHER.replace("def init(): ...", "def init():\n    raise ValueError('on purpose')"))
    before = bench.mark()
    with RealWorker(bench) as worker:
        worker.begin(raises)
        failed = worker.last()
        assert isinstance(failed, Failed)
        assert "ValueError: on purpose" in failed.message
    sample = records.sample(bench.live().deployments[first.target])
    assert sample is not None
    assert [each for each in bench.writes(before) if each.endswith("/cancel")] == []
    assert state_of(bench, sample.job) not in jobs.ENDED
    assert started(bench, before) == 2

    (bench.root / "go").touch()
    before = bench.mark()
    (tried,) = bench.release(with_script(bench, OTHER)).tried
    assert tried.differences[0] == f"compared with {first.target}, which serves:"
    assert started(bench, before) == 1


@in_one_profile
def test_a_release_that_waits_for_a_busy_service_stops_at_once(bench: Bench) -> None:
    control, plan, before = bench.place.sandbox.control, waiting(bench), bench.mark()
    control.fault("status", method="POST", path="/jobs$", status=429, headers={"Retry-After": "600"})
    with RealWorker(bench) as worker:
        worker.begin(plan)
        control.wait(method="POST", path="/jobs$", after=before)
        worker.close()
        assert worker.last() == Stopping("plan", "try out", jobs=MAY_GO_ON)
        assert worker.process.wait() == 0
    tried_by(bench, plan)
    assert started(bench, before) == 2
    assert len(jobs.listed(bench.workspace, plan.endpoint.name, 10)) == 1
