"""`python -m prerequisites`: see prerequisites/commands."""

import sys

from modelops.errors import missing_package

try:
    import typer

    from modelops.commands.group import Commands
    from prerequisites.commands import apply, check, plan
except ModuleNotFoundError as error:
    sys.exit(missing_package(error, "prerequisites"))

app = typer.Typer(
    cls=Commands,
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
