"""`revisions`: what can be the default of an endpoint again."""

from pathlib import Path
from typing import Final

from modelops.commands import options, terminal
from modelops.commands.targets import Target
from modelops.release import live
from modelops.release.revisions import Revision
from modelops.release.revisions import revisions as listed
from modelops.workspace import Workspace

SCHEMA_VERSION: Final = 1
"""Version of the --json output: docs/schemas/revisions.json."""

_DIGITS: Final = 8
_HEADS: Final = ("revision", "created", "model", "commit", "try-out", "default since", "status")


def revisions(
    *,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.EndpointOrAll = None,
    directory: options.Directory = Path(),
    json: options.Json = False,
) -> None:
    """List the revisions of the endpoints, the newest first, and which can be pinned or rolled back to."""
    found = {
        each.logical: _read(options.workspace(each), each)
        for each in options.Where(stack, outputs, endpoint, directory).one_or_all()
    }
    if json:
        endpoints = {logical: [each.to_json() for each in listed] for logical, listed in found.items()}
        terminal.say_json({"schemaVersion": SCHEMA_VERSION, "endpoints": endpoints})
        return
    for logical, each in found.items():
        terminal.say(logical)
        terminal.show_table(_HEADS, list(map(_row, each)), has_titles_in_files=True)


def _read(workspace: Workspace, target: Target) -> list[Revision]:
    return listed(workspace, live.read_endpoint(workspace, target.endpoint), target.plan)


def _row(each: Revision) -> tuple[str, ...]:
    since = "never" if each.default_at is None else _minute(each.default_at) or "(unknown)"
    left = "rolled back" if each.is_left else ""
    return (
        each.name,
        _minute(each.created or ""),
        each.model or "",
        (each.commit or "")[:_DIGITS],
        each.try_out or "none",
        since,
        "serves" if each.is_default else each.problem or left,
    )


def _minute(time: str) -> str:
    """Return `11-30 17:16` for a time of ISO 8601 in UTC."""
    return time[5:16].replace("T", " ")
