"""`plan`: what the next `pulumi up` will do, endpoint by endpoint, and then the engine's own list."""

import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from modelops import advice
from modelops.commands import options, terminal
from modelops.engine.event_log import Happening
from modelops.engine.planned import Expected, Planned
from modelops.engine.running import Ended, Watcher, run
from modelops.release.rows import Row, lines, wrapped
from modelops.runner.protocol import Told

SCHEMA_VERSION: Final = 1
"""Version of the --json output: docs/schemas/plan.json."""

_STATE: Final = "previewing"
_INDENT: Final = "  "
_WIDEST: Final = 120
"""Characters of a line on a wider terminal: longer lines are hard to read."""
_NOISE: Final = re.compile(r"@ previewing|Loading policy packs|    pulumi:pulumi:Stack \S+ *(running *)?$")
"""Lines that only say that the engine is at work."""
_ENGINES_OWN: Final = re.compile(
    r"error: (preview failed|Resource monitor has terminated, shutting down)$"
    r"|pulumi:pulumi:Stack \S+ +\d+ errors?$|; \d+ errors?$"
)
"""What the engine says after an error of a release."""
_RESOURCE: Final = re.compile(r"  \S+ \(\S+\):$")
_FURTHER: Final = "      "
"""How the further lines of an error in Pulumi's diagnostics begin."""
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_STYLES: Final = {"default": "bold", "create": "green", "register": "green", "delete": "red", "replace": "red"}
"""Of the rows that begin with a word."""


def plan(
    pulumi: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- OPTIONS]", help="Options of `pulumi preview`, after two hyphens.", show_default=False
        ),
    ] = None,
    *,
    stack: options.Stack = None,
    directory: options.Directory = Path(),
    json: options.Json = False,
) -> None:
    """Show what the next `pulumi up` will do to each endpoint, and why. Exit with 1 if it will refuse."""
    planned = Planned()
    words = ["preview", "--suppress-outputs", *(pulumi or ())]
    with terminal.aside(is_aside=json), terminal.progress(_STATE) as progress:
        ended = run(
            words, stack, directory, _Waiting(planned, progress), is_coloured=terminal.is_terminal() and not json
        )
    if json:
        _say_json(planned, ended)
    else:
        for name, each in planned.sorted().items():
            _show(name, each)
        _say_unchanged(planned)
        terminal.say(listed(ended.output, [each.text for each in planned.endpoints.values() if each.text]))
        if ended.code and (said := advice.about(ended.output)):
            terminal.say(said)
    if ended.code or planned.is_refused:
        raise typer.Exit(1)


class _Waiting(Watcher):
    """Shows how long the preview takes, and hands on what it tells."""

    def __init__(self, planned: Planned, progress: terminal.Progress) -> None:
        self._planned = planned
        self._progress = progress
        self._began = time.monotonic()

    def on_event(self, event: Happening | Told) -> None:
        """Hand it on."""
        self._planned.on_event(event)

    def on_pause(self) -> None:
        """Show the seconds."""
        self._progress.show(_STATE, time.monotonic() - self._began)


def _say_json(planned: Planned, ended: Ended) -> None:
    terminal.say_json(
        {
            "schemaVersion": SCHEMA_VERSION,
            "succeeded": ended.code == 0 and not planned.is_refused,
            "endpoints": {name: each.to_json() for name, each in planned.sorted().items()},
            "resources": planned.resources,
        }
    )
    if ended.code:
        typer.echo(listed(ended.output), err=True)


def _show(name: str, expected: Expected) -> None:
    if expected.change == "none":
        return
    title = f"{name} ({expected.endpoint})" if expected.endpoint else name
    if terminal.is_terminal():
        terminal.show(_table(title, expected.rows))
    else:
        terminal.say("\n".join([title, *(f"{_INDENT}{line}" for line in lines(expected.rows))]))
    for note in expected.notes:
        terminal.say("\n".join(f"{_INDENT}{line}" for line in note.splitlines()))
    terminal.say("")


def _table(title: str, rows: list[Row]) -> Text:
    """Return the table for a terminal of any width: its lines are those that are printed elsewhere."""
    width = min(shutil.get_terminal_size().columns, _WIDEST) - len(_INDENT)
    table = Text(title, "bold underline")
    for row, each in zip(rows, wrapped(rows, width), strict=True):
        style = _STYLES.get(row.what.partition(" ")[0], "")
        table.append_text(Text("".join(f"\n{_INDENT}{line}" for line in each), style))
    return table


def _say_unchanged(planned: Planned) -> None:
    names = [name for name, each in planned.sorted().items() if each.change == "none"]
    if names:
        terminal.say(f"unchanged: {', '.join(names)}\n")


def listed(output: str, told: Sequence[str] = ()) -> str:
    """Return what the engine printed, without the lines that only say that it is at work.

    Args:
        output: what it printed.
        told: errors that were told above, and need not be told again.
    """
    firsts = [text.splitlines()[0] for text in told]
    kept: list[str] = []
    is_told = False
    for line in output.splitlines():
        plain = _COLOURS.sub("", line)
        if _NOISE.match(plain) or (firsts and _ENGINES_OWN.search(plain)):
            continue
        if any(first in plain for first in firsts):
            is_told = True
        elif not (is_told and (plain.startswith(_FURTHER) or not plain)):
            is_told = False
            kept.append(line)
    below = ""
    whole: list[str] = []
    for line in reversed(kept):  # headings with nothing below them go
        plain = _COLOURS.sub("", line)
        is_empty = (_RESOURCE.match(plain) and not below.startswith("    ")) or (
            plain == "Diagnostics:" and not below.startswith("  ")
        )
        if not (firsts and is_empty):
            whole.append(line)
            below = plain or below
    return "\n".join(reversed(whole)).strip("\n")
