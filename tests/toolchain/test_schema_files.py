"""The schema files are those that the installed packages, and the documentation of the stack file, give."""

import sys
import warnings
from pathlib import Path
from types import ModuleType

import pytest

from tools.schemas import arm, provider, schema_file, stack_file

with warnings.catch_warnings():
    # The SDK's own imports warn; this project cannot fix that.
    warnings.simplefilter("ignore")
    from tools.schemas import machine_learning

GENERATORS = [arm, machine_learning, provider, stack_file]


@pytest.mark.parametrize("script", GENERATORS, ids=lambda script: script.FILE.name)
def test_the_file_is_current(script: ModuleType) -> None:
    current = script.FILE.read_text(encoding="utf-8") == script.generate()
    assert current, f"run .venv/bin/python -m {script.__name__}"


def test_a_check_names_the_command_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["x", "--check"])
    assert schema_file.run("x", tmp_path / "x.json", lambda: "new") == 1
    assert capsys.readouterr().err == (f"{tmp_path}/x.json is not current. Run: .venv/bin/python -m tools.schemas.x\n")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(sys, "argv", ["x"])
    assert schema_file.run("x", tmp_path / "x.json", lambda: "new") == 0
    monkeypatch.setattr(sys, "argv", ["x", "--check"])
    assert schema_file.run("x", tmp_path / "x.json", lambda: "new") == 0


def test_a_class_that_contains_itself_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arm, "RESOURCES", {"Microsoft.Network/publicIPAddresses": ("network", "PublicIPAddressArgs")})
    with pytest.raises(TypeError) as caught:
        arm.generate()
    assert str(caught.value) == (
        "Microsoft.Network/publicIPAddresses: a class below PublicIPAddressArgs contains itself, "
        "and schemas here are trees"
    )
