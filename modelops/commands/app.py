"""Combines the commands: names, exit codes, and one clear message for every mistake.

Exit codes: 0 success, 1 failure or differences, 2 the command line names something that does not exist, 3 a job that
completed without results for all files.
"""

import logging
import signal
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from modelops.commands import (
    caller,
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
    terminal,
    up,
)
from modelops.errors import MissingResultsError, ModelOpsError, UsageError


class _Commands(TyperGroup):
    """Turns our errors, Ctrl-C and SIGTERM into a message and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            raise _failed(error, 2) from None
        except MissingResultsError as error:
            raise _failed(error, 3) from None
        except ModelOpsError as error:
            raise _failed(error, 1) from None
        except KeyboardInterrupt:
            raise _failed("interrupted", 1) from None


def _failed(error: object, code: int) -> typer.Exit:
    terminal.say_error(str(error))
    return typer.Exit(code)


def application(*, is_styled: bool) -> typer.Typer:
    """Return the commands; `is_styled` lets typer draw its help and its errors with rich, for a terminal."""
    app = typer.Typer(
        cls=_Commands,
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
