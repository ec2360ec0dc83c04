"""Nobody is sent to a revision that did not score its try-out: real jobs in the sandbox.

What a whole `pulumi up` makes of it: tests/e2e/test_try_out.py.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modelops.errors import ReleaseError, Stopped
from modelops.plan import fingerprint
from modelops.plan.plan import Code, CondaFile, ImageEnvironment, ReleasePlan
from modelops.plan.try_out import File, TryOut
from modelops.rehearsal import located
from modelops.release import preview, records
from modelops.release.context import CREATE, READ, REGISTER, SWITCH, TRY, VERIFY, up
from modelops.release.status import status
from modelops.release.tryout import sample
from modelops.release.uploads import container
from modelops.scoring import inputs, jobs, losses, start
from tests.modelops.conftest import CONDA, IMAGE, Bench, in_both_profiles, in_one_profile
from tests.unit.outlooks import said

# The SDK uses what the libraries below it have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

GOOD = """\
import os

def init(): ...

def run(batch):
    return [os.path.basename(path) for path in batch]
"""
RAISES = GOOD.replace("    return", '    raise ValueError("broken on purpose")\n    return')
NO_RUN = GOOD.replace("def run", "def walk")
FEW = GOOD.replace("for path in batch]", "for path in batch][1:]")
NO_INIT = GOOD.replace("def init(): ...", 'def init():\n    raise OSError("no such model")')
HANGS = "import time\n" + GOOD.replace("    return", "    time.sleep(600)\n    return")


def with_script(bench: Bench, script: str, **asked: Any) -> ReleasePlan:
    """Return the bench's plan with another script, and a try-out on two files."""
    data = bench.root / "try-out"
    data.mkdir(exist_ok=True)
    for name in ("a.txt", "b.txt"):
        (data / name).write_text(f"{name} of {bench.plan.endpoint.name}", encoding="utf-8")
    (bench.root / "code" / "score.py").write_text(script, encoding="utf-8")
    deployment = bench.plan.deployments["mlp"]
    changed = replace(
        deployment,
        code=Code("code", fingerprint.digest(bench.root / "code"), "score.py"),
        try_out=TryOut(**{"input": File("try-out", fingerprint.digest(data)), **asked}),
    )
    return replace(bench.plan, deployments={"mlp": changed})


def record(bench: Bench, revision: str) -> records.Record | None:
    return records.try_out(bench.live().deployments[revision])


def refused(bench: Bench, plan: ReleasePlan) -> str:
    """Release a plan that is refused at the try-out, and return why; the default is unchanged."""
    before = bench.live().default
    with pytest.raises(ReleaseError) as raised:
        bench.release(plan)
    assert bench.steps[-1] == TRY
    assert bench.live().default == before
    return str(raised.value)


@in_both_profiles
def test_a_first_release_is_tried_out_and_then_serves(bench: Bench) -> None:
    plan = with_script(bench, GOOD, per_file=True)
    lines = said(preview.from_live(bench.workspace, plan, None))
    assert [lines[0], lines[1], *lines[3:]] == [
        f"default (none) -> {plan.target}",
        f"create revision {plan.target} first release",
        f"try out {plan.target} on try-out, at most 80 min",
        "node-minutes at most 40 without the cluster's idle time",
        "update endpoint description, tags",
    ]
    report = bench.release(plan)
    assert list(dict.fromkeys(bench.steps)) == [READ, REGISTER, CREATE, TRY, SWITCH, VERIFY]
    (tried,) = report.tried
    assert (tried.revision, tried.rows) == (plan.target, 2)
    assert re.search(rf"; created {plan.target}; tried {plan.target} \(2 rows, \d+ s\); default", report.summary())
    noted = record(bench, plan.target)
    asked = plan.deployments["mlp"].try_out
    assert asked is not None
    assert noted == records.Record("passed", tried.job, records.digest(asked))
    assert bench.live().default == plan.target

    before = bench.mark()
    assert not bench.release(plan).changed
    assert bench.writes(before) == []


