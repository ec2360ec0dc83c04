"""Commands that pages and programs print: a real parser takes each; a page's runs in the sandbox, or has a reason.

In the sandbox, pages put `python -m sandbox run --` before `pulumi` and `python -m modelops`, and so does this test. It
types values for the words in capitals, and answers the engine's question with `--yes`. test_tutorial.py runs
docs/tutorial.md. Not proved: that what a command prints is what its page says.
"""

import re
import subprocess

import pytest

from tests.e2e.parsers import problem
from tests.e2e.rehearsal import Rehearsal
from tests.pages import ROOT, Command, commands, texts

_LISTED = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
PAGES = [name for name in _LISTED.splitlines() if not name.startswith("tests/") and name != "CHANGELOG.md"]
PRINTED = [each for page in PAGES for each in commands(page)]
"""Older versions of the changelog name commands of then."""

NAMES = {
    "python -m modelops": "a program",
    "python -m modelops COMMAND": "stands for all of its commands",
    "python -m modelops worker": "is started by the program, and hidden",
    "python -m prerequisites check": "the name; its options are in docs/prerequisites.md",
    "python -m sandbox": "a program",
    "python -m sandbox model add": "the name; its arguments are in docs/sandbox.md",
    "python -m sandbox registry create": "the same",
    "python -m sandbox run": "a command that takes a command",
    "python -m sandbox export-arm [--resource-group NAME] [--output FILE]": "a synopsis",
    "pipx install pre-commit && pre-commit install": "pre-commit is not a program of this repository",
}
"""What looks like a command and is a name or another program."""

NOT_RUN = {
    r"az |gh |curl .*TOKEN|SCOPE=|az login": "Azure and GitHub: packages/sandbox/tests/test_azure_cli.py",
    r".*TARGET=azure|python -m prerequisites|pulumi login|pulumi stack init": "Azure: tests/e2e/test_target_azure.py",
    r"python -m pulumi_standins|.*--plugin-path|pip install": "installs: packages/sandbox/tests/test_alone.py",
    r"python -m sandbox run -- (sh|az|python my)": "needs the Azure CLI or your script: packages/sandbox/README.md",
    r"python -m sandbox run -- env": "needs a token of yours: tests/e2e/test_sign_in.py",
    r"python -m sandbox run (--as administrator )?--$": "goes before another command: docs/sandbox.md",
    r"git |find BACKEND|export |source |eval |bash |uv |python3 -m venv": "the shell, or your own repository",
    r"make (test|check|bench|lock|scan|tools)|.*(clean_room|pytest|train\.py)|.*python -m tools": "develops this one",
    r"(\.venv/bin/)?python -m ci": "a pipeline: tests/e2e/test_pipelines.py, tests/e2e/test_rehearsals.py",
    r"make PYTHON=|pulumi install": "sets up a checkout: tests/toolchain/test_environment.py",
    r"make .*STACK=(NAME|churn)|.*--stack churn|.*churn/": "docs/tutorial.md: tests/e2e/test_tutorial.py",
    r"make up (EXAMPLE|STACK)=": "takes packages from an index, or a minute: tests/e2e/test_examples.py",
    r"make report": "opens a browser: tests/e2e/test_report.py",
    r"(\.venv/bin/)?python -m sandbox open": "opens a browser: packages/sandbox/tests/test_page_command.py",
    r"python -m modelops jobs|python -m modelops import": "needs a job or a file: tests/e2e/test_from.py",
    r"python -m modelops promote|python -m sandbox registry": "needs a registry: tests/e2e/test_promotion.py",
    r"python -m modelops caller": "needs a kind: tests/e2e/test_callers.py",
    r"python -m modelops report": "is about a release with a history: tests/e2e/test_report.py",
    r"python -m modelops rollback$": "needs two revisions: tests/e2e/test_going_back.py",
    r"pulumi refresh --preview-only --expect": "tells a release as drift, as its page says: tests/e2e/test_drift.py",
    r"pulumi import": "for what no state has: tests/e2e/test_sandbox_killed.py",
    r"pulumi (cancel|refresh --clear)": "after a killed engine: tests/modelops/test_release_engine.py",
    r"pulumi (state|config|destroy --remove|stack rm)": "protection, secrets: packages/sandbox/tests/test_commands.py",
    r"pulumi up --skip-preview$": "the same as with --yes",
    r"python -m sandbox data": "needs data of yours: packages/sandbox/tests/test_stock.py",
    r"python -m sandbox start": "the sandbox runs already: packages/sandbox/tests/test_lifecycle.py",
    r".*--stack prod": "needs prod deployed: tests/e2e/test_environments.py",
}
"""Regular expressions of commands that do not run here, each with the reason, and where else it runs."""

