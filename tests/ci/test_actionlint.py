"""What actionlint says of the workflows: their syntax, their expressions and the types of these."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ci.workflows import FILES


@pytest.mark.long(part="workflows")
def test_actionlint_finds_nothing(tool: Callable[[str], Path]) -> None:
    command = [str(tool("actionlint")), "-no-color", *map(str, FILES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