@in_one_profile
@pytest.mark.parametrize(
    ("script", "reasons"),
    [
        (RAISES, ["score.py:6 in run: ValueError: broken on purpose"]),
        (NO_RUN, ["run"]),
        (NO_INIT, ["score.py:4 in init: OSError: no such model"]),
        (FEW, ["1 of 2 files has no result: 1 mini-batch returned fewer results than files."]),
    ],
    ids=["raises", "no run", "no init", "too few"],
)
def test_a_candidate_that_fails_does_not_serve(bench: Bench, script: str, reasons: list[str]) -> None:
    good = with_script(bench, GOOD)
    bench.release(good)
    plan = with_script(bench, script)
    before = bench.mark()
    why = refused(bench, plan)
    lines = why.splitlines()
    assert lines[0] == f"{plan.target} failed its try-out; {good.target} still serves"
    for reason in reasons:
        assert why.count(reason.rpartition(": ")[2]) == 1 or reason == "run"
        assert reason in why
    noted = record(bench, plan.target)
    assert noted is not None
    assert noted.outcome == "failed"
    assert status(bench.workspace, good).not_passed == {plan.target: "failed its try-out"}
    names = f"--subscription {plan.subscription_id} --resource-group modelops --workspace {plan.workspace}"
    fixed = "the script" if script in (NO_RUN, FEW) else "score.py"
    assert lines[-2:] == [
        f"  Logs: {located(f'python -m modelops jobs logs {noted.job} {names}')}",
        f"  Fix: correct {fixed}, then run: {up('')}",
    ]
    assert not [each for each in bench.writes(before) if re.search(r"PUT .*/batchEndpoints/[^/]+$", each)]

    # The next release tries it again, by another job.
    refused(bench, plan)
    again = record(bench, plan.target)
    assert again is not None
    assert (again.outcome, again.job == noted.job) == ("failed", False)


@in_both_profiles
def test_a_first_release_that_fails_leaves_no_default(bench: Bench) -> None:
    plan = with_script(bench, RAISES)
    assert refused(bench, plan).startswith(f"{plan.target} failed its try-out; the endpoint has no default\n")
    assert bench.live().default is None


@in_one_profile
def test_fewer_rows_than_asked_for(bench: Bench) -> None:
    plan = with_script(bench, GOOD, least_rows=3)
    why = refused(bench, plan)
    assert "is completed and has 2 rows; tryOut.rows asks for at least 3." in why
    assert bench.release(with_script(bench, GOOD, least_rows=2)).default == plan.target


@in_one_profile
def test_a_candidate_that_hangs_is_canceled(bench: Bench) -> None:
    plan = with_script(bench, HANGS, run_minutes=0)
    why = refused(bench, plan)
    noted = record(bench, plan.target)
    assert noted is not None
    assert noted.outcome == "failed"
    assert why.splitlines()[1:] == [
        (
            f"  job {noted.job} was canceled, because it was running for more than 0 min (tryOut.runMinutes). A call "
            "of run() may take 30 s (timeoutSeconds), and is tried 3 times (maxRetries)."
        ),
        why.splitlines()[2],
        f"  Fix: make the script faster, or raise tryOut.runMinutes (0) in the stack file, then run: {up('')}",
    ]
    assert bench.place.get(f"jobs/{noted.job}")["properties"]["status"] in ("CancelRequested", "Canceled")


def could_not(bench: Bench, plan: ReleasePlan) -> str:
    """Return why a candidate could not be tried, which is not noted against it."""
    about = f"{plan.target} could not be tried out; "
    why = refused(bench, plan)
    assert why.startswith(about)
    noted = record(bench, plan.target)
    assert noted is None or noted.outcome == "started"
    return why.removeprefix(about)


@in_one_profile
def test_an_input_without_files_is_not_the_candidates_fault(bench: Bench) -> None:
    folder = f"of-{bench.plan.endpoint.name}"
    plan = with_script(bench, GOOD, input=f"azureml://datastores/workspaceblobstore/paths/{folder}/")
    why = could_not(bench, plan)
    assert f"\n  Nothing shows that {plan.target} is at fault.\n" in why
    assert "Unable to create any task within 600 seconds." in why
    with container(bench.workspace) as client:
        client.upload_blob(f"{folder}/a.txt", b"a")
    assert bench.release(plan).default == plan.target


@in_one_profile
def test_the_input_may_be_one_file_at_an_address(bench: Bench) -> None:
    address = f"azureml://datastores/workspaceblobstore/paths/one-of-{bench.plan.endpoint.name}/a.txt"
    with container(bench.workspace) as client:
        client.upload_blob(address.partition("/paths/")[2], b"a")
    (bench.root / "check.py").write_text(
        "def check(predictions, input):\n    assert input.read_bytes() == b'a', input\n", encoding="utf-8"
    )
    check = File("check.py", fingerprint.digest(bench.root / "check.py"))
    plan = with_script(bench, GOOD, input=address, input_type="uri_file", per_file=True, check=check)
    (tried,) = bench.release(plan).tried
    assert (tried.revision, tried.rows) == (plan.target, 1)


