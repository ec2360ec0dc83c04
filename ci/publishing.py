"""Where a text for people goes: the step's summary, the comment of a pull request, the issue of a stack."""

import typer

from ci import comment
from ci.github import GitHubError
from ci.surroundings import Surroundings


def summarise(around: Surroundings, said: str) -> None:
    """Write a text into the step's summary; print it where there is none."""
    if around.summary is None:
        typer.echo(said)
        return
    with around.summary.open("a", encoding="utf-8") as summary:
        summary.write(f"{said}\n\n")
    if around.uploads:
        typer.echo(f"##vso[task.uploadsummary]{around.summary.resolve()}")


def publish(around: Surroundings, stack: str, said: str) -> None:
    """Write a comment into the step's summary, and on the pull request if the token may write there.

    A comment that cannot be written is a warning: whether a preview succeeds does not depend on GitHub.
    """
    summarise(around, said)
    if not (around.may_comment and around.repository and around.pull_request):
        return
    try:
        done = around.repository.say(around.pull_request, comment.marker(stack), said)
        typer.echo(f"comment of stack {stack}: {done}")
    except GitHubError as error:
        typer.echo(f"::warning title=The comment was not written::{error}. The step's summary has it.")


def report(around: Surroundings, stack: str, body: str | None) -> bool:
    """Keep the issue of a stack that drifted: open, edit or close it; say whether that could be done.

    Args:
        around: where the job runs.
        stack: the stack's name.
        body: the issue's text; None closes it.
    """
    if around.repository is None:
        return False
    try:
        done = around.repository.report(f"drift-{stack}", f"Drift of stack {stack}", body)
    except GitHubError as error:
        typer.echo(f"::error title=The issue was not written::{error}. The step's summary has it.")
        return False
    typer.echo(f"issue of stack {stack}: {done}")
    return True
