"""The hooks of .pre-commit-config.yaml run .venv's own tools.

Not tested: pre-commit itself, which is not installed here.
"""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION: dict[str, Any] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
HOOKS: list[dict[str, Any]] = CONFIGURATION["repos"][0]["hooks"]
QUICK = {"mypy": "-V"}
"""What shows that a hook's command starts where running it takes long: `make check` runs it whole."""


def test_no_tool_has_a_second_version() -> None:
    assert [each["repo"] for each in CONFIGURATION["repos"]] == ["local"]
    assert {each["language"] for each in HOOKS} == {"system"}
    assert [each["entry"] for each in HOOKS if not each["entry"].startswith(".venv/bin/")] == []
    assert not any("additional_dependencies" in each for each in HOOKS)


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_a_hook_runs_from_the_repositorys_root(hook: dict[str, Any]) -> None:
    files = [] if hook.get("pass_filenames") is False else ["tests/unit/test_pre_commit.py"]
    extra = [QUICK[hook["id"]]] if hook["id"] in QUICK else []
    command = [*shlex.split(hook["entry"]), *extra, *files]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_formatter_and_the_linter_see_what_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    text = "import os\nx = {  'a':1 }\n"
    wrong.write_text(text, encoding="utf-8")
    options = ["--isolated"]
    linted = subprocess.run(
        [*shlex.split(_entry("ruff-check")), *options, str(wrong)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 1
    assert "F401" in linted.stdout
    subprocess.run([*shlex.split(_entry("ruff-format")), *options, str(wrong)], cwd=ROOT, check=True)
    assert wrong.read_text(encoding="utf-8") == 'import os\n\nx = {"a": 1}\n'


def test_the_check_of_the_requirements_runs_when_one_of_its_files_changes() -> None:
    (pattern,) = (each["files"] for each in HOOKS if each["id"] == "requirements")
    files = ["pyproject.toml", "packages/sandbox/pyproject.toml", "requirements-scan.txt", "toolchain/uv.txt"]
    assert [name for name in files if not re.search(pattern, name)] == []
    assert re.search(pattern, "examples/tabular/model/requirements.txt") is None


def _entry(name: str) -> str:
    (entry,) = (str(each["entry"]) for each in HOOKS if each["id"] == name)
    return entry
