"""The steps of the workflows, word for word as they stand there, in a sandbox in the place of Azure.

`make tools` and `bash .ci/run` are left out: they set up this machine, and run this suite. GitHub is a server on
this machine.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ci import fake_github
from tests.ci.fake_github import PULL_REQUEST, FakeGitHub
from tests.ci.workflows import PYTHON, steps
from tests.e2e.commands import Done
from tests.e2e.rehearsal import Rehearsal
from tests.e2e.test_going_back import move

pytestmark = pytest.mark.long(part="workflows")

RUNS = {(each.file, each.job): each.content["run"] for each in steps() if PYTHON in each.content.get("run", "")}
"""The step of each job that calls our commands."""


@pytest.fixture(name="github")
def _github() -> Iterator[FakeGitHub]:
    with fake_github.running() as server:
        yield server


class Pipeline:
    """Runs the steps of a repository as GitHub would: with an event and a summary."""

    def __init__(self, rehearsal: Rehearsal, github: FakeGitHub, place: Path) -> None:
        self.rehearsal = rehearsal
        self._event = place / "event.json"
        self._summary = place / "summary.md"
        self._environ = {**github.environ(self._event, self._summary), "STACK": "dev"}
        self._event.write_text("{}", encoding="utf-8")

    def pull_request(self) -> None:
        """Let the event be that of a pull request from a branch of the repository."""
        self._event.write_text(json.dumps(PULL_REQUEST), encoding="utf-8")

    def azure(self, file: str, job: str, **more: str) -> Done:
        """Run a job's step where the sandbox stands in for Azure."""
        return self.rehearsal.run("bash", "-ec", RUNS[file, job], extra={**self._environ, **more})

    def alone(self, file: str, job: str) -> Done:
        """Run a job's step that has no login."""
        return self.rehearsal.start("bash", "-ec", RUNS[file, job], extra=self._environ).wait()

    def summary(self) -> str:
        """Return what was written into the summary since the last time."""
        said = self._summary.read_text(encoding="utf-8")
        self._summary.unlink()
        return said


def _commit(rehearsal: Rehearsal) -> None:
    """Commit everything, and merge it into the base commit, as GitHub checks out a pull request."""
    for words in (
        ("checkout", "--quiet", "-b", "change"),
        ("commit", "--quiet", "-am", "change"),
        ("checkout", "--quiet", "-"),
        ("merge", "--quiet", "--no-ff", "-m", "merge", "change"),
    ):
        rehearsal.git(*words)


def test_a_pull_request_and_its_deployment(deployed: Rehearsal, github: FakeGitHub, tmp_path: Path) -> None:
    pipeline = Pipeline(deployed, github, tmp_path)
    old = deployed.default
    deployed.configure(lambda config: config["endpoints"]["digits"]["deployments"]["mlp"].update(miniBatchSize=20))
    _commit(deployed)
    pipeline.pull_request()

    pipeline.alone("preview.yml", "rehearse").ok()
    assert "Rehearsal: released in the sandbox" in pipeline.summary()
    assert deployed.changed_files() == "?? rehearsal/\n"
    pipeline.alone("preview.yml", "comment").ok()
    pipeline.azure("preview.yml", "preview").ok()
    assert [method for method, _, _ in github.writes] == ["POST", "PATCH"]  # one comment, edited
    said = github.comments[0]["body"]
    assert said.startswith("<!-- azureml-batch-endpoint preview: dev -->\n### dev: 1 to update, 40 unchanged\n")
    assert "miniBatchSize 10 -\\> 20" in said
    assert "Rehearsal: released in the sandbox" in said
    assert deployed.default == old
    pipeline.summary()

    pipeline.azure("deploy.yml", "dev").ok()
    new = deployed.default
    assert new != old
    assert pipeline.summary().startswith(f"### dev: deployed\n\n1 to update, 40 unchanged\n\n- digits: created {new}; ")
    assert (deployed.folder / "reports" / "release.html").read_text(encoding="utf-8").count(new)

    pipeline.azure("drift.yml", "drift").ok()  # nothing differs right after a release
    assert pipeline.summary() == "### dev: nothing differs\n\n"
    assert github.issues == []

    pipeline.azure("rollback.yml", "rollback", ENDPOINT="", REVISION=old).ok()
    assert f"default {new} -> {old}" in pipeline.summary()


def test_a_drift_is_one_issue_until_nothing_differs(deployed: Rehearsal, github: FakeGitHub, tmp_path: Path) -> None:
    pipeline = Pipeline(deployed, github, tmp_path)
    move(deployed, None)
    for done in ("created", "unchanged"):
        assert f"issue of stack dev: {done}\n" in pipeline.azure("drift.yml", "drift").ok().out
    assert github.issues[0]["title"] == "Drift of stack dev"
    assert "endpoint `digits`" in github.issues[0]["body"]
    deployed.run("python", "-m", "modelops", "release", "--stack", "dev").ok()
    assert "issue of stack dev: closed\n" in pipeline.azure("drift.yml", "drift").ok().out
    assert github.issues[0]["state"] == "closed"
