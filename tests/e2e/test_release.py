"""What a changed model does on the real engine, and what happens when a release fails."""

import json
import re
import subprocess

import pytest

from tests.e2e.commands import Step
from tests.e2e.hosts import BOTH_HOSTS_IN_LONG
from tests.e2e.rehearsal import MARKER, Rehearsal

ONE_STEP = (Step("update", MARKER, "digits-marker"),)
GRADE = "examples/digits/grade.py"


def _score(rehearsal: Rehearsal, folder: str) -> float:
    """Score the example's images as `make up` does, grade the download and return the accuracy in percent."""
    images = "examples/digits/data/images"
    invoke = ("-m", "modelops", "invoke", "--stack", "dev", "--input", images, "--download", folder)
    rehearsal.run("python", *invoke).ok()
    graded = rehearsal.run("python", GRADE, folder).ok()
    told = re.fullmatch(
        r"scored 360 of 360 images, each exactly once; \d+ right \(accuracy (\d+\.\d) %\)\n", graded.out
    )
    assert told is not None, graded.text
    return float(told[1])


@BOTH_HOSTS_IN_LONG
def test_one_changed_byte_is_one_version_one_revision_and_a_moved_default(deployed: Rehearsal) -> None:
    old = deployed.default
    deployed.change_one_byte_of_the_model()

    before = deployed.mark()
    preview = deployed.pulumi("preview").ok()
    assert preview.steps == ONE_STEP
    assert deployed.writes(before) == []
    assert "register" in preview.flat
    assert "digits-mlp" in preview.flat
    revisions = set(re.findall(r"mlp-[0-9a-f]{8}", preview.text)) - {old}
    assert len(revisions) == 1
    (new,) = revisions
    assert old in preview.text

    assert deployed.up().steps == ONE_STEP
    assert deployed.default == new
    assert sorted(deployed.of_kind("models/versions")) == ["1", "2"]
    assert sorted(deployed.of_kind("batchEndpoints/deployments")) == sorted([old, new])

    before = deployed.mark()
    assert deployed.up("--expect-no-changes").steps == ()
    assert deployed.writes(before) == []


@BOTH_HOSTS_IN_LONG
def test_the_old_bytes_again_register_and_create_nothing(deployed: Rehearsal) -> None:
    """Going back in git is a rollback: only the default moves."""
    old = deployed.default
    deployed.change_one_byte_of_the_model()
    deployed.up()
    subprocess.run(["git", "checkout", "--quiet", "--", "examples"], cwd=deployed.folder, check=True)

    before = deployed.mark()
    assert deployed.up().steps == ONE_STEP
    assert deployed.default == old
    assert sorted(deployed.of_kind("models/versions")) == ["1", "2"]
    written = [each for each in deployed.writes(before) if not each.startswith("POST")]
    assert len(written) == 2, written
    assert re.search(r"^PUT .*/batchEndpoints/[^/]+$", written[0])
    assert re.search(r"/releases/[^/]+/[^/]+\.json$", written[1])


def test_another_commit_with_the_same_content_has_an_empty_preview(deployed: Rehearsal) -> None:
    git = ("git", "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "--quiet", "--allow-empty")
    subprocess.run([*git, "--message", "Another"], cwd=deployed.folder, check=True)
    before = deployed.mark()
    assert deployed.pulumi("preview", "--expect-no-changes").ok().steps == ()
    assert deployed.up("--expect-no-changes").steps == ()
    assert deployed.writes(before) == []

    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=deployed.folder, check=True, capture_output=True, text=True)
    deployed.change_one_byte_of_the_model()
    deployed.up()
    told = json.loads(deployed.run("python", "-m", "modelops", "history", "--stack", "dev", "--json").ok().out)
    newest, first = told["endpoints"]["digits"]
    assert (newest["commit"], newest["clean"]) == (head.stdout.strip(), False)
    assert (newest["previousDefault"], newest["default"]) == (first["default"], deployed.default)
    assert first["commit"] not in ("", newest["commit"])


@BOTH_HOSTS_IN_LONG
def test_a_worse_model_lowers_the_accuracy(deployed: Rehearsal) -> None:
    good = _score(deployed, "predictions/good")
    worse = ("examples/digits/train.py", "--worse", "--model-only", "--out", "examples/digits")
    deployed.python(*worse).ok()
    assert deployed.up().steps == ONE_STEP
    bad = _score(deployed, "predictions/bad")
    assert good == 98.1
    assert bad < 90


@BOTH_HOSTS_IN_LONG
def test_a_failing_hook_fails_the_up_and_the_next_one_finishes(fresh: Rehearsal) -> None:
    fresh.start_server()
    refused = {"status": 403, "code": "AuthorizationFailed", "message": "registration refused by the test"}
    fault = fresh.fault("status", "PUT", r"/models/[^/]+/versions/[^/]+$", times=-1, **refused)
    failed = fresh.pulumi("up").failed()
    assert fresh.hits(fault) >= 1
    assert "registration refused by the test" in failed.flat
    assert "pulumi up" in failed.flat
    # The infrastructure is there and recorded; the marker is not.
    recorded = {resource["type"] for resource in fresh.state()["resources"]}
    assert "azure-native:machinelearningservices:BatchEndpoint" in recorded
    assert MARKER not in recorded
    assert fresh.of_kind("batchEndpoints/deployments") == []

    fresh.mend()
    assert fresh.up().steps == (Step("create", MARKER, "digits-marker"),)
    assert len(fresh.of_kind("batchEndpoints/deployments")) == 1
    fresh.up("--expect-no-changes")


@BOTH_HOSTS_IN_LONG
def test_a_failing_release_leaves_the_old_default_serving(deployed: Rehearsal) -> None:
    old = deployed.default
    deployed.change_one_byte_of_the_model()
    deployed.fault(
        "status", "PUT", r"/batchEndpoints/[^/]+/deployments/[^/]+$", times=-1, status=400, code="BadRequest"
    )
    deployed.pulumi("up").failed()
    assert deployed.default == old
    assert deployed.of_kind("batchEndpoints/deployments") == [old]
    status = deployed.run("python", "-m", "modelops", "status", "--stack", "dev")
    assert old in status.text, json.dumps([status.code, status.text])
    deployed.mend()
    assert deployed.up().steps == ONE_STEP
    assert sorted(deployed.of_kind("models/versions")) == ["1", "2"]


@BOTH_HOSTS_IN_LONG
@pytest.mark.long(part="profiles")
def test_a_release_under_the_lenient_reading(fresh: Rehearsal) -> None:
    """The same life with the milder of two readings of Azure: all other tests here use the stricter one."""
    fresh.python("-m", "sandbox", "start", "--profile", "lenient").ok()
    fresh.up()
    old = fresh.default
    fresh.change_one_byte_of_the_model()
    assert fresh.up().steps == ONE_STEP
    assert fresh.default != old
    assert fresh.of_kind("models/versions") == ["1", "2"]
    (endpoint,) = [each for each in fresh.resources() if each.rsplit("/", 2)[1] == "batchEndpoints"]
    assert fresh.arm("GET", endpoint, "2025-12-01")["properties"]["defaults"]["deploymentName"] == fresh.default
    assert _score(fresh, "predictions/lenient") == 98.1
    fresh.pulumi("refresh").ok()
    assert fresh.up("--expect-no-changes").steps == ()
    fresh.pulumi("destroy").ok()
    assert fresh.resources() == []
    assert fresh.server["profile"] == "lenient"
