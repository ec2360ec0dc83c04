"""What users see who deployed a stack with an earlier version of this program and then take today's.

The stack is in `saved/`, whose README says where it comes from: two deployments, one with nothing but what must be set
and one with every setting, so that the plan's form, the identities of revisions and every URN are in its state.

Where the clone has a tag of a version, the long tests also let the last one's own code deploy, with its own packages.

Not proved here: that an `up` with a change converges, and what Azure's own API would say to a newer provider.
"""

import io
import re
import shutil
import sqlite3
import subprocess
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.rehearsal import REPOSITORY, UPGRADED, Rehearsal

SAVED = Path(__file__).with_name("saved")
NEXT_PREVIEW = ["~ 1 to update", "40 unchanged"]
"""What the next preview says below "Resources:". A version that changes it says so, and why, in CHANGELOG.md."""

INSTALL_SECONDS = 15 * 60.0
"""How long the last version's packages may take, and its Pulumi CLI, which may have to be built."""


def _restore(rehearsal: Rehearsal) -> None:
    """Put the saved stack file, sandbox and state into a rehearsal in which nothing was deployed."""
    shutil.copytree(SAVED / "program", rehearsal.folder, dirs_exist_ok=True)
    rehearsal.home.mkdir(mode=0o700)
    shutil.copy2(SAVED / "sandbox.json", rehearsal.home)
    with closing(sqlite3.connect(rehearsal.home / "store.sqlite")) as store:
        store.executescript((SAVED / "store.sql").read_text(encoding="utf-8"))
    rehearsal.run("pulumi", "stack", "import", "--stack", "dev", "--file", str(SAVED / "state.json")).ok()


def test_the_next_preview_of_a_stack_that_an_earlier_version_deployed(fresh: Rehearsal) -> None:
    _restore(fresh)
    preview = fresh.pulumi("preview").ok()
    shown = preview.out.partition("\nResources:\n")[2].partition("\n\n")[0]
    assert [" ".join(line.split()) for line in shown.splitlines()] == NEXT_PREVIEW, preview.text
    assert fresh.writes() == []
    # Its state has no number of a release: not knowing the live default does not change that either.
    refused = {"status": 403, "code": "AuthorizationFailed", "message": "not today"}
    fresh.fault("status", "GET", r"/batchEndpoints/[^/]+$", times=-1, **refused)
    unanswered = fresh.pulumi("preview").ok()
    assert "whether somebody moved its default is unknown" in unanswered.flat
    assert unanswered.out.partition("\nResources:\n")[2] == preview.out.partition("\nResources:\n")[2]


def test_the_next_up_of_such_a_stack_replaces_nothing(fresh: Rehearsal) -> None:
    """Also with a change of every resource, and of the endpoint that the release owns."""
    _restore(fresh)
    first = fresh.up()
    assert [(step.op, step.name) for step in first.steps] == [("update", "mlbatch-compute-blobs")]
    fresh.up("--expect-no-changes")
    before = fresh.of_kind("batchEndpoints/deployments")
    fresh.configure(lambda config: config.update(tags={"team": "x"}))
    up = fresh.up()
    assert {step.op for step in up.steps} == {"update"}
    assert fresh.of_kind("batchEndpoints/deployments") == before
    fresh.up("--expect-no-changes")
    limits = [each["customTimeouts"] for each in fresh.state()["resources"] if each["type"].startswith("azure-native:")]
    assert {each["create"] for each in limits} == {1800, 3600, 5400}


def last_version(repository: Path) -> str | None:
    """Return the tag of a clone's newest version; None if the clone has no such tag."""
    command = ["git", "tag", "--list", "v*", "--sort=-version:refname"]
    listed = subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True).stdout.split()
    return next((tag for tag in listed if re.fullmatch(r"v\d+\.\d+\.\d+", tag)), None)


def _deploy(tag: str, rehearsal: Rehearsal) -> None:
    """Let a tag's code deploy its dev stack, and give the rehearsal the stack file and the model that it released."""
    folder = rehearsal.home.parent / tag
    archive = subprocess.run(["git", "archive", tag], cwd=REPOSITORY, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    earlier = Rehearsal(folder, rehearsal.home)
    earlier.start("make", "tools").wait(INSTALL_SECONDS).ok()
    try:
        earlier.up("--stack", "dev")
    finally:
        earlier.stop()
    shutil.copy2(folder / "Pulumi.dev.yaml", rehearsal.folder)
    shutil.copytree(folder / "examples", rehearsal.folder / "examples", dirs_exist_ok=True)


@pytest.mark.long(part="packages")
def test_the_next_preview_of_a_stack_that_the_last_tag_deployed(
    fresh: Rehearsal, record_property: Callable[[str, object], None]
) -> None:
    """Nothing is replaced or deleted; new resources and updates are for the changelog to explain."""
    tag = last_version(REPOSITORY)
    if tag is None:
        _restore(fresh)
    else:
        _deploy(tag, fresh)
    fresh.start_server()
    before = fresh.mark()
    preview = fresh.pulumi("preview", "--stack", "dev").ok()
    assert [step for step in preview.steps if step.op not in {"create", "update"}] == []
    assert re.search(r"^ +\d+ unchanged$", preview.out, re.MULTILINE), preview.text
    assert fresh.writes(before) == []
    record_property(UPGRADED, tag or "the recorded state, because this clone has no tag vX.Y.Z")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [((), None), (("v0.9.0", "v0.10.0", "v0.11.0-rc1", "v1", "vault"), "v0.10.0")],
    ids=["none", "several"],
)
def test_the_last_version_is_the_highest(tags: tuple[str, ...], expected: str | None, tmp_path: Path) -> None:
    user = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    for command in (
        ["init", "--quiet"],
        [*user, "commit", "--quiet", "--allow-empty", "--message", "One"],
        *(["tag", tag] for tag in tags),
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    assert last_version(tmp_path) == expected
