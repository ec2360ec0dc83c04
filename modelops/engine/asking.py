"""Asks the `pulumi` command, which answers with one JSON document."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final, NamedTuple

from modelops.errors import UsageError

_STREAMING: Final = "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"
"""With this variable of the user, `--json` would print one engine event a line instead of one document."""


class Answer(NamedTuple):
    """The exit code of a command, and the document that it printed; None if it printed none."""

    code: int
    document: Any


def ask(arguments: list[str], stack: str | None, folder: Path, *, may_fail: bool = False) -> Answer:
    """Run `pulumi` and read what it prints.

    Args:
        arguments: of `pulumi`, without the stack.
        stack: its name; None takes the one that is selected in `folder`.
        folder: the program's folder.
        may_fail: whether a command that fails and prints a document has answered, too.

    Raises:
        UsageError: no such folder, no `pulumi`, or it failed.
    """
    if not folder.is_dir():
        raise UsageError(f"--directory {str(folder)!r} is not a folder. Name the folder with Pulumi.yaml.")
    command = ["pulumi", *arguments, *(["--stack", stack] if stack else []), "--non-interactive"]
    environment = {name: value for name, value in os.environ.items() if name != _STREAMING}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    except OSError as error:
        is_missing = isinstance(error, FileNotFoundError)
        what = "is not on PATH" if is_missing else f"cannot be run ({error.strerror})"
        raise UsageError(
            f"the `pulumi` command {what}. Run `source .venv/bin/activate`, or save the outputs on another machine "
            "and pass the file with --outputs."
        ) from error
    if done.returncode != 0 and not (may_fail and done.stdout.strip()):
        lines = [line.removeprefix("error: ") for line in done.stderr.splitlines() if line.strip()]
        raise UsageError(
            f"`{' '.join(command)}` failed: {lines[0] if lines else f'exit code {done.returncode}'}. "
            "Check --stack, the login (`pulumi whoami`) and the folder."
        )
    try:
        return Answer(done.returncode, json.loads(done.stdout))
    except json.JSONDecodeError as error:
        raise UsageError(
            f"`{' '.join(command)}` did not print JSON ({error}). Run it yourself to check, or use --outputs."
        ) from error
