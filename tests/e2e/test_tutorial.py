"""docs/tutorial.md, exactly as it is printed: its files are written, its edits made, its commands run, its output seen.

The packages come from the package index of this machine. Does not prove anything about Azure.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import settings
from tests.e2e.rehearsal import PROJECT, REPOSITORY, Rehearsal
from tests.pages import Block, blocks, edited
from tests.unit.settings_schema import SCHEMA

BLOCKS = list(blocks("docs/tutorial.md"))
COMMANDS = [each for each in BLOCKS if each.kind == "sh"]
WRITTEN = [each for each in BLOCKS if each.kind not in {"", "sh", "text"}]
STACK_FILE = "Pulumi.churn.yaml"
BUILD_SECONDS = 600.0
FAILS = "\nmake: ***"
"""What the output of a command that has to fail ends with."""
INDEX = {"SANDBOX_OFFLINE": "0", "MAKEFLAGS": " -- SET_UP=@:"}
"""Environments are built; `make` takes the tools that run this test."""


def _write(block: Block, folder: Path) -> None:
    """Write the file of a block, or make the edit that it shows."""
    file = folder / block.file
    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.read_text(encoding="utf-8") if block.kind == "diff" else ""
    file.write_text(edited(before, block.text) if block.kind == "diff" else block.text, encoding="utf-8")


def _normal(line: str) -> str:
    """Return a line of output without what differs from run to run: names' digits, times and sizes."""
    line = re.sub(r"\b(churn|\w+-)[0-9a-f]{8}\b", r"\1HEX", line)
    line = re.sub(r"\b\d+(?:[.:]\d+)? (?:s|min|KiB)\b|sha256 \w+|(?<=Makefile:)\d+", "N", line)
    return " ".join(line.split())


def test_the_page_s_output_is_recognized_whatever_its_digits_are() -> None:
    for seconds in ("48 s", "1:08 min"):
        assert _normal(f"churn     4/8 try out   {seconds}  script-f16dd3f4") == "churn 4/8 try out N script-HEX"
    assert _normal("  churn1a8fe780: default a-53e29184") == "churnHEX: default a-HEX"


def test_the_page_has_what_this_test_knows() -> None:
    """Another kind of block would be passed over."""
    kinds = Counter(each.kind for each in BLOCKS)
    assert set(kinds) == {"", "sh", "text", "csv", "python", "yaml", "diff"}
    assert [each for each in WRITTEN if not each.file] == []
    assert {each.file for each in WRITTEN if each.kind == "diff"} == {STACK_FILE, "churn/code/score.py"}


def test_every_state_of_the_stack_file_is_taken(tmp_path: Path) -> None:
    """Also by the schema that editors read; the scripts compile."""
    states = 0
    (tmp_path / "churn" / "model").mkdir(parents=True)
    (tmp_path / "churn" / "model" / "model.joblib").touch()
    (tmp_path / "churn" / "mlflow").mkdir()
    mlmodel = (REPOSITORY / "examples" / "tabular" / "model" / "MLmodel").read_text(encoding="utf-8")
    (tmp_path / "churn" / "mlflow" / "MLmodel").write_text(mlmodel, encoding="utf-8")
    for block in WRITTEN:
        _write(block, tmp_path)
        if block.file.endswith(".py"):
            compile((tmp_path / block.file).read_text(encoding="utf-8"), block.file, "exec")
        if block.file == STACK_FILE:
            stack = yaml.safe_load((tmp_path / STACK_FILE).read_text(encoding="utf-8"))
            jsonschema.validate(stack, SCHEMA.schema)
            config: dict[str, Any] = stack["config"]
            location = config.pop("azure-native:location")
            settings.parse(config, location=location, project=PROJECT, stack="churn", root=tmp_path)
            states += 1
    assert states == 6


@pytest.mark.long(part="environments")
def test_the_tutorial_works_as_printed(fresh: Rehearsal) -> None:
    said, missing = "", []
    for number, block in enumerate(BLOCKS):
        if block in WRITTEN:
            _write(block, fresh.folder)
        elif block.kind == "sh":
            # What the page's first commands set up is there for all others: a reader stays in one terminal.
            done = fresh.start("bash", "-ec", COMMANDS[0].text + block.text, extra=INDEX).wait(BUILD_SECONDS)
            has_to_fail = any(FAILS in each.text for each in BLOCKS[number + 1 : number + 2])
            said = (done.failed() if has_to_fail else done.ok()).text
        elif block.kind == "text":
            seen = {_normal(line) for line in said.splitlines()}
            wanted = [line for line in block.text.splitlines() if line != " ..."]
            missing += [f"line {block.line}: {line}" for line in wanted if _normal(line) not in seen]
    assert missing == []
    lines = (fresh.folder / "scored-mlflow" / "predictions.csv").read_text(encoding="utf-8").splitlines()
    assert sorted(lines) == ["0,1,april.csv", "0,1,may.csv", "1,0,april.csv", "1,0,may.csv"]
    assert not fresh.processes()
