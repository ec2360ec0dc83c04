"""checkov, in its own environment that all checkouts share: `<cache>/scan/<fingerprint>/`.

Separate from `.venv`, because checkov pins boto3, pyyaml and others exactly. Only `make scan` and the tests need it.
The uv of `.venv` installs it, for the same Python, from a requirements file with hashes.
"""

import os
import subprocess
import sys
from pathlib import Path

from toolchain.environment import UV, UV_PIN
from toolchain.lock import held
from toolchain.places import PYTHON, REPOSITORY, SetupError, cache, fingerprint, say

REQUIREMENTS = REPOSITORY / "requirements-scan.txt"
DONE = "complete"
"""Name of the file that marks a complete environment."""


def ensure() -> Path:
    """Create the environment if it is missing; return its `checkov` command.

    Raises:
        SetupError: a step failed; the next call starts over.
    """
    folder = cache() / "scan" / fingerprint(REQUIREMENTS, UV_PIN, sys.version)[:16]
    if not (folder / DONE).exists():
        with held(cache() / "locks" / "scan", "installing checkov"):
            if not (folder / DONE).exists():
                _install(folder)
    return folder / "bin" / "checkov"


def _install(folder: Path) -> None:
    say(f"scan: installing the packages of {REQUIREMENTS.name} into {folder}, about a minute, once")
    _run("venv", "--clear", "--python", str(PYTHON), str(folder))
    # Without compiled bytecode, each run takes seconds longer.
    options = ("--require-hashes", "--compile-bytecode", "--python", str(folder / "bin" / "python"))
    _run("pip", "sync", *options, REQUIREMENTS.name)
    (folder / DONE).touch()


def _run(*arguments: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in {"UV_OFFLINE", "VIRTUAL_ENV"}}
    command = [str(UV), *arguments, "--quiet"]
    try:
        ran = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SetupError(f"{UV} is missing; it installs checkov. Run: make tools") from None
    if ran.returncode:
        raise SetupError(
            f"{ran.stderr.rstrip()}\n"
            "\n"
            "Installing checkov failed; the output of uv is above. It needs a Python package index: check the "
            "network, and the proxy or index settings of uv. Then run make again."
        )
