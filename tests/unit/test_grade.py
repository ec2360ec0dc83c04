"""`tools.grade` runs the grading program of the examples whose data was scored, and no other."""

import json
import stat
from pathlib import Path

import pytest

from tools import grade


@pytest.fixture(name="graded")
def _graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file with what was graded, in a folder with an example whose grading fails for the stack `bad`."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "graded"
    (tmp_path / "examples" / "digits" / "data").mkdir(parents=True)
    (tmp_path / "examples" / "other").mkdir()
    (tmp_path / "examples" / "digits" / "grade.py").write_text(
        f"import sys\nopen({str(file)!r}, 'a').write(sys.argv[1])\n"
        "print(*sys.argv[1:])\nsys.exit('/bad/' in sys.argv[1])\n"
    )
    pulumi = tmp_path / "bin" / "pulumi"
    pulumi.parent.mkdir()
    samples = {"numbers": "examples/digits/data", "mine": "mine/data", "other": "examples/other/x", "a": "azureml:b:1"}
    endpoints = {name: {"sample": sample} for name, sample in samples.items()} | {"none": {}}
    pulumi.write_text(f"#!/bin/sh\necho '{json.dumps(endpoints)}'\n")
    pulumi.chmod(pulumi.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{pulumi.parent}:/usr/bin:/bin")
    return file


@pytest.mark.parametrize(("stack", "code"), [("dev", 0), ("bad", 1)])
def test_an_example_is_graded_by_its_program(
    graded: Path, stack: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert grade.main(stack) == code
    told = f"predictions/{stack}/numbers --sample examples/digits/data"
    assert capsys.readouterr().out == f"numbers: {told}\n", "the line names the endpoint, where there are several"
    assert graded.read_text() == f"predictions/{stack}/numbers"
