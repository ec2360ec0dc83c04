"""`jobs`: what became of a job, against the sandbox; the job itself is started with `invoke --no-wait`."""

import contextlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from modelops.errors import ReleaseError
from modelops.scoring import following, mini_batches, out_of_time
from modelops.scoring.losses import Losses
from tests.modelops.conftest import Bench, in_one_profile
from tests.modelops.test_modelops_commands import release_script, run
from tests.modelops.workers import REPOSITORY

# The SDK uses what the libraries below it have deprecated.
pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), in_one_profile]


def _started(bench: Bench, data: Path, *options: str) -> str:
    code, output, errors = run(bench, "invoke", "--input", str(data), "--no-wait", *options)
    assert (code, errors) == (0, "")
    (job,) = re.findall(r"^job (\S+) on ", output, re.MULTILINE)  # notes about the input come before
    return str(job)


def _end(bench: Bench, job: str) -> None:
    """Wait until a job has ended, in whatever state."""
    with contextlib.suppress(ReleaseError):
        following.follow(bench.workspace.ml, job, lambda _text, _seconds: None, "")


def _checked(name: str, output: str) -> Any:
    """Return JSON that fits its schema."""
    document = json.loads(output)
    jsonschema.validate(document, json.loads((REPOSITORY / "docs" / "schemas" / name).read_text(encoding="utf-8")))
    return document


def _words(bench: Bench) -> tuple[str, ...]:
    """Return the options that name the workspace without a stack."""
    place = bench.place
    names = (place.sandbox.subscription, "modelops", place.workspace)
    return tuple(
        word for pair in zip(("--subscription", "--resource-group", "--workspace"), names, strict=True) for word in pair
    )


def test_a_job_that_failed_is_listed_shown_and_explained(bench: Bench) -> None:
    job = _started(bench, release_script(bench, FAIL="1"), "--display-name", "the first", "--tag", "team=blue")
    name, revision, words = bench.plan.endpoint.name, bench.plan.target, _words(bench)
    _end(bench, job)

    code, output, errors = run(bench, "jobs list", *words, "--endpoint", name, "--json")
    assert (code, errors) == (0, "")
    (listed,) = _checked("jobs-list.json", output)["jobs"]
    assert (listed["name"], listed["state"], listed["endpoint"], listed["deployment"]) == (
        *(job, "Failed", name, revision),
    )
    code, output, errors = run(bench, "jobs list", "--endpoint", name)
    assert (code, errors) == (0, "")
    assert re.fullmatch(rf"{job}  Failed  {revision}  \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC  \S.*\n", output)

    here = bench.place.sandbox.env["REHEARSAL_COMMAND"]
    code, output, errors = run(bench, "jobs list", "--endpoint", name, "--failed-since", "1h")
    assert (code, errors) == (1, "")
    assert re.fullmatch(
        rf"{job}  Failed  {name}  {revision}  \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n"
        rf"To see why: {re.escape(here)} python -m modelops jobs show {job} {' '.join(words)}\n",
        output,
    )
    code, output, errors = run(bench, "jobs list", *words, "--endpoint", name, "--failed-since", "1h", "--json")
    assert (code, errors) == (1, "")
    document = _checked("jobs-list.json", output)
    assert [(each["name"], each["endpoint"], each["deployment"]) for each in document["jobs"]] == [
        (job, name, revision)
    ]
    (ended,) = [datetime.fromisoformat(each["ended"]) for each in document["jobs"]]
    assert datetime.fromisoformat(document["failedSince"]) < ended
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    assert run(bench, "jobs list", "--failed-since", now) == (
        *(0,),
        f"No failed jobs since {now[:19].replace('T', ' ')} UTC.\n",
        "",
    )

    code, output, errors = run(bench, "jobs show", job, *words, "--json")
    assert (code, errors) == (0, "")
    shown = _checked("jobs-show.json", output)
    why = (
        "The number of failed items is 1, which exceeds error threshold 0. The script's last exception: "
        "ValueError: broken on purpose (score.py, line 12, in run)"
    )
    assert (shown["reason"], shown["counts"]["Failed Items"], shown["tags"]["team"]) == (why, 1, "blue")
    assert shown["started"] < shown["ended"]
    code, output, errors = run(bench, "jobs show", job)
    assert (code, errors) == (0, "")
    assert f"reason      {why}\n" in output
    assert "name        the first\n" in output
    assert re.search(r"^state       Failed, \d+ s$", output, re.MULTILINE)

    code, output, errors = run(bench, "jobs logs", job)
    assert (code, errors) == (0, "")
    assert {"logs/azureml/executionlogs.txt", "logs/user/error.txt"} <= set(output.splitlines())
    assert "The script's last error:\nTraceback (most recent call last):\n" in output
    assert output.splitlines()[-1] == (
        f"To print one: {here} python -m modelops jobs logs {job} {' '.join(words)} FILE"
    )
    code, output, errors = run(bench, "jobs logs", job, "user/error.txt")
    assert (code, errors) == (0, "")
    assert output.endswith("process000 on node 0: ValueError: broken on purpose\n")
    code, _, errors = run(bench, "jobs logs", job, "nothing")
    assert code == 2
    assert errors.startswith(f"error: job {job} has no log file with 'nothing' in its name. It has ")

    code, _, errors = run(bench, "jobs download", job, "--download", str(bench.root / "new"))
    assert (code, errors) == (
        2,
        (
            f"error: job {job} is in state Failed, and only a completed one has predictions. To see its state: "
            f"{here} python -m modelops jobs show {job} {' '.join(words)}\n"
        ),
    )
    code, output, errors = run(bench, "jobs download", job, "--download", str(bench.root / "new"), "--logs")
    assert (code, errors) == (0, "")
    assert f"{bench.root}/new/logs/user/error.txt" in output.splitlines()


