"""`python -m prerequisites`: see prerequisites/commands."""

from typing import Any

import typer
from typer.core import TyperGroup

from modelops.commands import terminal
from modelops.errors import ModelOpsError, UsageError
from prerequisites.commands import apply, check, plan


class _Commands(TyperGroup):
    """Turns our errors and Ctrl-C into a message and an exit code: 2 for the command line, else 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ModelOpsError as error:
            terminal.say_error(str(error))
            raise typer.Exit(2 if isinstance(error, UsageError) else 1) from None
        except KeyboardInterrupt:
            terminal.say_error("interrupted")
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="What a subscription and a machine need before the first deployment.",
)
app.command()(check.check)
app.command()(plan.plan)
app.command()(apply.apply)


@app.callback()
def _nothing() -> None:
    """Keep the commands' names, even if there is only one."""


if __name__ == "__main__":
    app(prog_name="python -m prerequisites")
