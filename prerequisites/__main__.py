"""`python -m prerequisites`: see prerequisites/commands."""

import typer

from prerequisites.commands import check

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="What a subscription and a machine need before the first deployment.",
)
app.command()(check.check)


@app.callback()
def _nothing() -> None:
    """Keep the commands' names, even if there is only one."""


if __name__ == "__main__":
    app(prog_name="python -m prerequisites")
