"""The commands: each is one step of a workflow."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from ci import comment, engine, surroundings
from ci.comment import About
from ci.github import GitHubError
from ci.rehearsal import Rehearsal
from ci.rehearsal import rehearse as rehearsed
from ci.sandboxed import SandboxError, base_of
from ci.seen import Seen
from ci.surroundings import Surroundings
from modelops.errors import ModelOpsError


class _Commands(TyperGroup):
    """Turns our errors into a message; finds `pulumi` beside this Python."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        try:
            return super().invoke(ctx)
        except (ModelOpsError, SandboxError) as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=_Commands, add_completion=False, pretty_exceptions_enable=False, help="The steps of the pipelines."
)

Stack = Annotated[str, typer.Option("--stack", metavar="NAME", help="The stack.")]
Output = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Also write the comment into a file.")]

_REHEARSAL: Final = "rehearsal.md"
_COMMENT: Final = "comment.md"


@app.command()
def preview(
    *,
    stack: Stack,
    output: Output = None,
    rehearsal: Annotated[
        Path | None,
        typer.Option("--rehearsal", metavar="FOLDER", help="What `rehearse --output` wrote, for the comment."),
    ] = None,
) -> None:
    """Preview a stack with its policies, and say on the pull request, or in the step's summary, what a release does."""
    around = surroundings.read()
    seen = Seen()
    ended = engine.preview(stack, Path(), seen)
    about = About(around.commit, around.run_url, engine.versions())
    part = _read(rehearsal, _REHEARSAL)
    said = comment.comment(stack, seen, succeeded=ended.code == 0, about=about, rehearsal=part)
    if output is not None:
        output.write_text(said + "\n", encoding="utf-8")
    publish(around, stack, said)
    raise typer.Exit(1 if ended.code else 0)


@app.command()
def rehearse(
    *,
    stack: Stack,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="COMMIT", help="Compare with it. Default: the pull request's base commit."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FOLDER", help="Write the comment and its parts there.")
    ] = None,
) -> None:
    """Release the base commit in a sandbox and then the change, with try-outs: needs no login."""
    around = surroundings.read()
    commit = base_of(Path(), base)
    done = rehearsed(stack, Path.cwd(), commit, typer.echo)
    about = About(around.commit, around.run_url, engine.versions(), base=commit)
    part, said = _parts(stack, done, about)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / _REHEARSAL).write_text(part, encoding="utf-8")
        (output / _COMMENT).write_text(said, encoding="utf-8")
    summarise(around, said)
    raise typer.Exit(0 if done.succeeded else 1)


@app.command(name="comment")
def write_comment(
    *,
    stack: Stack,
    rehearsal: Annotated[Path, typer.Option("--rehearsal", metavar="FOLDER", help="What `rehearse --output` wrote.")],
) -> None:
    """Write a rehearsal's comment on the pull request, where nothing is previewed against Azure."""
    around = surroundings.read()
    said = _read(rehearsal, _COMMENT)
    if said:
        publish(around, stack, said)


def _parts(stack: str, done: Rehearsal, about: About) -> tuple[str, str]:
    """Return what a preview's comment takes of a rehearsal, and its own comment."""
    if done.why_not:
        return f"Rehearsal: none, because {done.why_not}", comment.not_rehearsed(stack, done.why_not, about)
    if done.released is None:
        whole = comment.comment(stack, done.preview, succeeded=False, about=about)
        return "Rehearsal: **the preview failed in the sandbox**", whole
    part = comment.rehearsal(done.released)
    return part, comment.comment(stack, done.preview, succeeded=done.is_previewed, about=about, rehearsal=part)


def _read(folder: Path | None, name: str) -> str:
    """Return a file of a rehearsal; empty if it was not written, for example because its job was stopped."""
    file = None if folder is None else folder / name
    return file.read_text(encoding="utf-8") if file is not None and file.is_file() else ""


def summarise(around: Surroundings, said: str) -> None:
    """Write a text into the step's summary; print it where there is none."""
    if around.summary is None:
        typer.echo(said)
        return
    with around.summary.open("a", encoding="utf-8") as summary:
        summary.write(f"{said}\n\n")


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
