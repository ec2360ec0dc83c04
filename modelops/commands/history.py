"""`history`: the releases of an endpoint, as each of them wrote it down in the workspace's storage."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from modelops.commands import options, terminal
from modelops.release import history as releases
from modelops.release.history import Entry
from modelops.scoring.progress import duration

SCHEMA_VERSION: Final = 1
"""Version of the --json output: docs/schemas/history.json."""

_SHORT: Final = 8


def history(
    *,
    most: Annotated[int, typer.Option("--most", metavar="N", min=1, help="How many of each endpoint.")] = 10,
    json: options.Json = False,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.EndpointOrAll = None,
    directory: options.Directory = Path(),
) -> None:
    """List the last releases and rollbacks of the endpoints, the newest first."""
    targets = options.Where(stack, outputs, endpoint, directory).with_history()
    found = {each.logical: releases.entries(options.workspace(each), each.endpoint, most) for each in targets}
    if json:
        endpoints = {logical: [each.to_json() for each in entries] for logical, entries in found.items()}
        terminal.say_json({"schemaVersion": SCHEMA_VERSION, "endpoints": endpoints})
        return
    for number, (logical, entries) in enumerate(found.items()):
        if number:
            terminal.say("")
        if len(found) > 1 or not entries:
            terminal.say(f"{logical}:{'' if entries else ' no releases.'}")
        for each in entries:
            _show(each)


def _show(entry: Entry) -> None:
    """Print a line about when, what and how long, then indented ones about the rest."""
    at = f"{datetime.fromisoformat(entry.at):%Y-%m-%d %H:%M} UTC"
    serves = f"default {entry.default}" if entry.default else "no default"
    took = f" ({duration(entry.seconds)})" if entry.seconds else ""
    terminal.say(f"{at}  {entry.outcome}, {serves}{took}")
    failure = f"failed at {entry.failed_at!r}: {entry.error}" if entry.error else ""
    commit = entry.commit[:_SHORT] + (" and changes that are not committed" if entry.clean is False else "")
    origin = ", ".join(filter(None, [commit, f"by {entry.who}" if entry.who else "", entry.run_url]))
    differences = [line for each in entry.tried for line in each["differences"]]
    for line in ["; ".join(entry.done), *differences, failure, *entry.warnings, origin]:
        if line:
            terminal.say(f"  {line}")
