"""The workflows as another program runs them: which jobs run for which event, with which words and variables.

Third-party actions and the commands are stubs: this proves the workflows' conditions, and not GitHub. What counts is
what the stubs print: act ends with 0 also if all jobs were skipped.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ci.workflows import FOLDER, steps

pytestmark = pytest.mark.long(part="workflows")

STACKS = ("dev", "staging", "prod")
VARIABLES = {
    "AZURE_TENANT_ID": "tenant",
    "AZURE_SUBSCRIPTION_ID": "subscription",
    "AZURE_CLIENT_ID": "client",
    "PULUMI_BACKEND_URL": "azblob://state",
}
GUARD = "      && github.event.pull_request.head.repo.full_name == github.repository\n"
COMMAND = """#!/bin/sh
echo "CALLED $* [token=$GITHUB_TOKEN client=$AZURE_CLIENT_ID oidc=$ARM_USE_OIDC state=$PULUMI_BACKEND_URL]"
case "$*" in *"$(cat fails)"*) exit 1 ;; esac
"""
ACTION = "name: stub\ndescription: stub\nruns: {using: composite, steps: [{run: 'echo STUB', shell: bash}]}\n"
SIGNED_IN = "client=client oidc=true state=azblob://state]"
NOT_SIGNED_IN = "client= oidc= state=]"


class Repository:
    """A folder with the workflows, and stubs for all that they call."""

    def __init__(self, folder: Path, act: Path) -> None:
        self.folder = folder / "repository"
        self._place = folder
        self._act = act
        shutil.copytree(FOLDER, self.folder / ".github" / "workflows")
        (self.folder / "Makefile").write_text("tools:\n\t@echo MADE tools $(ONLY)\n", encoding="utf-8")
        (self.folder / ".venv" / "bin").mkdir(parents=True)
        command = self.folder / ".venv" / "bin" / "python"
        command.write_text(COMMAND, encoding="utf-8")
        command.chmod(0o755)
        (self.folder / "fails").write_text("nothing\n", encoding="utf-8")
        (folder / "action").mkdir()
        (folder / "action" / "action.yml").write_text(ACTION, encoding="utf-8")
        self._git("init", "--quiet", "--initial-branch", "main")
        self._git("add", "--all", "--force")
        self._git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "x")

    def edit(self, workflow: str, old: str, new: str) -> None:
        """Replace every occurrence of a text in a workflow."""
        file = self.folder / ".github" / "workflows" / workflow
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def fails(self, words: str) -> None:
        """Let the commands with these words fail."""
        (self.folder / "fails").write_text(words, encoding="utf-8")

    def run(
        self, event: str, workflow: str, content: dict[str, Any] | None = None, variables: dict[str, str] | None = None
    ) -> list[str]:
        """Run a workflow; return what the commands of its jobs were called with, in order."""
        file = self._place / "event.json"
        file.write_text(json.dumps(content or {}), encoding="utf-8")
        used = {each.content["uses"] for each in steps() if "uses" in each.content}
        given = VARIABLES if variables is None else variables
        command = [
            *(str(self._act), event, "--workflows", f".github/workflows/{workflow}", "--eventpath", str(file)),
            *("--platform", "ubuntu-24.04=-self-hosted", "--secret", "GITHUB_TOKEN=hidden", "--no-cache-server"),
            *("--env", "GITHUB_REPOSITORY=org/repo"),
            *(word for each in sorted(used) for word in ("--local-repository", f"{each}={self._place / 'action'}")),
            *(word for name, value in given.items() for word in ("--var", f"{name}={value}")),
        ]
        home = str(self._place / "home")
        environ = {"PATH": os.environ["PATH"], "HOME": home, "XDG_CACHE_HOME": home, "XDG_CONFIG_HOME": home}
        done = subprocess.run(
            command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False, timeout=120
        )
        self.log = done.stdout + done.stderr
        assert "Job " in self.log or "Skipping" in self.log or not done.returncode, self.log
        return re.findall(r"\| CALLED -m ci (.*)$", self.log, re.MULTILINE)

    def _git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.folder, check=True)


@pytest.fixture
def repository(tmp_path: Path, tool: Callable[[str], Path]) -> Repository:
    return Repository(tmp_path, tool("act"))


def pull_request(head: str = "org/repo", user: str = "User") -> dict[str, Any]:
    """Return the event of a pull request from a repository by a user of a kind."""
    return {
        "repository": {"full_name": "org/repo", "name": "repo", "owner": {"login": "org"}},
        "pull_request": {
            "number": 7,
            "head": {"sha": "abc", "repo": {"full_name": head}},
            "base": {"ref": "main"},
            "user": {"login": "somebody", "type": user},
        },
    }


def rehearsed() -> list[str]:
    """Return the calls of the job `rehearse`: none has a token."""
    return sorted(f"rehearse --stack {each} --output rehearsal [token= {NOT_SIGNED_IN}" for each in STACKS)


def previewed() -> list[str]:
    """Return the calls of the job `preview`."""
    return sorted(f"preview --stack {each} --rehearsal rehearsal [token=*** {SIGNED_IN}" for each in STACKS)


def test_an_own_branch_is_rehearsed_and_previewed(repository: Repository) -> None:
    called = repository.run("pull_request", "preview.yml", pull_request())
    assert sorted(called) == sorted([*rehearsed(), *previewed()])
    assert sorted(called[:3]) == rehearsed()


def test_a_red_rehearsal_is_in_the_comment(repository: Repository) -> None:
    repository.fails("rehearse")
    called = repository.run("pull_request", "preview.yml", pull_request())
    assert sorted(called) == sorted([*rehearsed(), *previewed()])


def test_without_azure_the_rehearsal_is_the_comment(repository: Repository) -> None:
    called = repository.run("pull_request", "preview.yml", pull_request(), {})
    commented = [f"comment --stack {each} --rehearsal rehearsal [token=*** {NOT_SIGNED_IN}" for each in STACKS]
    assert sorted(called) == sorted([*rehearsed(), *commented])


@pytest.mark.parametrize("variables", [None, {}], ids=["Azure", "no Azure"])
@pytest.mark.parametrize("event", [pull_request("fork/repo"), pull_request(user="Bot")], ids=["fork", "bot"])
def test_a_fork_and_a_bot_are_only_rehearsed(
    repository: Repository, event: dict[str, Any], variables: dict[str, str] | None
) -> None:
    assert sorted(repository.run("pull_request", "preview.yml", event, variables)) == rehearsed()


def test_it_is_the_guard_that_stops_a_fork(repository: Repository) -> None:
    repository.edit("preview.yml", GUARD, "")
    called = repository.run("pull_request", "preview.yml", pull_request("fork/repo"))
    assert sorted(called) == sorted([*rehearsed(), *previewed()])


def deployed(*stacks: str) -> list[str]:
    """Return the calls of the jobs of deploy.yml."""
    return [f"deploy --stack {each} --report reports/release.html [token= {SIGNED_IN}" for each in stacks]


def test_a_push_deploys_the_stacks_in_their_order(repository: Repository) -> None:
    assert repository.run("push", "deploy.yml", {"ref": "refs/heads/main"}) == deployed("dev", "staging", "prod")


def test_a_red_stack_stops_those_after_it(repository: Repository) -> None:
    repository.fails("deploy --stack staging")
    assert repository.run("push", "deploy.yml", {"ref": "refs/heads/main"}) == deployed("dev", "staging")
    assert "STUB" in repository.log.rpartition("CALLED")[2]  # its report is kept


def test_nothing_is_deployed_without_azure(repository: Repository) -> None:
    assert repository.run("push", "deploy.yml", {"ref": "refs/heads/main"}, {}) == []


def test_a_rollback_passes_what_was_typed_as_data(repository: Repository) -> None:
    typed = {"stack": "prod", "revision": '$(id)"; id', "endpoint": "digits"}
    called = repository.run("workflow_dispatch", "rollback.yml", {"inputs": typed})
    assert called == [f'rollback --stack prod --endpoint digits --to $(id)"; id [token= {SIGNED_IN}']


def test_every_stack_is_compared_even_if_one_fails(repository: Repository) -> None:
    repository.fails("drift --stack dev")
    called = repository.run("schedule", "drift.yml")
    assert sorted(called) == sorted(f"drift --stack {each} [token=*** {SIGNED_IN}" for each in STACKS)
