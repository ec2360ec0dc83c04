"""`report`: the HTML page of a release, from what it wrote down in the workspace's storage."""

import webbrowser
from pathlib import Path
from typing import Annotated, Final

import typer

from modelops.commands import options, terminal
from modelops.commands.targets import Target
from modelops.errors import UsageError
from modelops.rehearsal import located
from modelops.release import history
from modelops.report import page
from modelops.report.page import Release

LATEST: Final = "latest"
_DEFAULT_OUTPUT: Final = Path("reports") / "release.html"
_LOOKS_BACK: Final = 10
"""Entries before it that tell which models the revisions had that it found."""


def report(
    *,
    open_: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    release: Annotated[
        str,
        typer.Option("--release", metavar="N", help="Which entry of `history`: latest, or 2 for the one before it."),
    ] = LATEST,
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The page; replaces a file of this name.")
    ] = _DEFAULT_OUTPUT,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.EndpointOrAll = None,
    directory: options.Directory = Path(),
) -> None:
    """Write the HTML report of the endpoints' last release, or of an earlier one."""
    number = _number(release)
    where = options.Where(stack, outputs, endpoint, directory)
    found = {each.logical: _found(each, number) for each in where.with_history()}
    known = [each for each in found.values() if each]
    if not known:
        raise UsageError(
            f"--release {release}: the history of {', '.join(found)} has no such entry. It is listed by\n"
            f"  {located(f'python -m modelops history{where.words()}')}"
        )
    _write(output, page.html(known, stack or ""))
    for logical, each in found.items():
        if each is None:
            terminal.say_warning(f"{logical} is not in the report: its history has no entry {release}.")
    terminal.say(f"{output}")
    if open_ and not webbrowser.open(output.resolve().as_uri()):
        terminal.say_warning("no browser was found. Copy the file to where there is one: it needs nothing else.")


def _number(release: str) -> int:
    """Return which entry is meant, from 1.

    Raises:
        UsageError: it is neither a number nor the word.
    """
    if release == LATEST:
        return 1
    if release.isascii() and release.isdigit() and int(release):
        return int(release)
    raise UsageError(f"--release is {release!r}. Allowed: {LATEST}, or a number from 1, which is the latest.")


def _found(target: Target, number: int) -> Release | None:
    """Return an endpoint's release, the latest by 1; None if it has no such one."""
    workspace = options.workspace(target)
    entries = history.entries(workspace, target.endpoint, number + _LOOKS_BACK)
    if len(entries) < number:
        return None
    entry = entries[number - 1]
    digests = {
        revision: each.digests[logical]
        for each in entries[number:]
        for logical, revision in each.revisions.items()
        if logical in each.digests
    }
    return Release(target.logical, entry, digests, history.samples(workspace, entry))


def _write(file: Path, text: str) -> None:
    """Write the page.

    Raises:
        UsageError: it cannot be written there.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"--output {str(file)!r} cannot be written: {error.strerror}. Allowed: a file in a folder that takes one."
        ) from None
