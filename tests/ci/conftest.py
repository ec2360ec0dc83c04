"""Programs that judge and run workflows, built from their Go modules: once for each machine, as the engine's CLI is."""

import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from toolchain.places import cache as cache_folder
from toolchain.places import fingerprint

_MODULE = Path(__file__).parent / "tools"
_PACKAGES = {"actionlint": "github.com/rhysd/actionlint/cmd/actionlint", "act": "github.com/nektos/act"}


@pytest.fixture(name="tool", scope="session")
def _tool() -> Callable[[str], Path]:
    """Return what builds one of them, if this machine does not have it, and returns its path."""

    @cache
    def built(name: str) -> Path:
        folder = cache_folder() / "workflows" / fingerprint(_MODULE / "go.mod", _MODULE / "go.sum")[:16]
        program = folder / name
        if not program.exists():
            folder.mkdir(parents=True, exist_ok=True)
            draft = program.with_suffix(".new")
            command = ["go", "build", "-mod=readonly", "-trimpath", "-o", str(draft), _PACKAGES[name]]
            subprocess.run(command, cwd=_MODULE, check=True)
            draft.replace(program)
        return program

    return built
