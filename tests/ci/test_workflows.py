"""The workflows hold no logic, give each job only what it needs, and name only what exists.

It does not prove that GitHub reads them as we do: test_act.py runs them, by another program.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from ci.commands import app
from tests.ci.workflows import FILES, FOLDER, REPOSITORY, Step, commands, jobs, read, steps

KNOWN: dict[str, list[str]] = json.loads((Path(__file__).parent / "actions.json").read_text(encoding="utf-8"))
"""The inputs of each pinned action, from its action.yml at that commit."""
ALL = list(steps())
SIGNED_IN = {"preview.yml:preview", "deploy.yml:dev", "deploy.yml:staging", "deploy.yml:prod"}
SIGNED_IN |= {"rollback.yml:rollback", "drift.yml:drift"}
WRITING = {"preview.yml:comment", "preview.yml:preview", "drift.yml:drift"}


def _id(step: Step) -> str:
    return step.name


def test_zizmor_finds_nothing() -> None:
    zizmor = Path(sys.executable).parent / "zizmor"
    done = subprocess.run(
        [zizmor, "--offline", "--persona", "pedantic", "--no-progress", FOLDER],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("step", [each for each in ALL if "uses" in each.content], ids=_id)
def test_an_action_is_pinned_and_has_known_inputs(step: Step) -> None:
    action = step.content["uses"]
    assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action)
    assert set(step.content.get("with", {})) <= set(KNOWN[action])


def test_no_action_is_known_that_is_not_used() -> None:
    used = {each.content["uses"] for each in ALL if "uses" in each.content}
    assert used == {name for name in KNOWN if name.startswith("actions/")}


@pytest.mark.parametrize("step", [each for each in ALL if "run" in each.content], ids=_id)
def test_a_step_only_calls_a_command_of_a_developer(step: Step) -> None:
    run = step.content["run"]
    ours = (
        r"make tools( ONLY=program)?|bash \.ci/run|(\.venv/bin/python -m ci|python3 -m tools\.release_notes) [^\n;|&]+"
    )
    assert re.fullmatch(rf"{ours}|gh release create [^\n;|&]+", run)
    assert "${{" not in run  # a value that becomes part of a script can become a command


@pytest.mark.parametrize("words", list(commands().values()), ids=list(commands()))
def test_the_commands_and_their_options_exist(words: list[str]) -> None:
    group: Any = typer.main.get_command(app)
    command = group.commands[words[0]]
    command.make_context(words[0], words[1:])


@pytest.mark.parametrize("file", [each.name for each in FILES])
def test_nothing_is_allowed_beyond_the_jobs(file: str) -> None:
    content = read(file)
    assert content["permissions"] == {}
    assert not set(content[True]) & {"pull_request_target", "workflow_run", "issue_comment"}


@pytest.mark.parametrize(("file", "name", "job"), list(jobs()), ids=lambda each: each if isinstance(each, str) else "")
def test_a_job_may_only_do_what_it_needs(file: str, name: str, job: dict[str, Any]) -> None:
    key = f"{file}:{name}"
    expected = {"contents": "write" if file == "release.yml" else "read"}
    if key in SIGNED_IN:
        expected["id-token"] = "write"
        assert "vars.AZURE_TENANT_ID != ''" in (job.get("if") or read(file)["jobs"]["dev"]["if"])
    if key in WRITING:
        expected["issues" if file == "drift.yml" else "pull-requests"] = "write"
    assert job["permissions"] == expected
    assert job["timeout-minutes"] <= 360
    tokens = [each for each in job["steps"] if "GITHUB_TOKEN" in each.get("env", {})]
    assert bool(tokens) is (key in WRITING)


@pytest.mark.parametrize("name", ["comment", "preview"])
def test_what_can_write_is_not_for_forks_and_bots(name: str) -> None:
    condition = read("preview.yml")["jobs"][name]["if"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in condition
    assert "github.event.pull_request.user.type != 'Bot'" in condition


def test_the_test_of_an_upgrade_has_the_last_version() -> None:
    checkout, *_ = read("check.yml")["jobs"]["check"]["steps"]
    assert checkout["with"]["fetch-tags"] is True


def test_readme_takes_no_workflow_that_is_about_this_repository_alone() -> None:
    section = (REPOSITORY / "README.md").read_text(encoding="utf-8").partition("\n## Take it with you\n")[2]
    named = [word for block in section.split("```text\n")[1:] for word in block.partition("```")[0].split()]
    taken = {Path(each).name for each in named if each.startswith(".github/")}
    assert taken == {each.name for each in FILES} - {"check.yml", "release.yml"}


def test_the_stacks_are_those_of_the_repository() -> None:
    deployed = {name: job["environment"] for name, job in read("deploy.yml")["jobs"].items()}
    stacks = list(deployed)
    assert all((REPOSITORY / f"Pulumi.{each}.yaml").is_file() for each in stacks)
    assert deployed == {each: each for each in stacks}
    matrices = [job["strategy"]["matrix"]["stack"] for _, _, job in jobs() if "strategy" in job]
    assert matrices == [stacks] * 4
    assert read("rollback.yml")[True]["workflow_dispatch"]["inputs"]["stack"]["options"] == stacks


def test_the_stacks_are_deployed_one_after_the_other() -> None:
    deployed = read("deploy.yml")["jobs"]
    assert [job.get("needs") for job in deployed.values()] == [None, "dev", "staging"]
    groups = [job["concurrency"] for job in deployed.values()]
    assert groups == [{"group": f"stack-{each}", "cancel-in-progress": False} for each in deployed]
    assert read("rollback.yml")["concurrency"] == {"group": "stack-${{ inputs.stack }}", "cancel-in-progress": False}
    assert read("drift.yml")["concurrency"]["group"] == "drift"