@in_one_profile
def test_a_candidate_that_failed_a_try_out_is_named_when_it_serves_without_one(bench: Bench) -> None:
    first = with_script(bench, GOOD)
    bench.release(first)
    worse = with_script(bench, RAISES)
    refused(bench, worse)
    job = found.job if (found := record(bench, worse.target)) else ""
    untried = replace(worse, deployments={"mlp": replace(worse.deployments["mlp"], try_out=None)})
    line = f"{worse.target} failed its try-out (job {job}); the stack file now has tryOut: none"
    assert said(preview.from_live(bench.workspace, untried, first)) == [
        f"default {first.target} -> {worse.target}",
        f"use revision {worse.target} code changed, failed its try-out",
        line,
    ]
    assert bench.release(untried).warnings == [line]
    assert bench.release(untried).warnings == []


@in_one_profile
def test_no_nodes_are_not_the_candidates_fault(bench: Bench) -> None:
    """Another job has the cluster's only node."""
    hanging = with_script(bench, HANGS)
    bench.release(replace(hanging, deployments={"mlp": replace(hanging.deployments["mlp"], try_out=None)}))
    source = inputs.read(str(bench.root / "try-out"))
    busy = start.start(bench.workspace, bench.plan.endpoint.name, hanging.target, source).name
    why = could_not(bench, with_script(bench, GOOD, queue_minutes=0))
    assert "because it was waiting for nodes for more than 0 min (tryOut.queueMinutes)." in why
    jobs.cancel(bench.workspace, jobs.found(bench.workspace, busy))


@in_one_profile
def test_an_image_that_cannot_be_built_is_not_the_candidates_fault(bench: Bench) -> None:
    plan = with_script(bench, GOOD)
    (bench.root / "conda.yaml").write_text(CONDA.replace("- azureml-core", "- no-such-package-xyz"), encoding="utf-8")
    deployment = plan.deployments["mlp"]
    conda = CondaFile("conda.yaml", fingerprint.digest(bench.root / "conda.yaml"))
    changed = replace(deployment, environment=ImageEnvironment(IMAGE, conda))
    why = could_not(bench, replace(plan, deployments={"mlp": changed}))
    assert "Image build failed for environment" in why


@in_one_profile
def test_a_throttled_request_is_not_the_candidates_fault(bench: Bench) -> None:
    plan = with_script(bench, GOOD)
    control = bench.place.sandbox.control
    control.fault("status", method="POST", path="/jobs$", times=-1, status=429, code="TooManyRequests")
    why = could_not(bench, plan)
    assert "TooManyRequests" in why
    assert "A job may have started. To look for it: " in why
    control.clear_faults()
    assert bench.release(plan).default == plan.target


BUSY: dict[str, Any] = {"action": "status", "method": "POST", "path": "/jobs$", "headers": {"Retry-After": "7"}}


def released(bench: Bench, plan: ReleasePlan, *waited: Callable[[], object]) -> tuple[list[float], int]:
    """Release a plan that passes; return its waits for the service's sake, and how many requests for a job it sent.

    Args:
        bench: the endpoint's.
        plan: to release.
        waited: called, one after another, in place of these waits.
    """
    waits: list[float] = []
    left, before = list(waited), bench.mark()

    def wait(seconds: float) -> None:
        if seconds == 7:
            waits.append(seconds)
            if left:
                left.pop(0)()

    (tried,) = bench.release_in(replace(bench.context(), wait=wait), plan).tried
    assert bench.live().default == plan.target
    assert record(bench, plan.target) == records.Record("passed", tried.job, records.digest(asked_of(plan)))
    return waits, len([each for each in bench.writes(before) if each == "POST /jobs"])


def asked_of(plan: ReleasePlan) -> TryOut:
    asked = plan.deployments["mlp"].try_out
    assert asked is not None
    return asked


def jobs_of(bench: Bench, plan: ReleasePlan) -> list[str]:
    listed = jobs.listed(bench.workspace, plan.endpoint.name, 10)
    return [each.name for each in listed if each.deployment == plan.target]


@in_one_profile
@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_is_too_busy_is_asked_again_when_it_says(bench: Bench, status: int) -> None:
    plan = with_script(bench, GOOD)
    bench.place.sandbox.control.fault(**BUSY, status=status, times=2)
    assert released(bench, plan) == ([7, 7], 3)
    assert bench.said.count("the service is busy: asking for a job again in 7 s") == 2
    assert len(jobs_of(bench, plan)) == 1


@in_one_profile
def test_a_service_that_stays_too_busy_is_asked_six_times(bench: Bench) -> None:
    plan, before = with_script(bench, GOOD), bench.mark()
    control = bench.place.sandbox.control
    number = control.fault(**BUSY, status=429, code="TooManyRequests", times=-1)
    why = could_not(bench, plan)
    assert "TooManyRequests" in why
    assert control.hits(number) == 6
    assert [each for each in bench.writes(before) if each == "POST /jobs"] == ["POST /jobs"] * 6
    control.clear_faults()
    assert released(bench, plan) == ([], 1)


