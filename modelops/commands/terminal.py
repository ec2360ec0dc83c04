"""What is printed: plain lines, and on a terminal tables and a line that changes."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import typer
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

_QUIET_SECONDS: Final = 30.0


def say(text: str) -> None:
    """Print a line as it is: no wrapping, so that commands and paths can be copied."""
    typer.echo(text)


def say_error(text: str) -> None:
    """Print an error to standard error."""
    typer.echo(f"error: {text}", err=True)


def say_json(data: Mapping[str, Any]) -> None:
    """Print one object."""
    typer.echo(json.dumps(data, indent=2))


def is_terminal() -> bool:
    """Say whether a person reads standard output as it comes."""
    return sys.stdout.isatty()


def show(table: RenderableType) -> None:
    """Print a table, or anything else that rich draws."""
    Console(file=sys.stdout).print(table)


class Progress:
    """One line that changes on a terminal; elsewhere a line for each new state or half minute."""

    def __init__(self, line: Live | None) -> None:
        self._line = line
        self._state = ""
        self._shown = 0.0

    def show(self, state: str, seconds: float) -> None:
        """Show what a job does, and for how long it has been followed."""
        text = f"{state}, {seconds:.0f} s"
        if self._line is not None:
            self._line.update(Text(text), refresh=True)
            return
        now = time.monotonic()
        if state != self._state or now - self._shown >= _QUIET_SECONDS:
            self._state, self._shown = state, now
            say(text)


@contextmanager
def progress() -> Iterator[Progress]:
    """Give a progress that is erased at the end, whatever the end is."""
    if not is_terminal():
        yield Progress(None)
        return
    # Drawn when there is news and by no thread, and not around what others print: `azure.step` swallows what is printed
    # while the SDK is at work.
    options: dict[str, Any] = {"auto_refresh": False, "redirect_stdout": False, "redirect_stderr": False}
    with Live(console=Console(file=sys.stdout), transient=True, **options) as line:
        yield Progress(line)