def test_what_to_do_about_a_job_that_ran_out_of_time_is_said(bench: Bench) -> None:
    settings = bench.plan.deployments["mlp"].settings
    data = release_script(bench)
    code, _, errors = run(
        bench, "invoke", "--input", str(data), "--timeout", "1", "--download", str(bench.root / "predictions")
    )
    own = "Calls of run() ran out of time: raise --timeout (1), lower --mini-batch-size (1), or make run() faster."
    assert (code, errors.splitlines()[-1]) == (1, own)
    (job,) = re.findall(r"^error: job (\S+) ended in state Failed", errors)
    assert f"advice      {own}\n" in run(bench, "jobs show", job)[1]
    assert f"\n{own}\n" in run(bench, "jobs logs", job)[1]
    limit = mini_batches.about_timeouts(settings.timeout_seconds, 1)
    assert limit == "raise timeoutSeconds (30) of the deployment, lower its miniBatchSize (1), or make run() faster"
    lost, endpoint = Losses(timeouts=1), bench.plan.endpoint.name
    (bench.root / "go").touch()
    job = _started(bench, data)
    assert out_of_time.advice(bench.workspace, endpoint, job, lost) == f"Calls of run() ran out of time: {limit}."
    assert out_of_time.advice(bench.workspace, endpoint, "nowhere", lost) == ""
    assert out_of_time.advice(bench.workspace, endpoint, job, Losses(exceptions=1)) == ""


def test_a_running_job_is_canceled_and_a_completed_one_is_downloaded(bench: Bench) -> None:
    data = release_script(bench)
    job = _started(bench, data)
    assert run(bench, "jobs cancel", job) == (0, f"job {job}: Canceled\n", "")
    assert run(bench, "jobs cancel", job) == (2, "", f"error: job {job} has already ended, in state Canceled.\n")
    (bench.root / "go").touch()
    job = _started(bench, data)
    _end(bench, job)
    folder = bench.root / "new"
    assert run(bench, "jobs download", job, "--download", str(folder)) == (0, f"{folder}/predictions.csv\n", "")
    code, output, _ = run(bench, "jobs list", "--most", "1")
    assert (code, output.split()[0]) == (0, job)


