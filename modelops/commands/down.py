"""`down`: deletes a stack's resources with `pulumi destroy`, unless a job of its endpoints runs."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from modelops import azure
from modelops.commands import options, targets, terminal
from modelops.engine import running
from modelops.engine.display import Lines, Screen
from modelops.errors import ReleaseError, UsageError
from modelops.rehearsal import located
from modelops.scoring import jobs


def down(
    *,
    stack: options.Stack = None,
    directory: options.Directory = Path(),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether to go on.")] = False,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[-- OPTION ...]", help="Further options of `pulumi destroy`.")
    ] = None,
) -> None:
    """Delete the stack's resources: `pulumi destroy`, unless a job of its endpoints has not ended."""
    _require_no_jobs(stack, directory)
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("there is no terminal to ask on; pass --yes")
        place = options.Where(stack, None, None, directory).words().replace(" --directory ", " --cwd ")
        terminal.say(f"What it would delete is shown by: {located(f'pulumi destroy --preview-only{place}')}")
        typer.confirm(f"Delete all resources of stack {stack or '(the selected one)'}?", abort=True)
    # With its preview, which finds a protected resource before anything is deleted.
    arguments = ["destroy", "--yes", "--suppress-outputs", "--suppress-permalink=true", *(words or [])]
    with Screen() if terminal.is_terminal() else Lines() as display:
        ended = running.run(arguments, stack, directory, display)
    display.end(ended)
    if ended.code:
        raise typer.Exit(ended.code)


def _require_no_jobs(stack: str | None, directory: Path) -> None:
    """Refuse while jobs run: Azure would delete their endpoint, and not the cluster that they keep busy.

    Raises:
        ReleaseError: with the jobs and the command that cancels them.
    """
    lines = list(_running(stack, directory))
    if lines:
        raise ReleaseError(
            "jobs of the stack's endpoints have not ended, so nothing was deleted. Let them end, or cancel them, and "
            "run the command again:\n" + "\n".join(f"  {line}" for line in lines)
        )


def _running(stack: str | None, directory: Path) -> Iterator[str]:
    """Yield the command that cancels each job that has not ended.

    Raises:
        ReleaseError: an endpoint that exists cannot be asked.
    """
    words = options.Where(stack, None, None, directory).words()
    for endpoint in targets.unreleased(targets.exported(stack, directory)).values():
        target = replace(endpoint, where=words)
        try:
            found = jobs.running(options.workspace(target), target.endpoint)
        except ReleaseError as error:
            if error.__cause__ is not None and azure.is_missing(error.__cause__):
                continue
            command = located(f"pulumi destroy{words.replace(' --directory ', ' --cwd ')}")
            raise ReleaseError(
                f"whether jobs of endpoint {target.endpoint} run is not known, so nothing was deleted: {error}\n"
                f"To delete without asking for jobs: {command}"
            ) from error
        yield from (options.jobs_command(target, "cancel", job.name) for job in found)
