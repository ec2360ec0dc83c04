"""A group of commands: one clear message and an exit code for every mistake.

Exit codes: 0 success, 1 failure or differences, 2 the command line names something that does not exist, 3 a job that
completed without results for all files.
"""

from typing import Any

import typer
from typer.core import TyperGroup

from modelops.commands import terminal
from modelops.errors import MissingResultsError, ModelOpsError, UsageError


class Commands(TyperGroup):
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
