"""`score`: scores the samples that the stack file names."""

import os
from pathlib import Path
from typing import Final

import typer

from modelops.commands import invoke, options, terminal
from modelops.errors import InterruptedByUserError, ModelOpsError
from modelops.rehearsal import located

_FOLDER: Final = "predictions"


def score(
    *,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.EndpointOrAll = None,
    directory: options.Directory = Path(),
) -> None:
    """Score the samples of the stack file into predictions/STACK/ENDPOINT; a failed job leaves the last ones there."""
    failed = False
    where = options.Where(stack, outputs, endpoint, directory)
    for target in where.one_or_all():
        if target.sample is None:
            terminal.say(f"{target.logical}: not scored, because the stack file has no `sample` for it. To score:")
            terminal.say(f"  {_command(where._replace(endpoint=target.logical))}")
            continue
        folder = directory / _FOLDER / (stack or os.environ.get("PULUMI_STACK") or "") / target.logical
        try:
            invoke.run(target, None, _place(target.sample, directory), folder, replace=True)
        except InterruptedByUserError:
            raise
        except ModelOpsError as error:
            # The other endpoints are scored anyway.
            terminal.say_error(f"{target.logical}: {error}")
            failed = True
    if failed:
        raise typer.Exit(1)


def _place(sample: str, directory: Path) -> str:
    """Return a path of the stack file as one from here; addresses as they are."""
    return sample if ":" in sample else str(directory / sample)


def _command(where: options.Where) -> str:
    return located(f"python -m modelops invoke{where.words()} --input FOLDER --download NEW_FOLDER")