def test_a_log_that_cannot_be_read_is_an_error(bench: Bench) -> None:
    job = _started(bench, release_script(bench, FAIL="1"))
    _end(bench, job)
    control, place = bench.place.sandbox.control, " ".join(_words(bench))
    command = f"{bench.place.sandbox.env['REHEARSAL_COMMAND']} python -m modelops jobs logs {job} {place}"
    _, output, _ = run(bench, "jobs logs", job)
    names = [line for line in output.splitlines() if line.startswith(("logs/", "user_logs/"))]
    control.fault("status", method="GET", path="/logs/user/error.txt", times=9, status=403, code="Locked", message="No")
    code, output, errors = run(bench, "jobs logs", job, "user/error")
    (first, *rest) = errors.splitlines()
    assert first.startswith(f"error: reading log 'logs/user/error.txt' of job {job} failed: ")
    assert "HTTP 403" in first
    assert (code, rest) == (
        *(1,),
        [f"Job {job} has {len(names)}: {', '.join(names)}.", f"To print another: {command} FILE"],
    )
    assert "== logs/user/error.txt" not in output  # the folder with the tracebacks has the same beginning
    assert "== logs/user/error/" in output
    folder = bench.root / "new"
    code, output, errors = run(bench, "jobs download", job, "--download", str(folder), "--logs")
    # Only the request's id is another.
    assert (code, errors.partition(" (")[0]) == (1, first.partition(" (")[0])
    assert errors.splitlines()[1:] == [f"Its logs: {command}"]
    assert len(output.splitlines()) == len(names) - 1
    control.clear_faults()
    control.fault(
        "status", method="GET", path=f"/runs/{job}/details", times=9, status=403, code="No", message="not you"
    )
    code, _, errors = run(bench, "jobs logs", job)
    assert (code, errors.partition(" (")[0]) == (1, f"error: listing the logs of job {job} failed: No: not you")


def test_logs_of_a_job_without_predictions_are_downloaded(bench: Bench) -> None:
    """A script that writes its own files, and did not."""
    bench.plan = bench.changed(output_action="summary_only")
    data = release_script(bench)
    (bench.root / "go").touch()
    job = _started(bench, data)
    _end(bench, job)
    here = bench.place.sandbox.env["REHEARSAL_COMMAND"]
    folder = bench.root / "new"
    assert run(bench, "jobs download", job, "--download", str(folder)) == (
        *(1, ""),
        (
            f"error: job {job} completed but wrote no predictions. Its logs: {here} python -m modelops jobs logs {job} "
            f"{' '.join(_words(bench))}\n"
        ),
    )
    code, output, errors = run(bench, "jobs download", job, "--download", str(folder), "--logs")
    assert (code, errors) == (0, "")
    assert f"{folder}/logs/azureml/executionlogs.txt" in output.splitlines()


def test_a_job_that_does_not_exist_is_a_wrong_command_line(bench: Bench) -> None:
    here = bench.place.sandbox.env["REHEARSAL_COMMAND"]
    download = ("--download", str(bench.root / "new"))
    said = (
        f"error: workspace {bench.place.workspace} has no job 'nowhere'. Its jobs: {here} python -m modelops jobs list"
    )
    for command, more in (("show", ()), ("logs", ()), ("cancel", ()), ("download", download)):
        found, output, errors = run(bench, f"jobs {command}", "nowhere", *more)
        assert (found, output) == (2, "")
        assert errors.startswith(f"{said} --"), errors
    words = _words(bench)
    assert run(bench, "jobs show", "nowhere", *words)[2] == f"{said} {' '.join(words)} --endpoint ENDPOINT\n"
    code, _, errors = run(bench, "jobs list", "--workspace", "w")
    assert (code, errors) == (
        2,
        "error: --subscription, --resource-group, --workspace and --endpoint belong together: give all four.\n",
    )
