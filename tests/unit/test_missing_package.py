"""What a Python without the packages says: its `python -S -I` has the repository and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from modelops.errors import missing_package

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("module", ["modelops", "ci", "prerequisites"])
def test_the_commands_of_a_python_without_packages(module: str) -> None:
    run = f"import runpy, sys; sys.path.insert(0, {str(ROOT)!r}); runpy.run_module({module!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", run], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {sys.executable} has no package 'typer'. Run `make tools` once, then "
        f"`.venv/bin/python -m {module}`, or `source .venv/bin/activate` first.\n"
    )


@pytest.mark.parametrize("name", ["modelops.nothing", "settings", None])
def test_a_missing_module_of_our_own_is_a_defect(name: str | None) -> None:
    error = ModuleNotFoundError("no module", name=name)
    with pytest.raises(ModuleNotFoundError) as raised:
        missing_package(error, "modelops")
    assert raised.value is error
