"""`up`: deploys a stack with `pulumi up`, and shows what happens while it runs."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from modelops.commands import options, terminal
from modelops.engine import running
from modelops.engine.display import Lines, Screen
from modelops.errors import UsageError
from modelops.rehearsal import located

_QUIET: Final = ("--skip-preview", "--suppress-outputs", "--suppress-permalink=true")


def up(
    *,
    stack: options.Stack = None,
    directory: options.Directory = Path(),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether to go on.")] = False,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[-- OPTION ...]", help="Further options of `pulumi up`.")
    ] = None,
) -> None:
    """Deploy the stack: `pulumi up`, with a line for each step of its releases."""
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("there is no terminal to ask on; pass --yes")
        place = options.Where(stack, None, None, directory).words()
        terminal.say(f"What it would do is shown by: {located(f'python -m modelops plan{place}')}")
        typer.confirm(f"Deploy stack {stack or '(the selected one)'}?", abort=True)
    arguments = ["up", "--yes", *_QUIET, *(words or [])]
    with Screen() if terminal.is_terminal() else Lines() as display:
        ended = running.run(arguments, stack, directory, display)
    display.end(ended)
    if ended.code:
        raise typer.Exit(ended.code)
