"""`status` as people and programs see it; what it compares is proven in tests/modelops."""

import io
import json
import logging
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from modelops.commands import app, options, status
from modelops.commands.targets import Target
from modelops.release.live import LiveDeployment, LiveEndpoint, same_tags
from modelops.release.status import Status

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "schemas" / "status.json").read_text("utf-8"))
FIX = "To fix it:\n  python -m modelops release\n"


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def _status(name: str, *problems: str) -> Status:
    deployments = {
        "mlp-1": LiveDeployment("mlp-1", "Succeeded"),
        "mlp-2": LiveDeployment("mlp-2", "Failed"),
    }
    address = f"https://{name}.westeurope.inference.ml.azure.com/jobs"
    endpoint = LiveEndpoint(name, "mlp-1", "", {}, {}, "westeurope", address, deployments)
    return Status(endpoint, "mlp-1", problems)


def _with_failed_candidate() -> Status:
    failed = LiveDeployment("mlp-3", "Succeeded", tags={"modelops-try-out": "failed job-1 0123456789ab"})
    passed = LiveDeployment("mlp-1", "Succeeded", tags={"modelops-try-out": "passed job-0 0123456789ab"})
    endpoint = LiveEndpoint("digits9", "mlp-1", "", {}, {}, "westeurope", None, {"mlp-3": failed, "mlp-1": passed})
    return Status(endpoint, "mlp-1", (), "", {"mlp-3": "failed its try-out"})


@pytest.fixture(name="run")
def _run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs `status` for these endpoints and returns the exit code and the output."""

    def run(output: io.StringIO, found: list[Status], *arguments: str) -> tuple[int, str]:
        waiting = iter(found)
        named = [Target(each.endpoint.name.strip("9"), "sub", "rg", "ws", each.endpoint.name) for each in found]
        monkeypatch.setattr(options.Where, "one_or_all", lambda _self: named)
        monkeypatch.setattr(options, "released", lambda _target: None)
        monkeypatch.setattr(status, "compared", lambda _workspace, _plan: next(waiting))
        monkeypatch.setattr(logging, "disable", lambda _level: None)  # it would be for the whole test run
        monkeypatch.setattr(sys, "stdout", output)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("NO_COLOR", "1")
        return app.main(["status", *arguments]), output.getvalue()

    return run


def test_without_a_terminal_each_line_stands_for_itself(run: Any) -> None:
    found = [_status("digits9"), _status("letters9", "deployment mlp-2 is in state Failed")]
    assert run(io.StringIO(), found, "--check") == (
        1,
        (
            "endpoint    digits9\n"
            "scoring URI https://digits9.westeurope.inference.ml.azure.com/jobs\n"
            "default     mlp-1\n"
            "deployment  mlp-1  Succeeded  (default)\n"
            "deployment  mlp-2  Failed\n"
            "\n"
            "endpoint    letters9\n"
            "scoring URI https://letters9.westeurope.inference.ml.azure.com/jobs\n"
            "default     mlp-1\n"
            "deployment  mlp-1  Succeeded  (default)\n"
            "deployment  mlp-2  Failed\n"
            "DIFFERS     deployment mlp-2 is in state Failed\n"
            f"{FIX}"
        ),
    )


def test_on_a_terminal_the_deployments_are_a_table(run: Any) -> None:
    code, output = run(Terminal(), [_status("digits9", "deployment mlp-2 is in state Failed")])
    assert code == 0
    lines = [line.rstrip() for line in output.splitlines()]
    assert lines == [
        "digits9",
        "https://digits9.westeurope.inference.ml.azure.com/jobs",
        "┏━━━━━━━━━━━━┳━━━━━━━━━━━┳━━━━━━━━━┓",
        "┃ deployment ┃ state     ┃ default ┃",
        "┡━━━━━━━━━━━━╇━━━━━━━━━━━╇━━━━━━━━━┩",
        "│ mlp-1      │ Succeeded │ yes     │",
        "│ mlp-2      │ Failed    │         │",
        "└────────────┴───────────┴─────────┘",
        "DIFFERS deployment mlp-2 is in state Failed",
        *FIX.splitlines(),
    ]


def test_a_candidate_that_failed_its_try_out_is_not_just_succeeded(run: Any) -> None:
    found = _with_failed_candidate()
    assert found.lines()[3:] == [
        "deployment  mlp-1  Succeeded  (default)",
        "deployment  mlp-3  Succeeded, but it failed its try-out",
    ]
    _, output = run(Terminal(), [found])
    assert [line.rstrip() for line in output.splitlines()][-3:-1] == [
        "│ mlp-1      │ Succeeded                            │ yes     │",
        "│ mlp-3      │ Succeeded, but it failed its try-out │         │",
    ]


def test_the_page_in_the_studio_is_there_but_not_in_a_rehearsal(run: Any) -> None:
    page = "https://ml.azure.com/endpoints/batch/digits9/detail?wsid=/subscriptions/s"
    found = replace(_status("digits9"), studio=page)
    assert found.lines()[2] == f"studio      {page}"
    assert run(Terminal(), [found])[1].splitlines()[2] == page


def test_a_program_is_told_of_try_outs(run: Any) -> None:
    _, output = run(io.StringIO(), [_with_failed_candidate()], "--json")
    printed = json.loads(output)
    jsonschema.validate(printed, SCHEMA)
    assert printed["endpoints"]["digits"]["deployments"] == {"mlp-1": "Succeeded", "mlp-3": "Succeeded"}
    assert printed["endpoints"]["digits"]["tryOuts"] == {"mlp-1": "passed", "mlp-3": "failed"}


@pytest.mark.parametrize(
    "options",
    [
        "--stack staging",
        "--endpoint digits",
        "--outputs 'my outputs.json' --directory elsewhere",
        "--stack staging --endpoint digits --directory ../program",
    ],
)
def test_the_command_that_is_printed_selects_the_same_endpoints(run: Any, options: str) -> None:
    _, output = run(io.StringIO(), [_status("digits9", "no default")], *shlex.split(options))
    assert output.splitlines()[-1] == f"  python -m modelops release {options}"


def test_a_program_gets_one_object_that_keeps_the_schema(run: Any) -> None:
    found = [_status("digits9"), _status("letters9", "deployment mlp-2 is in state Failed")]
    code, output = run(io.StringIO(), found, "--json", "--check")
    printed = json.loads(output)
    jsonschema.validate(printed, SCHEMA)
    assert (code, printed["schemaVersion"], list(printed["endpoints"])) == (1, 1, ["digits", "letters"])
    assert printed["endpoints"]["letters"] == {
        "endpoint": "letters9",
        "scoringUri": "https://letters9.westeurope.inference.ml.azure.com/jobs",
        "default": "mlp-1",
        "releasedDefault": "mlp-1",
        "studio": "",
        "deployments": {"mlp-1": "Succeeded", "mlp-2": "Failed"},
        "tryOuts": {},
        "problems": ["deployment mlp-2 is in state Failed"],
    }


def test_names_of_tags_are_the_same_in_other_letters() -> None:
    assert same_tags({"Owner": "ml"}, {"owner": "ml"})
    assert not same_tags({"owner": "ML"}, {"owner": "ml"})
    assert not same_tags({}, {"owner": "ml"})
