"""azure-pipelines.yml calls the commands of the workflows, as the tasks' own lists of inputs allow.

It was never run by Azure DevOps: expressions and stages are read here as text.
"""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from ci.commands import app
from tests.ci.workflows import PYTHON, REPOSITORY, commands, read

FILE = REPOSITORY / "azure-pipelines.yml"
PIPELINE = yaml.safe_load(FILE.read_text(encoding="utf-8"))
INPUTS = json.loads((Path(__file__).parent / "actions.json").read_text(encoding="utf-8"))["AzureCLI@2"]


def _steps(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every step, however deep in stages and expressions."""
    if isinstance(node, list):
        for each in node:
            yield from _steps(each)
    elif isinstance(node, dict):
        if {"script", "task"} & set(node):
            yield node
        else:
            for each in node.values():
                yield from _steps(each)


STEPS = list(_steps(PIPELINE["stages"]))
TASKS = [each for each in STEPS if "task" in each]
SCRIPTS = [each.get("script") or each["inputs"]["inlineScript"] for each in STEPS]
CALLS = [shlex.split(each)[3:] for each in SCRIPTS if each.startswith(f"{PYTHON} -m ci ")]


def test_the_steps_are_those_of_the_workflows() -> None:
    called = {words[0] for words in CALLS}
    assert called == {words[0] for words in commands().values()} - {"comment"}  # there is nothing to comment on
    others = {each for each in SCRIPTS if not each.startswith(PYTHON)}
    assert others == {"make tools", "make tools ONLY=program"}


@pytest.mark.parametrize("words", CALLS, ids=lambda words: words[0])
def test_the_commands_and_their_options_exist(words: list[str]) -> None:
    group: Any = typer.main.get_command(app)
    group.commands[words[0]].make_context(words[0], list(words[1:]))


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task["inputs"]["inlineScript"])
def test_a_task_keeps_its_session_and_lets_the_release_sign_in_anew(task: dict[str, Any]) -> None:
    assert task["task"] == "AzureCLI@2"
    assert set(task["inputs"]) <= set(INPUTS)
    assert task["inputs"]["keepAzSessionActive"] is True
    assert task["env"]["SYSTEM_ACCESSTOKEN"] == "$(System.AccessToken)"
    assert task["env"]["PULUMI_CONFIG_PASSPHRASE"] == "$(PULUMI_CONFIG_PASSPHRASE)"
    assert not re.search(r"\$[({]", task["inputs"]["inlineScript"])  # a value in a script can become a command


def test_a_rehearsal_has_no_login() -> None:
    (rehearsal,) = [each for each in STEPS if " rehearse " in each.get("script", "")]
    assert set(rehearsal["env"]) == {"STACK"}


def test_the_stacks_are_those_of_the_workflows() -> None:
    parameters = {each["name"]: each for each in PIPELINE["parameters"]}
    stacks = list(read("deploy.yml")["jobs"])
    assert parameters["stacks"]["default"] == stacks
    assert parameters["stack"]["values"] == stacks
    assert PIPELINE["lockBehavior"] == "sequential"
    assert PIPELINE["schedules"][0]["cron"] == read("drift.yml")[True]["schedule"][0]["cron"]
