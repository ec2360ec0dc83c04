"""docs/commands.md says what the commands are: each command, option and schema, and no other."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from modelops.commands.app import application, main

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "commands.md").read_text(encoding="utf-8")
SHARED = {"--stack", "--outputs", "--endpoint", "--directory"}


def _commands() -> dict[str, TyperCommand]:
    group = typer.main.get_command(application(is_styled=False))
    assert isinstance(group, TyperGroup)
    found: dict[str, TyperCommand] = {}
    for name, each in group.commands.items():
        if isinstance(each, TyperGroup):
            found |= {f"{name} {part}": last for part, last in each.commands.items() if isinstance(last, TyperCommand)}
        elif isinstance(each, TyperCommand):
            found[name] = each
    return found


def _options(command: TyperCommand) -> set[str]:
    return {name for each in command.params for name in each.opts if name.startswith("--")}


def test_the_page_lists_every_command_with_its_help_and_its_options() -> None:
    listed = {
        name: (text, set(re.findall(r"`(--[a-z-]+)`", options)))
        for name, text, options in re.findall(r"^\| `([\w ]+)` \| ([^|]*[^ |]) \| ?([^|]*)\|$", PAGE, re.MULTILINE)
    }
    assert listed == {name: (each.help, _options(each) - SHARED) for name, each in _commands().items()}


def test_the_page_lists_the_options_that_all_have() -> None:
    assert set(re.findall(r"^\| `(--[a-z-]+)` \|", PAGE, re.MULTILINE)) == SHARED
    assert [name for name, each in _commands().items() if not _options(each) >= SHARED] == [
        "plan",
        "drift",
        "promote",
        "up",
        "down",
        "import",
    ]


def test_every_command_with_json_has_a_schema_on_the_page() -> None:
    listed = re.findall(r"^\| `([\w ]+) --json` \| \[(\S+)\]\((\S+)\) \|$", PAGE, re.MULTILINE)
    with_json = [name for name, each in _commands().items() if "--json" in _options(each)]
    files = {name: f"schemas/{name.replace(' ', '-')}.json" for name in with_json}
    assert listed == [(name, file, file) for name, file in files.items()]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "Missing command."),
        (["nope"], "No such command 'nope'."),
        (["worker", "now"], "No such command 'worker'."),
        (["status", "--nope"], "No such option: --nope"),
        (["status", "--stack"], "Option '--stack' requires an argument."),
        (["invoke"], "error: give --input INPUT, or --resume JOB to score what a job left out."),
        (["status", "--directory", "nowhere"], "error: --directory 'nowhere' is not a folder."),
        (["import"], "Missing argument 'FILE'."),
        (
            ["import", "nowhere.yml"],
            "error: nowhere.yml cannot be deployed as it is:\n  nowhere.yml:1: The file does not",
        ),
        (["import", "/etc/hostname"], "error: /etc/hostname is outside the program's folder, "),
        (["release", "--outputs", "nowhere"], "error: --outputs 'nowhere': No such file or directory."),
    ],
)
def test_a_wrong_command_line_ends_with_2(
    arguments: list[str], error: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logging.disable", lambda _level: None)  # it would be for the whole test run
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert (said.out, error in said.err, "Traceback" in said.err) == ("", True, False)


def test_the_program_s_worker_does_not_load_the_command_line() -> None:
    """Every deployment waits for it."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "modelops", "worker"],
        cwd=DOCS.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "modelops.runner.worker" in loaded
    assert {each for each in loaded if each.partition(".")[0] in {"typer", "rich", "argparse", "azure"}} == set()
