"""Ctrl-C, a killed engine and a running release: no write begins afterwards, and the next `up` finishes.

The release runs in its own process, which outlives the engine for as long as its request in flight lasts. So every
test waits until the last process of the rehearsal is gone before it looks at what was written.
"""

import re
from typing import Any

import pytest

from tests.e2e.commands import Running, until
from tests.e2e.hosts import BOTH_HOSTS, BOTH_HOSTS_IN_LONG
from tests.e2e.rehearsal import SCORED, Rehearsal, recovery_commands

MODEL = r"/models/[^/]+/versions/[^/]+$"
DEPLOYMENT = r"/batchEndpoints/[^/]+/deployments/[^/]+$"
ENDPOINT = r"/batchEndpoints/[^/]+$"
IN_FLIGHT_SECONDS = 10


def _release_under_way(deployed: Rehearsal, method: str, path: str, *, finished: bool) -> Running:
    """Start an `up` of a changed model and wait for one request of it."""
    deployed.change_one_byte_of_the_model()
    before = deployed.mark()
    running = deployed.begin("up")
    deployed.wait_for(method, path, after=before, finished=finished)
    return running


def _finished(deployed: Rehearsal, *kept: str) -> None:
    assert deployed.default not in kept
    assert sorted(deployed.of_kind("batchEndpoints/deployments")) == sorted([*kept, deployed.default])
    assert sorted(deployed.of_kind("models/versions")) == ["1", "2"]
    deployed.up("--expect-no-changes")


def _next_up_finishes(deployed: Rehearsal, *kept: str) -> None:
    deployed.mend()
    deployed.up()
    _finished(deployed, *kept)


def _of_jobs(deployed: Rehearsal, after: int) -> list[str]:
    """Return what the requests about jobs since a mark have after `/jobs`."""
    return [each.rpartition("/jobs")[2] for each in deployed.writes(after) if re.match(r"POST \S*/jobs(/|$)", each)]


def _keep_one(config: dict[str, Any]) -> None:
    config["endpoints"]["digits"]["keep"] = 1


@BOTH_HOSTS
def test_ctrl_c_during_a_wait(deployed: Rehearsal) -> None:
    old = deployed.default
    deployed.fault("operation-hang", "PUT", DEPLOYMENT)
    running = _release_under_way(deployed, "PUT", DEPLOYMENT, finished=True)
    deployed.wait_for("GET", "mfeOperationsStatus|" + DEPLOYMENT, after=deployed.mark())  # it polls: it is waiting
    before = deployed.mark()
    running.interrupt()
    done = running.wait().failed()
    deployed.wait_until_alone()
    assert deployed.writes(before) == []
    assert "create revisions" in done.flat
    assert "the default is unchanged" in done.flat
    _next_up_finishes(deployed, old)


@BOTH_HOSTS_IN_LONG
def test_ctrl_c_during_a_request_in_flight(deployed: Rehearsal) -> None:
    old = deployed.default
    fault = deployed.fault("delay", "PUT", MODEL, seconds=IN_FLIGHT_SECONDS)
    running = _release_under_way(deployed, "PUT", MODEL, finished=False)
    before = deployed.mark()
    running.interrupt()
    done = running.wait().failed()
    assert deployed.hits(fault) == 1
    deployed.wait_until_alone()
    assert deployed.writes(before) == []
    assert "register models" in done.flat
    assert "the default is unchanged" in done.flat
    # The request in flight was let finish: the next release finds its version and registers no other.
    assert sorted(deployed.of_kind("models/versions")) == ["1", "2"]
    _next_up_finishes(deployed, old)


@BOTH_HOSTS_IN_LONG
def test_ctrl_c_during_a_try_out_cancels_its_jobs_and_the_next_up_starts_others(deployed: Rehearsal) -> None:
    old = deployed.default
    deployed.restore_try_outs()
    before = deployed.mark()
    fault = deployed.fault("delay", "GET", r"/jobs/[^/]+$", seconds=IN_FLIGHT_SECONDS)
    running = _release_under_way(deployed, "GET", r"/jobs/[^/]+$", finished=False)
    running.interrupt()
    done = running.wait().failed()
    assert deployed.hits(fault) == 1
    deployed.wait_until_alone()
    # One of the candidate, and one of what serves, to compare with; the engine says it several times.
    canceled = list(dict.fromkeys(re.findall(r"Job (\S+) is canceled; the next release starts another\.", done.flat)))
    assert f"stopped, at step 'try out'; the default is unchanged. Job {canceled[0]} is canceled; " in done.flat
    assert len(canceled) == 2
    assert sorted(_of_jobs(deployed, before)) == sorted(["", "", *(f"/{each}/cancel" for each in canceled)])
    before = deployed.mark()
    _next_up_finishes(deployed, old)
    assert _of_jobs(deployed, before) == ["", ""]


