"""`status`: compares the released plan with the live endpoint."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from modelops.commands import options, terminal
from modelops.rehearsal import located
from modelops.release.status import Status
from modelops.release.status import status as compared

SCHEMA_VERSION: Final = 1
"""Version of the --json output: docs/schemas/status.json."""


def status(
    *,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.EndpointOrAll = None,
    directory: options.Directory = Path(),
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 if anything differs from the release.")] = False,
    json: options.Json = False,
) -> None:
    """Show the live endpoints and their differences from the last release."""
    where = options.Where(stack, outputs, endpoint, directory)
    targets = where.one_or_all()
    found = {each.logical: compared(options.workspace(each), options.released(each)) for each in targets}
    differs = any(each.problems for each in found.values())
    if json:
        endpoints = {logical: each.to_json() for logical, each in found.items()}
        terminal.say_json({"schemaVersion": SCHEMA_VERSION, "endpoints": endpoints})
    else:
        for number, each in enumerate(found.values()):
            if number:
                terminal.say("")
            _show(each)
        if differs:
            terminal.say(f"To fix it:\n  {located(f'python -m modelops release{where.words()}')}")
    if check and differs:
        raise typer.Exit(1)


def _show(found: Status) -> None:
    if not terminal.is_terminal():
        terminal.say("\n".join(found.lines()))
        return
    terminal.say(found.endpoint.name)
    terminal.say(found.endpoint.scoring_uri or "(scoring URI unknown)")
    if found.studio:
        terminal.say(found.studio)
    if found.rolled_back:
        terminal.say(f"rolled back {found.rolled_back}")
    table = Table("deployment", "state", "default", header_style="")
    for name, state in found.states().items():
        table.add_row(name, state, "yes" if name == found.endpoint.default else "")
    terminal.show(table)
    for problem in found.problems:
        terminal.say(f"DIFFERS {problem}")
