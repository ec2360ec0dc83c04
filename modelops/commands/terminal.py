"""Output: plain lines, and on a terminal tables and a progress line."""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any, Final

import typer
from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

_QUIET_SECONDS: Final = 30.0
_WIDTH: Final = 60
"""Characters of a cell of predictions."""


def say(text: str) -> None:
    """Print a line without wrapping, so that commands and paths can be copied."""
    typer.echo(text)


def say_error(text: str) -> None:
    """Print an error to standard error."""
    typer.echo(f"error: {text}", err=True)


def say_warning(text: str) -> None:
    """Print a warning to standard error: the command does what it is for."""
    typer.echo(f"warning: {text}", err=True)


def say_json(data: Mapping[str, Any]) -> None:
    """Print one object."""
    typer.echo(json.dumps(data, indent=2))


@contextmanager
def aside(*, is_aside: bool) -> Iterator[None]:
    """Print to standard error what is printed inside, if so: standard output then has one JSON object and no more."""
    if not is_aside:
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


def is_terminal() -> bool:
    """Say whether standard output is a terminal."""
    return sys.stdout.isatty()


def show(table: RenderableType) -> None:
    """Print a table, or any other renderable of rich."""
    Console(file=sys.stdout).print(table)


def show_rows(rows: Sequence[Sequence[str]]) -> None:
    """Print rows as a table on a terminal, elsewhere as lines; long cells are cut."""
    cut = [[cell if len(cell) <= _WIDTH else f"{cell[: _WIDTH - 1]}…" for cell in row] for row in rows]
    if not is_terminal():
        for row in cut:
            say("  " + "  ".join(row))
        return
    table = Table(show_header=False)
    for _ in cut[0]:
        table.add_column(no_wrap=True, overflow="ellipsis")
    for row in cut:
        table.add_row(*map(Text, row))
    show(table)


class Progress:
    """One updated line on a terminal; elsewhere a new line for each state or half minute."""

    def __init__(self, line: Live | None) -> None:
        self._line = line
        self._state = ""
        self._shown = 0.0

    def show(self, state: str, seconds: float) -> None:
        """Show a job's state, with what is known of it after a comma, and the seconds since following started."""
        text = f"{state}, {seconds:.0f} s"
        if self._line is not None:
            self._line.update(Text(text), refresh=True)
            return
        now, name = time.monotonic(), state.partition(",")[0]
        if name != self._state or now - self._shown >= _QUIET_SECONDS:
            self._state, self._shown = name, now
            say(text)


@contextmanager
def progress() -> Iterator[Progress]:
    """Give a progress line that is erased at the end, also after an error."""
    if not is_terminal():
        yield Progress(None)
        return
    # Drawn only on updates, not by a thread, and without redirecting output: `azure.step` drops everything that is
    # printed while the SDK works.
    options: dict[str, Any] = {"auto_refresh": False, "redirect_stdout": False, "redirect_stderr": False}
    with Live(console=Console(file=sys.stdout), transient=True, **options) as line:
        yield Progress(line)