@BOTH_HOSTS_IN_LONG
def test_ctrl_c_during_the_switch_says_that_it_was_sent(deployed: Rehearsal) -> None:
    old = deployed.default
    deployed.fault("delay", "PUT", ENDPOINT, seconds=IN_FLIGHT_SECONDS)
    running = _release_under_way(deployed, "PUT", ENDPOINT, finished=False)
    before = deployed.mark()
    running.interrupt()
    done = running.wait().failed()
    deployed.wait_until_alone()
    assert deployed.writes(before) == []
    assert "switch was already sent" in done.flat
    _next_up_finishes(deployed, old)


@BOTH_HOSTS_IN_LONG
def test_ctrl_c_while_an_old_revision_is_deleted_says_that_the_switch_was_sent(deployed: Rehearsal) -> None:
    deployed.configure(_keep_one)
    deployed.fault("delay", "DELETE", DEPLOYMENT, seconds=IN_FLIGHT_SECONDS)
    running = _release_under_way(deployed, "DELETE", DEPLOYMENT, finished=False)
    before = deployed.mark()
    running.interrupt()
    done = running.wait().failed()
    deployed.wait_until_alone()
    assert deployed.writes(before) == []
    assert "switch was already sent" in done.flat
    _next_up_finishes(deployed)


@BOTH_HOSTS_IN_LONG
def test_ctrl_c_of_make_up_during_a_release(deployed: Rehearsal) -> None:
    """The engine has a process group of its command, and still gets the signal, once."""
    old = deployed.default
    deployed.fault("operation-hang", "PUT", DEPLOYMENT)
    deployed.change_one_byte_of_the_model()
    before = deployed.mark()
    running = deployed.start("make", "up", "SET_UP=@:")
    deployed.wait_for("PUT", DEPLOYMENT, after=before, finished=True)
    deployed.wait_for("GET", "mfeOperationsStatus|" + DEPLOYMENT, after=deployed.mark())
    before = deployed.mark()
    running.interrupt()
    done = running.wait().failed()
    deployed.wait_until_alone()
    assert deployed.writes(before) == []
    assert re.search(r"^digits +stopped at 3/8 create revisions +\d+ s", done.out, re.MULTILINE)
    assert done.flat.count("stopped, at step 'create revisions'; the default is unchanged.") == 1
    assert "pulumi cancel" not in done.text
    _next_up_finishes(deployed, old)


@BOTH_HOSTS_IN_LONG
def test_ctrl_c_of_make_up_while_the_job_runs(deployed: Rehearsal) -> None:
    """What is left is a job that nobody follows any more; the next `make up` begins another."""
    deployed.fault("delay", "GET", r"/jobs/[^/]+$", seconds=IN_FLIGHT_SECONDS)
    before = deployed.mark()
    running = deployed.start("make", "up", "SET_UP=@:")
    deployed.wait_for("GET", r"/jobs/[^/]+$", after=before, finished=False)
    running.interrupt()
    done = running.wait().failed()
    (job,) = re.findall(r"^job (\S+) on ", done.out, re.MULTILINE)
    told, later, made = done.err.splitlines()[-3:]
    words = f"{job} --stack dev"
    jobs = ".venv/bin/python -m sandbox run -- python -m modelops jobs"
    assert told == f"error: interrupted. Job {job} continues in the sandbox; to cancel it: {jobs} cancel {words}"
    assert later == (f"To get its predictions once it is completed: {jobs} download {words} --download NEW_FOLDER")
    assert made.startswith("make: *** ")
    deployed.mend()
    deployed.wait_until_alone()
    assert SCORED in deployed.make("up").ok().out.splitlines()


