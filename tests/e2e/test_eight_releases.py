"""Eight releases at once in one `pulumi up`: Ctrl-C, and kill -9 of the engine, the program and the releases' process.

Each keeps what it promises alone (tests/e2e/test_interrupt.py), with the journal as the witness. The releases' process
without an engine, stopped and killed in other steps, and a deadline of one: tests/modelops/test_release_many.py.
"""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import Running
from tests.e2e.hosts import PROGRAM
from tests.e2e.rehearsal import Rehearsal, recovery_commands

pytestmark = pytest.mark.long(part="kills")

COUNT = 8
NAMES = [f"digits-{number}" for number in range(COUNT)]
MODEL = r"/models/[^/]+/versions/[^/]+$"
DEPLOYMENT = r"/batchEndpoints/[^/]+/deployments/[^/]+$"
ENDPOINT = r"/batchEndpoints/[^/]+$"
WORKER = re.compile(r"-m modelops worker")


def _multiply(config: dict[str, Any]) -> None:
    one = config["endpoints"].pop("digits")
    config["endpoints"] = {name: copy.deepcopy(one) for name in NAMES}


@pytest.fixture(name="eight_once", scope="module")
def _eight_once(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """Return a rehearsal with eight endpoints, released and stopped: to be copied."""
    place = tmp_path_factory.mktemp("eight")
    rehearsal = Rehearsal(checkout, place / "unused").copy_to(place)
    rehearsal.configure(_multiply)
    try:
        rehearsal.up()
    finally:
        rehearsal.stop()
    return rehearsal


@pytest.fixture(name="eight")
def _eight_again(eight_once: Rehearsal, tmp_path: Path) -> Iterator[Rehearsal]:
    """Return a rehearsal with eight endpoints, released and running."""
    rehearsal = eight_once.copy_to(tmp_path)
    rehearsal.start_server()
    yield rehearsal
    rehearsal.stop()


def _under_way(eight: Rehearsal, action: str, method: str, path: str) -> Running:
    """Start an `up` of a changed model, and wait until a request of each release is held."""
    eight.change_one_byte_of_the_model()
    is_held = action == "delay"
    eight.fault(action, method, path, times=-1, **({"seconds": 600} if is_held else {}))
    before = eight.mark()
    running = eight.begin("up")
    eight.wait_for("PUT", MODEL, after=before)
    eight.wait_for(method, path, count=COUNT, after=before, finished=not is_held)
    return running


def _defaults(eight: Rehearsal) -> list[str]:
    """Return the default of each endpoint, as Azure has it."""
    endpoints = [each for each in eight.resources() if each.rsplit("/", 2)[1] == "batchEndpoints"]
    return [eight.arm("GET", each, "2025-12-01")["properties"]["defaults"]["deploymentName"] for each in endpoints]


def _stopped(text: str) -> dict[str, str]:
    """Return what is said of each endpoint whose release was stopped."""
    return dict(re.findall(r"the release of endpoint '([^']+)' was stopped, (.*? To go on, run `[^`]*`\.)", text))


def _finish(eight: Rehearsal, old: list[str]) -> None:
    """Release again: all eight have the new revision as the default, and what served is kept."""
    eight.mend()
    eight.up()
    (new,) = set(_defaults(eight))
    assert new not in old
    assert sorted(eight.of_kind("batchEndpoints/deployments")) == sorted([*old, *[new] * COUNT])
    assert sorted(eight.of_kind("models/versions")) == ["1", "2"]
    assert eight.state().get("pending_operations", []) == []
    eight.up("--expect-no-changes")


def test_ctrl_c_stops_all_in_the_time_that_the_program_has(eight: Rehearsal) -> None:
    """The host kills a program that takes longer than five seconds: it would not say where each release was."""
    old = _defaults(eight)
    running = _under_way(eight, "operation-hang", "PUT", DEPLOYMENT)
    before = eight.mark()
    running.interrupt()
    done = running.wait().failed()
    eight.wait_until_alone()
    assert eight.writes(before) == []
    where = (
        "at step 'create revisions'; the default is unchanged. "
        "To go on, run `.venv/bin/python -m sandbox run -- pulumi up --stack dev`."
    )
    assert _stopped(done.flat) == dict.fromkeys(NAMES, where)
    assert _defaults(eight) == old
    _finish(eight, old)


def test_ctrl_c_cancels_the_jobs_of_all(eight: Rehearsal) -> None:
    old = _defaults(eight)
    asked = {"input": "examples/digits/data/try-out"}
    eight.configure(lambda config: [config["endpoints"][name].update(tryOut=asked) for name in NAMES])
    before = eight.mark()
    # Each has noted a job of its candidate and one of what serves, which is compared with it.
    eight.change_one_byte_of_the_model()
    running = eight.begin("up")
    eight.wait_for("PUT", DEPLOYMENT, count=COUNT, after=before)
    eight.wait_for("PATCH", DEPLOYMENT, count=2 * COUNT, after=before)
    before = eight.mark()
    running.interrupt()
    done = running.wait().failed()
    eight.wait_until_alone()
    said = _stopped(done.flat)
    assert sorted(said) == NAMES
    jobs = re.findall(r"Job (\S+) (?:is canceled|could not be canceled)", " ".join(said.values()))
    assert all(each.startswith("at step 'try out'; the default is unchanged. Job ") for each in said.values())
    canceled = [re.sub(r"^POST \S+/jobs/([^/]+)/cancel$", r"\1", each) for each in eight.writes(before)]
    assert sorted(canceled) == sorted(jobs)
    assert len(jobs) == 2 * COUNT
    assert _defaults(eight) == old
    eight.configure(lambda config: [config["endpoints"][name].update(tryOut="none") for name in NAMES])
    _finish(eight, old)


def test_a_killed_program_stops_all(eight: Rehearsal) -> None:
    old = _defaults(eight)
    running = _under_way(eight, "operation-hang", "PUT", DEPLOYMENT)
    before = eight.mark()
    eight.kill(PROGRAM)
    done = running.wait()  # the engine says that the program ended in a way it does not know
    assert done.code != 0
    assert "Traceback" not in done.text
    eight.wait_until_alone()
    assert eight.writes(before) == []
    assert _defaults(eight) == old
    _finish(eight, old)


def test_a_killed_engine_stops_all_and_the_documented_recovery_finishes_them(eight: Rehearsal) -> None:
    old = _defaults(eight)
    running = _under_way(eight, "operation-hang", "PUT", DEPLOYMENT)
    before = eight.mark()
    running.kill()
    assert running.wait().code == -9
    eight.wait_until_alone()
    assert eight.writes(before) == []
    assert _defaults(eight) == old
    eight.mend()
    for command in recovery_commands():
        eight.run(*command).ok()
    _finish(eight, old)


def test_a_killed_process_of_the_releases_fails_all_and_their_switches_are_made_or_not(eight: Rehearsal) -> None:
    old = _defaults(eight)
    running = _under_way(eight, "delay", "PUT", ENDPOINT)
    before = eight.mark()
    eight.kill(WORKER)
    done = running.wait().failed()
    eight.wait_until_alone()
    assert eight.writes(before) == []
    failed = re.findall(
        r"the release of endpoint '([^']+)' failed: the release worker ended with exit code -9 at step 'switch the "
        r"default'\. The switch was already sent;",
        done.flat,
    )
    assert sorted(set(failed)) == NAMES
    assert set(_defaults(eight)) <= {*old, *eight.of_kind("batchEndpoints/deployments")}
    _finish(eight, old)