VALUES = {"STACK": "dev", "FOLDER": "examples/digits/data/try-out", "NEW_FOLDER": "scored"}
"""What is typed for a word in capitals; REVISION is the default's name."""
ASKS = re.compile(r"pulumi (up|refresh|destroy)|python -m modelops up")
IN_THE_SANDBOX = re.compile(r"pulumi |python -m modelops ")


def _unique() -> dict[str, Command]:
    found: dict[str, Command] = {}
    for each in PRINTED:
        found.setdefault(each.text, each)
    return found


def _reason(text: str) -> str:
    return next((why for pattern, why in NOT_RUN.items() if re.match(pattern, text)), "")


RUN = [text for text in _unique() if text not in NAMES and not _reason(text)]
QUICK = ("make help", "python -m sandbox run -- python -m modelops status --stack dev")


def _typed(text: str, rehearsal: Rehearsal) -> str:
    """Return what a reader types in the sandbox for a printed command."""
    values = VALUES | {"REVISION": rehearsal.default}
    text = re.sub(rf"\b({'|'.join(values)})\b", lambda found: values[found[0]], text)
    if IN_THE_SANDBOX.match(text):
        text = f"python -m sandbox run -- {text}"
    return f"{text} --yes" if ASKS.search(text) and "--yes" not in text else text


@pytest.mark.parametrize("page", sorted({each.page for each in PRINTED}))
def test_a_parser_takes_every_command_of_a_page(page: str) -> None:
    said = {f"{each.line}: {each.text}": problem(each.text) for each in commands(page) if each.text not in NAMES}
    assert {where: why for where, why in said.items() if why} == {}


def test_the_lists_name_what_the_pages_print_and_tests_that_exist() -> None:
    unique = _unique()
    assert [each for each in NAMES if each not in unique] == []
    assert [each for each in NOT_RUN if not any(re.match(each, text) for text in unique)] == []
    named = {path for why in NOT_RUN.values() for path in re.findall(r"[\w/]+/[\w/]+\.(?:py|md)", why)}
    assert [each for each in sorted(named) if not (ROOT / each).exists()] == []


def test_what_runs_are_our_commands_and_the_engine_s() -> None:
    assert len(RUN) > 40
    assert [
        each for each in RUN if not re.match(r"(\.venv/bin/)?(make|pulumi|python -m (modelops|sandbox))\b", each)
    ] == []
    assert set(QUICK) <= set(RUN)


@pytest.mark.parametrize(
    "text", [each if each in QUICK else pytest.param(each, marks=pytest.mark.long(part="series")) for each in RUN]
)
def test_a_printed_command_runs(text: str, deployed: Rehearsal) -> None:
    line = f"source .venv/bin/activate\n{_typed(text, deployed)}"
    deployed.start("bash", "-ec", line, extra={"MAKEFLAGS": " -- SET_UP=@:"}).wait().ok()


_SAID = re.compile(
    r"(?<![\w./-])(?:python -m (?:modelops|sandbox|prerequisites|ci)\b(?!\.)|"
    r"pulumi (?:up|preview|refresh|destroy|stack|state|login) |(?:(?<=`)|(?<=Run: ))make [a-z-]+)[^`\n;,()]*"
)
FROM_CODE = sorted({found[0] for text in texts() for found in _SAID.finditer(text)})


def _printed(said: str) -> str:
    """Return why no parser takes what a text prints, or nothing. What follows a command in its sentence is left out."""
    words = [re.sub("…+", "VALUE", word) if re.fullmatch("…+", word) else word.strip("….") for word in said.split()]
    if "VALUE" in words[2:4] and words[:2] == ["python", "-m"]:
        return ""  # the command itself is filled in
    while (why := problem(" ".join(words))) and not words[-1].startswith("-") and len(words) > 2:
        words.pop()
    return why


@pytest.mark.parametrize("said", FROM_CODE)
def test_a_parser_takes_what_a_program_prints(said: str) -> None:
    assert _printed(said) == ""


def test_a_command_that_no_parser_takes_is_noticed() -> None:
    assert _printed("python -m modelops jobs lost --endpoint …").startswith("No such command 'lost'.")
    assert _printed("python -m modelops release --now --stack …") == "No such option: --now"
    assert _printed("pulumi up --refreshed") == "pulumi up has no option --refreshed"


def test_what_make_prints_at_its_end_are_targets() -> None:
    printed = re.findall(r"make ([a-z-]+)\$\(FOR\)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert [each for each in printed if problem(f"make {each}")] == []
    assert len(printed) > 3
