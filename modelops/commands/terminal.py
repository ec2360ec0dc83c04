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

from modelops.plan.data_address import masked

_QUIET_SECONDS: Final = 30.0
_ANY_WIDTH: Final = 100_000
_WIDTH: Final = 60
"""Characters of a cell of predictions."""


def say(text: str) -> None:
    """Print a line without wrapping, so that commands and paths can be copied; secrets in addresses are masked."""
    typer.echo(masked(text))


def say_error(text: str) -> None:
    """Print an error to standard error; secrets in addresses are masked."""
    typer.echo(f"error: {masked(text)}", err=True)


def say_warning(text: str) -> None:
    """Print a warning to standard error: the command does what it is for."""
    typer.echo(f"warning: {text}", err=True)


def say_note(text: str) -> None:
    """Print a remark to standard error: standard output has what the command is for, to be saved or piped."""
    typer.echo(text, err=True)


def say_json(data: Mapping[str, Any]) -> None:
    """Print one object; secrets in addresses are masked."""
    typer.echo(json.dumps(_masked(data), indent=2))


def _masked(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _masked(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_masked(value) for value in data]
    return masked(data) if isinstance(data, str) else data


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
        _show_columns(cut, indent="  ")
        return
    table = Table(show_header=False)
    for _ in cut[0]:
        table.add_column(no_wrap=True, overflow="ellipsis")
    for row in cut:
        table.add_row(*map(Text, row))
    show(table)


def show_table(titles: Sequence[str], rows: Sequence[Sequence[str]], *, has_titles_in_files: bool = False) -> None:
    """Print a table with titles on a terminal, elsewhere rows in columns; nothing without rows.

    A terminal that is too narrow gets columns too, which it wraps: no name is cut.

    Args:
        titles: of the columns.
        rows: their cells.
        has_titles_in_files: whether the titles are printed elsewhere than on a terminal, too.
    """
    if not rows:
        return
    table = Table(*titles, header_style="")
    for row in rows:
        table.add_row(*map(Text, row))
    if not is_terminal():
        _show_columns([titles, *rows] if has_titles_in_files else rows)
    elif _width(table) > Console(file=sys.stdout).width:
        _show_columns([titles, *rows])
    else:
        show(table)


def _width(table: Table) -> int:
    """Return how many characters wide a table is if nothing of it is cut."""
    console = Console(file=sys.stdout)
    return console.measure(table, options=console.options.update(width=_ANY_WIDTH)).maximum


def _show_columns(rows: Sequence[Sequence[str]], indent: str = "") -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        say(indent + "  ".join(cells).rstrip())


class Progress:
    """One updated line on a terminal; elsewhere a new line for each state, and one after each pause."""

    def __init__(self, line: Live | None, state: str, pause: float) -> None:
        self._line = line
        self._state = state
        self._pause = pause
        self._shown = time.monotonic()
        self._output = sys.stdout

    def show(self, state: str, seconds: float) -> None:
        """Show a state, with what is known of it after a comma, and the seconds that it takes so far."""
        text = f"{state}, {seconds:.0f} s"
        if self._line is not None:
            self._line.update(Text(text), refresh=True)
            return
        now, name = time.monotonic(), state.partition(",")[0]
        if name != self._state or now - self._shown >= self._pause:
            self._state, self._shown = name, now
            # Not to what standard output is now: `azure.step` drops that while the SDK works.
            typer.echo(masked(text), file=self._output)


@contextmanager
def progress(state: str = "", pause: float = _QUIET_SECONDS) -> Iterator[Progress]:
    """Give a progress line that is erased at the end, also after an error.

    Args:
        state: a state of which no line says that it begins.
        pause: seconds between two lines of one state, elsewhere than on a terminal.
    """
    if not is_terminal():
        yield Progress(None, state, pause)
        return
    # Drawn only on updates, not by a thread, and without redirecting output: `azure.step` drops everything that is
    # printed while the SDK works.
    options: dict[str, Any] = {"auto_refresh": False, "redirect_stdout": False, "redirect_stderr": False}
    with Live(console=Console(file=sys.stdout), transient=True, **options) as line:
        yield Progress(line, state, pause)
