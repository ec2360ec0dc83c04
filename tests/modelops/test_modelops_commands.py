"""The commands as people type them, against the sandbox: output, exit codes, stops."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from modelops.plan import fingerprint
from modelops.plan.plan import Code, ReleasePlan
from modelops.scoring import following, inputs, predictions
from modelops.scoring import start as starting
from modelops.scoring.job_logs import JobLogs
from tests.modelops.conftest import Bench, in_one_profile
from tests.modelops.workers import REPOSITORY

# The SDK uses what the libraries below it have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SCRIPT = """\
import os, time

calls = 0

def init(): ...

def run(batch):
    global calls
    calls += 1
    names = sorted(os.path.basename(path) for path in batch)
    if os.environ.get("FAIL"):
        raise ValueError("broken on purpose")
    while calls > 1 and not os.path.exists(os.environ["GO"]):
        time.sleep(0.05)
    return [f"{name},ok" for name in names]
"""


def start(bench: Bench, *arguments: str, plans: Mapping[str, ReleasePlan] | None = None) -> "subprocess.Popen[str]":
    """Start a command for the bench's endpoint (or other ones), found in the state that a `pulumi` prints."""
    markers = [
        {
            "type": "pulumi:index:Stash",
            "parent": f"urn:pulumi:dev::p::azureml-batch:index:ModelRelease::{name}",
            "inputs": {"input": plan.to_json()},
        }
        for name, plan in ({"digits": bench.plan} if plans is None else plans).items()
    ]
    state = bench.root / "state.json"
    state.write_text(json.dumps({"deployment": {"resources": markers}}), encoding="utf-8")
    pulumi = bench.root / "bin" / "pulumi"
    pulumi.parent.mkdir(exist_ok=True)
    pulumi.write_text(f"#!/bin/sh\ncat {shlex.quote(str(state))}\n", encoding="utf-8")
    pulumi.chmod(0o755)
    path = f"{pulumi.parent}{os.pathsep}{os.environ['PATH']}"
    where = ["--directory", str(bench.root)]
    return subprocess.Popen(
        [sys.executable, "-m", "modelops", *arguments[0].split(), *where, *arguments[1:]],
        cwd=REPOSITORY,
        env={**bench.place.sandbox.env, "PATH": path, "XDG_CACHE_HOME": str(bench.root / "cache")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(bench: Bench, *arguments: str) -> tuple[int, str, str]:
    """Run a command to its end: exit code, output, errors."""
    with start(bench, *arguments) as running:
        output, errors = running.communicate(timeout=120)
    return running.returncode, output, errors


def test_status_shows_what_is_live(bench: Bench) -> None:
    bench.release()
    name, revision = bench.plan.endpoint.name, bench.plan.target
    assert run(bench, "status", "--check") == (
        0,
        (
            f"endpoint    {name}\n"
            f"scoring URI https://{name}.{bench.place.sandbox.location}.inference.ml.azure.com/jobs\n"
            f"default     {revision}\n"
            f"deployment  {revision}  Succeeded  (default)\n"
        ),
        "",
    )


def test_a_default_moved_by_hand_is_found_and_mended(bench: Bench) -> None:
    bench.release()
    other = bench.changed(mini_batch_size=3)
    bench.release(other)
    code, output, _ = run(bench, "status", "--check")
    assert code == 1
    assert f"DIFFERS     the default is {other.target}, released was {bench.plan.target}\n" in output
    code, output, _ = run(bench, "status", "--check", "--json")
    assert (code, json.loads(output)["endpoints"]["digits"]["releasedDefault"]) == (1, bench.plan.target)
    code, output, errors = run(bench, "release")  # its standard input is /dev/null
    name = bench.plan.endpoint.name
    assert (code, output.splitlines()[-1], errors) == (
        0,
        f"{name}: default {other.target} -> {bench.plan.target}",
        "",
    )
    assert run(bench, "status", "--check")[0] == 0


def test_an_endpoint_that_is_refused_does_not_keep_the_others_from_being_restored(bench: Bench) -> None:
    bench.release()
    other = bench.changed(mini_batch_size=3)
    bench.release(other)
    name = bench.plan.endpoint.name
    plans = {"blue": replace(bench.plan, pin="mlp-00000000"), "digits": bench.plan}
    with start(bench, "release", plans=plans) as running:
        output, errors = running.communicate(timeout=120)
    assert (running.returncode, output.splitlines()[-1]) == (
        1,
        f"{name}: default {other.target} -> {bench.plan.target}",
    )
    first, *_, last = errors.splitlines()
    assert first.startswith("error: blue: pin is 'mlp-00000000', which does not exist. Allowed are: ")
    assert last == "error: 1 of 2 endpoints failed, see above: blue"


@in_one_profile
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_release_that_is_stopped_finishes_its_request_and_says_where(bench: Bench, number: int) -> None:
    control = bench.place.sandbox.control
    control.fault("delay", method="PUT", path=r"/models/[^/]+/versions/", seconds=30)
    before = bench.mark()
    with start(bench, "release") as running:
        control.wait(method="PUT", path=r"/models/[^/]+/versions/", after=before, finished=False)
        before = bench.mark()
        os.kill(running.pid, number)
        assert running.stderr is not None
        assert running.stderr.readline() == "stopping once the request in flight is answered\n"
        control.clear_faults()
        _, errors = running.communicate(timeout=60)
    assert (running.returncode, errors) == (
        1,
        "error: stopped at step 'register models'; default unchanged. Run the command again.\n",
    )
    assert bench.writes(before) == []
    assert bench.versions() == ["1"]


AFTER_THE_STOP = """\
import os, signal
from modelops.commands.stopping import Stop
from modelops.errors import Stopped

stop = Stop().watch()
stop.progress("create revisions", "one")
stop.gate.begin("PUT", "https://management.azure.com/")
os.kill(os.getpid(), signal.SIGTERM)
try:
    stop.gate.sleep(60)
except Stopped:
    stop.progress("switch the default", "to one")
    stop.gate.end()
    signal.pause()
"""


def test_a_step_that_comes_after_the_stop_is_not_where_it_stopped() -> None:
    """The request in flight ends, and the release runs on until it wants the next one: no switch was sent by then."""
    ran = subprocess.run(
        [sys.executable, "-c", AFTER_THE_STOP], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == (
        "error: stopped at step 'create revisions'; default unchanged. Run the command again."
    )
    assert ran.stdout == "create revisions: one\n"


STOPPED_IN_SEVERAL = """\
import os, signal
from modelops.commands.stopping import Stop

stop = Stop()
names = "first", "second", "third", "fourth"
first, second, third, fourth = (stop.watch(f"{each}: ") for each in names)
first.progress("switch the default", "to one")
first.is_over = True
second.progress("switch the default", "to two")
second.gate.begin("PUT", "https://management.azure.com/batchEndpoints/second")
second.gate.end()
third.progress("create revisions", "three")
fourth.progress("restore the default", "four")
fourth.gate.begin("PUT", "https://management.azure.com/batchEndpoints/fourth")
fourth.gate.end()
fourth.progress("read what is live", "four again")
os.kill(os.getpid(), signal.SIGTERM)
signal.pause()
"""


def test_each_endpoint_that_is_not_done_says_where_it_stopped() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", STOPPED_IN_SEVERAL],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (
        1,
        (
            "error: second: stopped; the switch was already sent. Run the command again.\n"
            "error: third: stopped at step 'create revisions'; default unchanged. Run the command again.\n"
            "error: fourth: stopped at step 'read what is live'; the default is the last release's again. "
            "Run the command again.\n"
        ),
    )


@in_one_profile
def test_a_release_without_a_login_says_how_to_log_in(bench: Bench) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"):
        bench.place.sandbox.env.pop(name)
    try:
        code, _, errors = run(bench, "status")
    finally:
        bench.place.sandbox.env.update({name: os.environ[name] for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID")})
        bench.place.sandbox.env["AZURE_CLIENT_SECRET"] = os.environ["AZURE_CLIENT_SECRET"]
    assert code == 1
    assert errors.startswith(f"error: reading endpoint {bench.plan.endpoint.name} failed: The Azure login failed")
    assert "Log in with `az login`" in errors
    assert "Traceback" not in errors


def release_script(bench: Bench, **variables: str) -> Path:
    """Release a script that waits for the file `go` from its second mini-batch on; return a folder of three files."""
    (bench.root / "code" / "score.py").write_text(SCRIPT, encoding="utf-8")
    deployment = bench.plan.deployments["mlp"]
    changed = replace(
        deployment,
        code=Code("code", fingerprint.digest(bench.root / "code"), "score.py"),
        settings=replace(deployment.settings, mini_batch_size=1, max_retries=0, error_threshold=0),
        environment_variables={"GO": str(bench.root / "go"), **variables},
    )
    bench.plan = replace(bench.plan, deployments={"mlp": changed})
    bench.release()
    data = bench.root / "data"
    data.mkdir()
    for number in range(3):
        (data / f"{number}.txt").write_text("x", encoding="utf-8")
    return data


def test_a_job_is_followed_by_its_mini_batches_and_downloaded(bench: Bench) -> None:
    data = release_script(bench)
    seen: list[str] = []

    def report(text: str, _seconds: float) -> None:
        seen.append(text)
        if text.startswith("Running, 1 of 3 items"):
            (bench.root / "go").touch()

    job = starting.start(bench.workspace, bench.plan.endpoint.name, None, inputs.read(str(data))).name
    following.follow(bench.workspace.ml, job, report, "")
    assert JobLogs(bench.workspace.ml, job).metrics() == {
        "Total MiniBatches": 3,
        "Total Items": 3,
        "Processed MiniBatches": 3,
        "Remaining MiniBatches": 0,
        "Processed Items": 3,
        "Remaining Items": 0,
        "Failed Items": 0,
    }
    files = predictions.download(bench.workspace.ml, job, bench.root / "predictions")
    assert [each for each in seen if each.startswith("Running, 1 of 3 items")] != []
    assert seen[-1] == "Completed"
    assert [path.name for path in files] == ["predictions.csv"]
    assert sorted(files[0].read_text(encoding="utf-8").split()) == ["0.txt,ok", "1.txt,ok", "2.txt,ok"]


def test_invoke_runs_a_job_and_says_where_the_predictions_are(bench: Bench) -> None:
    data = release_script(bench)
    (bench.root / "go").touch()
    folder = bench.root / "predictions"
    code, output, errors = run(bench, "invoke", "--input", str(data), "--download", str(folder), "--deployment", "mlp")
    assert (code, errors) == (0, "")
    first, *_, file, title, one, two, three = output.splitlines()
    assert first.endswith(f" on {bench.plan.endpoint.name} (deployment {bench.plan.target})")
    assert (file, title) == (f"  {folder}/predictions.csv", "first rows of predictions.csv:")
    assert sorted([one, two, three]) == ["  0.txt  ok", "  1.txt  ok", "  2.txt  ok"]
    code, _, errors = run(bench, "invoke", "--input", str(data), "--download", str(folder))
    assert (code, errors) == (
        2,
        f"error: --download '{folder}' is not empty. Name a new folder, or remove this one first.\n",
    )


def test_a_failed_job_says_why_and_where_in_the_script(bench: Bench) -> None:
    data = release_script(bench, FAIL="1")
    code, _, errors = run(bench, "invoke", "--input", str(data), "--download", str(bench.root / "predictions"))
    first, logs = errors.splitlines()
    assert code == 1
    told = re.fullmatch(r"error: job (\S+) ended in state Failed after \d+ s: (.*)", first)
    assert told is not None, errors
    assert told[2] == (
        "The number of failed items is 1, which exceeds error threshold 0. The script's last exception: "
        "ValueError: broken on purpose (score.py, line 12, in run)"
    )
    place = bench.place
    words = f"--subscription {place.sandbox.subscription} --resource-group modelops --workspace {place.workspace}"
    here = place.sandbox.env["REHEARSAL_COMMAND"]
    assert logs == f"Its logs: {here} python -m modelops jobs logs {told[1]} {words}"


@in_one_profile
def test_a_wrong_input_is_told_before_anything_is_asked(bench: Bench) -> None:
    before = bench.mark()
    code, _, errors = run(bench, "invoke", "--input", "nowhere", "--download", str(bench.root / "new"))
    assert (code, errors) == (
        2,
        (
            "error: --input 'nowhere' is neither an existing file or folder nor a URI (https://, azureml://, "
            "wasbs://, abfss://), a data asset (azureml:NAME:VERSION, azureml:NAME@latest) or the ARM id of a data "
            "asset or of a path in a datastore.\n"
        ),
    )
    assert bench.mark() == before


@in_one_profile
def test_a_rollback_prints_the_pin_where_an_unchanged_up_is_refused(bench: Bench) -> None:
    first = bench.release()
    bench.plan = bench.changed(mini_batch_size=3)
    bench.release()
    name, bad = bench.plan.endpoint.name, bench.plan.target
    pin = (
        f"The last release made {bad} the default. If the stack file still does, `pulumi up` refuses it.\n"
        "To keep this default without a change of the deployment, add a line below endpoints.digits in "
        f"{bench.root}/Pulumi.STACK.yaml:\n"
        f"  pin: {first.default}\n"
        "Remove that line when the fix is in the stack file.\n"
    )

    def said(words: str) -> str:
        code, output, _ = run(bench, words)
        assert code == 0
        return output.partition(f"\n{name}: ")[2]

    assert said("rollback") == f"default {bad} -> {first.default}\n{pin}"
    assert said(f"rollback --to {first.default}") == f"nothing to do, default is {first.default}\n{pin}"
    assert said(f"rollback --to {bad}") == f"default {first.default} -> {bad}\n"
    assert said(f"rollback --to {bad}") == f"nothing to do, default is {bad}\n"


@in_one_profile
def test_a_rollback_needs_the_released_plan(bench: Bench) -> None:
    """Outputs do not have its pin: after a rollback without it, an unchanged `up` would bring the bad revision back."""
    bench.release()
    place = {"subscriptionId": bench.workspace.subscription_id, "resourceGroup": "g", "workspace": bench.workspace.name}
    file = bench.root / "outputs.json"
    endpoints = {"digits": {"name": bench.plan.endpoint.name}}
    file.write_text(json.dumps({**place, "endpoints": endpoints}), encoding="utf-8")
    before = bench.mark()
    assert run(bench, "rollback", "--outputs", str(file)) == (
        2,
        "",
        (
            "error: this command needs the released plan of endpoint digits, which is in the stack's state and not in "
            "its outputs. Use --stack STACK instead of --outputs.\n"
        ),
    )
    assert bench.writes(before) == []