@in_one_profile
def test_a_job_that_a_busy_service_started_in_spite_of_its_answer_is_found(bench: Bench) -> None:
    """The job of an earlier revision on the same input is not taken for it."""
    bench.release(with_script(bench, GOOD))
    plan = with_script(bench, GOOD + "# other\n")
    bench.place.sandbox.control.fault(**BUSY, status=503)

    def start_it() -> None:
        source = sample.in_azure(bench.context(), asked_of(plan))
        start.start(bench.workspace, plan.endpoint.name, plan.target, source)

    # One of the release's and one of the test's; no third one.
    assert released(bench, plan, start_it) == ([7], 2)
    assert len(jobs_of(bench, plan)) == 1


@in_one_profile
def test_a_lost_answer_after_a_busy_one_is_found_by_the_next_release(bench: Bench) -> None:
    plan = with_script(bench, GOOD)
    control = bench.place.sandbox.control
    control.fault(**BUSY, status=429)
    control.fault("reset-after", method="POST", path="/jobs$")
    assert "A job may have started. To look for it: " in could_not(bench, plan)
    control.clear_faults()
    assert released(bench, plan) == ([], 0)
    assert len(jobs_of(bench, plan)) == 1


@in_one_profile
def test_a_job_that_was_started_after_a_canceled_one_and_not_noted_is_found(bench: Bench) -> None:
    plan = with_script(bench, HANGS)
    control = bench.place.sandbox.control
    control.fault("status", method="PATCH", path="/deployments/", skip=1, status=400, code="BadRequest", times=-1)

    def stop(_seconds: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        bench.release_in(replace(bench.context(), wait=stop), plan)
    noted = record(bench, plan.target)
    assert noted is not None
    jobs.cancel(bench.workspace, jobs.found(bench.workspace, noted.job))
    assert "BadRequest" in could_not(bench, plan)
    control.clear_faults()
    before = bench.mark()
    with pytest.raises(Stopped):
        bench.release_in(replace(bench.context(), wait=stop), plan)
    assert "POST /jobs" not in bench.writes(before)
    second, first = jobs_of(bench, plan)
    assert (first, record(bench, plan.target)) == (noted.job, noted._replace(job=second))
    jobs.cancel(bench.workspace, jobs.found(bench.workspace, second))


@in_one_profile
def test_a_job_that_a_killed_release_started_is_found(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = with_script(bench, GOOD)

    class KilledError(BaseException):
        """Stands for the end of the process."""

    def killed(*_: object) -> None:
        raise KilledError

    # Before the job is noted, and then before what came of it is.
    monkeypatch.setattr(records, "write", killed)
    with pytest.raises(KilledError):
        bench.release(plan)
    before = bench.mark()
    with pytest.raises(KilledError):
        bench.release(plan)
    monkeypatch.undo()
    bench.place.sandbox.enter(monkeypatch)
    assert bench.release(plan).default == plan.target
    assert not [each for each in bench.writes(before) if "/jobs" in each]


@in_one_profile
def test_the_input_is_uploaded_once(bench: Bench) -> None:
    def uploads(after: int) -> list[str]:
        return [each for each in bench.writes(after) if re.search(r"/LocalUpload/[0-9a-f]{64}/input/", each)]

    before = bench.mark()
    bench.release(with_script(bench, GOOD))
    assert [each.rpartition("/")[2] for each in sorted(uploads(before))] == ["a.txt", "b.txt"]
    before = bench.mark()
    bench.release(with_script(bench, GOOD + "# other\n"))
    assert uploads(before) == []


@in_one_profile
def test_a_job_that_does_not_say_what_it_lost_is_not_passed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the candidate's fault, and the next release reads the same job again."""
    plan = with_script(bench, GOOD)
    count = losses.count
    monkeypatch.setattr(losses, "count", lambda _logs: losses.Losses(items=2))
    assert re.search(
        r"could not be tried out; the endpoint has no default\n  job \S+ is completed, but whether it lost "
        r"files is not known: neither its counts nor its report \(logs/sys/job_report/processed_mini-batches\.csv\) "
        r"could be read\. See whether the deployer may read both \(docs/security\.md, what a release needs\)\.\n",
        refused(bench, plan),
    )
    noted = record(bench, plan.target)
    assert noted is not None
    assert noted.outcome == "started"
    monkeypatch.setattr(losses, "count", count)
    (tried,) = bench.release(plan).tried
    assert (tried.job, tried.rows) == (noted.job, 2)