@BOTH_HOSTS
@pytest.mark.parametrize(
    ("action", "method", "path", "kept"),
    [
        pytest.param("operation-hang", "PUT", DEPLOYMENT, 2, marks=pytest.mark.long(part="kills")),
        pytest.param("delay", "PUT", MODEL, 2, marks=pytest.mark.long(part="kills")),
        pytest.param("delay", "POST", "/jobs$", 2, marks=pytest.mark.long(part="kills")),
        ("delay", "PUT", ENDPOINT, 2),
        pytest.param("delay", "DELETE", DEPLOYMENT, 1, marks=pytest.mark.long(part="kills")),
    ],
    ids=[
        "in a wait",
        "with a registration in flight",
        "with a try-out's start in flight",
        "with the switch in flight",
        "with the deletion of an old revision in flight",
    ],
)
def test_a_killed_engine_and_the_documented_recovery(
    deployed: Rehearsal, action: str, method: str, path: str, kept: int
) -> None:
    old, finished = deployed.default, action == "operation-hang"
    if method == "POST":
        deployed.restore_try_outs()
    if kept == 1:
        deployed.configure(_keep_one)
    deployed.fault(action, method, path, seconds=IN_FLIGHT_SECONDS)
    running = _release_under_way(deployed, method, path, finished=finished)
    before = deployed.mark()
    running.kill()
    assert running.wait().code == -9
    # The release has heard of it once the program is gone. Then what was delayed or hung may go on: there is no point
    # in waiting for the rest of the ten seconds.
    until(lambda: all("modelops" in each for each in deployed.processes()), "the program to end")
    deployed.mend()
    deployed.wait_until_alone()
    assert deployed.writes(before) == []

    for command in recovery_commands():
        deployed.run(*command).ok()
    assert deployed.state().get("pending_operations", []) == []
    _finished(deployed, *[old][: kept - 1])


@BOTH_HOSTS_IN_LONG
def test_a_killed_engine_leaves_a_lock_that_says_whose_it_was(deployed: Rehearsal) -> None:
    running = _release_under_way(deployed, "GET", ENDPOINT, finished=False)
    running.kill()
    pid = running.process.pid
    assert running.wait().code == -9
    locked = deployed.pulumi("up").failed()
    assert "the stack is currently locked by 1 lock(s)" in locked.flat
    assert f"(pid {pid})" in locked.flat


@pytest.mark.long(part="kills")
def test_of_two_at_once_the_second_fails_on_the_lock_and_the_first_finishes(deployed: Rehearsal) -> None:
    old = deployed.default
    deployed.fault("operation-hang", "PUT", DEPLOYMENT)
    running = _release_under_way(deployed, "PUT", DEPLOYMENT, finished=True)
    before = deployed.mark()
    locked = deployed.pulumi("up").failed()
    assert "the stack is currently locked by 1 lock(s)" in locked.flat
    assert f"(pid {running.process.pid})" in locked.flat
    assert deployed.writes(before) == []
    deployed.mend()
    running.wait().ok()
    _finished(deployed, old)


@BOTH_HOSTS
def test_an_engine_killed_while_it_creates_a_resource(fresh: Rehearsal) -> None:
    """What was being made when the engine died may be there, and be in no state."""
    fresh.start_server()
    fresh.fault("delay", "PUT", ENDPOINT, seconds=IN_FLIGHT_SECONDS)
    running = fresh.begin("up")
    fresh.wait_for("PUT", ENDPOINT, finished=False)
    running.kill()
    assert running.wait().code == -9
    fresh.wait_until_alone()
    fresh.mend()
    *put_right, up = recovery_commands()
    for command in put_right:
        fresh.run(*command).ok()
    assert fresh.state().get("pending_operations", []) == []
    done = fresh.run(*up)
    if done.code != 0:
        # Role assignments were being made beside it: they have fixed names, and one may be there without a state.
        assert "cannot create already existing resource" in done.flat
        fresh.do_what_is_printed_of_the_lost(fresh.lost())
        fresh.run(*up).ok()
    # The endpoint has a random name: if it was made, `up` made another, and `status` knows the first.
    fresh.do_what_is_printed_of_the_lost(fresh.lost())
    assert fresh.lost() == ""
    assert len(fresh.of_kind("batchEndpoints")) == 1
    assert fresh.of_kind("batchEndpoints/deployments") == [fresh.default]
    fresh.up("--expect-no-changes")


@pytest.mark.long(part="kills")
def test_make_down_after_an_engine_was_killed_while_it_deleted_roles(deployed: Rehearsal) -> None:
    """The state has role assignments that are gone: a refresh would stop at them."""
    deployed.fault("delay", "DELETE", "/roleAssignments/", times=-1, seconds=IN_FLIGHT_SECONDS)
    before = deployed.mark()
    running = deployed.begin("destroy")
    deployed.wait_for("DELETE", "/roleAssignments/", count=3, after=before, finished=False)
    running.kill()
    assert running.wait().code == -9
    deployed.mend()
    deployed.wait_until_alone()
    assert "/roleAssignments/" in " ".join(deployed.writes(before))
    deployed.make("down").ok()
    deployed.start_server()  # `make down` has stopped it
    assert deployed.resources() == []
