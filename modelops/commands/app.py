"""Combines the commands: their names, how they begin and how they end."""

import logging
import signal
import sys

import typer

from modelops.commands import (
    caller,
    down,
    drift,
    history,
    import_file,
    invoke,
    jobs,
    plan,
    promote,
    release,
    report,
    revisions,
    rollback,
    score,
    status,
    up,
)
from modelops.commands.group import Commands


def application(*, is_styled: bool) -> typer.Typer:
    """Return the commands; `is_styled` lets typer draw its help and its errors with rich, for a terminal."""
    app = typer.Typer(
        cls=Commands,
        add_completion=False,
        pretty_exceptions_enable=False,  # our own bugs: the plain traceback
        rich_markup_mode="rich" if is_styled else None,
        help="Inspect and release batch endpoints, and run scoring jobs.",
    )
    app.callback()(_nothing)
    for command in (
        status.status,
        plan.plan,
        drift.drift,
        release.release,
        revisions.revisions,
        rollback.rollback,
        history.history,
        report.report,
        promote.promote,
        invoke.invoke,
        score.score,
        caller.caller,
        up.up,
        down.down,
    ):
        app.command()(command)
    app.command("import")(import_file.import_)
    app.add_typer(jobs.app, name="jobs")
    return app


def _nothing() -> None:
    """Keep the commands' names, even if there is only one."""


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    logging.disable(logging.WARNING)  # the SDK's notes about experimental classes
    # What goes on in Azure is told after SIGTERM as after Ctrl-C.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        application(is_styled=sys.stdout.isatty() and sys.stderr.isatty())(arguments, prog_name="python -m modelops")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0
