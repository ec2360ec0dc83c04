"""The schema files of the sandbox are those that the installed packages give."""

import sys
import warnings
from pathlib import Path
from types import ModuleType

import pytest

from scripts import generate_arm_schemas, generate_provider_schemas, schema_file

with warnings.catch_warnings():
    # The SDK's own imports warn; that is not this project's to mend.
    warnings.simplefilter("ignore")
    from scripts import generate_ml_schemas

GENERATORS = [generate_arm_schemas, generate_ml_schemas, generate_provider_schemas]


@pytest.mark.parametrize("script", GENERATORS, ids=lambda script: script.FILE)
def test_the_file_is_current(script: ModuleType) -> None:
    current = (schema_file.SCHEMAS / script.FILE).read_text(encoding="utf-8") == script.generate()
    assert current, f"run .venv/bin/python -m {script.__name__}"


def test_a_check_names_the_command_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schema_file, "SCHEMAS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["x", "--check"])
    assert schema_file.run("generate_x", "x.json", lambda: "new") == 1
    assert capsys.readouterr().err == (
        f"{tmp_path}/x.json is not current. Run: .venv/bin/python -m scripts.generate_x\n"
    )
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(sys, "argv", ["x"])
    assert schema_file.run("generate_x", "x.json", lambda: "new") == 0
    monkeypatch.setattr(sys, "argv", ["x", "--check"])
    assert schema_file.run("generate_x", "x.json", lambda: "new") == 0
