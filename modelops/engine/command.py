"""Runs `pulumi` commands that answer at once, with JSON."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from modelops import rehearsal
from modelops.errors import UsageError

_STREAMING: Final = "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"
"""With this variable of the user, `--json` prints an event in each line, and not one document."""


def answer(arguments: Sequence[str], stack: str | None, folder: Path, *, may_fail: bool = False) -> Any:
    """Return what a `pulumi` command prints, read as JSON.

    Args:
        arguments: its words, without `pulumi`.
        stack: the stack's name; None takes the one that is selected in `folder`.
        folder: the program's folder.
        may_fail: whether a command that failed has answered, too, if it printed anything.

    Raises:
        UsageError: there is no such folder, stack or command, or it prints something else.
    """
    require_folder(folder)
    command = words(arguments, stack)
    environment = {name: value for name, value in os.environ.items() if name != _STREAMING}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    except OSError as error:
        instead = ", or save the outputs on another machine and pass the file with --outputs"
        raise not_run(error, instead) from error
    if done.returncode != 0 and not (may_fail and done.stdout):
        lines = [line.removeprefix("error: ") for line in done.stderr.splitlines() if line.strip()]
        raise UsageError(
            f"`{' '.join(command)}` failed: {lines[0] if lines else f'exit code {done.returncode}'}. "
            f"Check --stack, the login (`pulumi whoami`) and the folder.{rehearsal.beside(folder)}"
        )
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"`{' '.join(command)}` did not print JSON ({error}). Run it yourself to check, or use --outputs."
        ) from error


def words(arguments: Sequence[str], stack: str | None) -> list[str]:
    """Return the whole command: it asks nothing, and is about a stack."""
    return ["pulumi", *arguments, *(["--stack", stack] if stack else []), "--non-interactive"]


def require_folder(folder: Path) -> None:
    """Refuse a folder that does not exist.

    Raises:
        UsageError: with the option that names it.
    """
    if not folder.is_dir():
        raise UsageError(f"--directory {str(folder)!r} is not a folder. Name the folder with Pulumi.yaml.")


def not_run(error: OSError, instead: str = "") -> UsageError:
    """Return the error of a `pulumi` that the system does not start; `instead` ends the advice."""
    is_missing = isinstance(error, FileNotFoundError)
    what = "is not on PATH" if is_missing else f"cannot be run ({error.strerror})"
    return UsageError(f"the `pulumi` command {what}. Run `source .venv/bin/activate`{instead}.")
