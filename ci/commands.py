"""The commands: each is one step of a workflow."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from azure.core.exceptions import AzureError
from typer.core import TyperGroup

from ci import comment, deployment, engine, publishing, surroundings
from ci.comment import About
from ci.markdown import block
from ci.rehearsal import Rehearsal
from ci.rehearsal import rehearse as rehearsed
from ci.sandboxed import SandboxError, base_of
from ci.seen import Seen
from ci.sign_in import signed_in
from modelops.errors import ModelOpsError


class _Commands(TyperGroup):
    """Turns our errors into a message; finds `pulumi` beside this Python."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        try:
            return super().invoke(ctx)
        except _FAILURES as error:
            _say(error)
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=_Commands, add_completion=False, pretty_exceptions_enable=False, help="The steps of the pipelines."
)

Stack = Annotated[str, typer.Option("--stack", metavar="NAME", help="The stack.")]
Output = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Also write the comment into a file.")]

_FAILURES: Final = (ModelOpsError, SandboxError, AzureError)
_UNFINISHED: Final = "Rehearsal: did not finish; see the run"
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
    try:
        with signed_in():
            succeeded = engine.preview(stack, Path(), seen).code == 0 and not seen.is_refused
    except _FAILURES as error:  # the comment of the last push must not stay
        _say(error)
        seen.errors.append(str(error))
        succeeded = False
    about = About(around.commit, around.run_url, engine.versions())
    part = "" if rehearsal is None else _read(rehearsal, _REHEARSAL) or _UNFINISHED
    said = comment.comment(stack, seen, succeeded=succeeded, about=about, rehearsal=part)
    if output is not None:
        output.write_text(said + "\n", encoding="utf-8")
    publishing.publish(around, stack, said)
    raise typer.Exit(0 if succeeded else 1)


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
    commit = ""
    try:
        commit = base_of(Path(), base)
        done = rehearsed(stack, Path.cwd(), commit, typer.echo)
    except _FAILURES as error:
        _say(error)
        done = Rehearsal(failure=str(error))
    about = About(around.commit, around.run_url, engine.versions(), base=commit)
    part, said = _parts(stack, done, about)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / _REHEARSAL).write_text(part, encoding="utf-8")
        (output / _COMMENT).write_text(said, encoding="utf-8")
    publishing.summarise(around, said)
    raise typer.Exit(0 if done.succeeded else 1)


@app.command(name="comment")
def write_comment(
    *,
    stack: Stack,
    rehearsal: Annotated[Path, typer.Option("--rehearsal", metavar="FOLDER", help="What `rehearse --output` wrote.")],
) -> None:
    """Write a rehearsal's comment on the pull request, where nothing is previewed against Azure."""
    around = surroundings.read()
    about = About(around.commit, around.run_url)
    said = _read(rehearsal, _COMMENT) or comment.not_rehearsed(stack, _UNFINISHED, about)
    publishing.publish(around, stack, said)


@app.command()
def deploy(
    *,
    stack: Stack,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Also write the releases' HTML report.")
    ] = None,
) -> None:
    """Deploy a stack with its policies, and check that it serves what was released."""
    around = surroundings.read()
    seen = Seen()
    with signed_in():
        ended = engine.up(stack, Path(), seen, engine.policies(stack))
        status = deployment.modelops("status", "--stack", stack, "--check") if ended.code == 0 else None
        if report is not None:
            deployment.modelops("report", "--stack", stack, "--output", str(report))
    footer = comment.footer(About(around.commit, around.run_url, engine.versions()))
    said = deployment.deployed(stack, seen, succeeded=ended.code == 0, status=status, footer=footer)
    publishing.summarise(around, said)
    raise typer.Exit(1 if ended.code or (status is not None and status.code) else 0)


@app.command()
def rollback(
    *,
    stack: Stack,
    endpoint: Annotated[
        str, typer.Option("--endpoint", metavar="NAME", help="The endpoint. Needed if the stack has several.")
    ] = "",
    to: Annotated[
        str, typer.Option("--to", metavar="REVISION", help="A revision's name. Default: the default before this.")
    ] = "",
) -> None:
    """Make a former default the default again, at once."""
    around = surroundings.read()
    # A form of Azure Pipelines has no empty text.
    endpoint, to = endpoint.strip(), to.strip()
    chosen = ["--stack", stack, *(["--endpoint", endpoint] if endpoint else [])]
    with signed_in():
        ran = deployment.modelops("rollback", *chosen, *(["--to", to] if to else []))
        status = deployment.modelops("status", *chosen)
    footer = comment.footer(About(around.commit, around.run_url))
    publishing.summarise(around, deployment.rolled_back(stack, ran, status, footer))
    raise typer.Exit(1 if ran.code else 0)


@app.command()
def drift(*, stack: Stack) -> None:
    """Compare Azure with what a stack deployed and released; keep one issue while it differs.

    Without GitHub, a difference ends with 1. A check that failed ends with 1 everywhere, and leaves the issue as it is.
    """
    around = surroundings.read()
    with signed_in():
        ran = deployment.modelops("drift", "--stack", stack, "--json")
    found = deployment.read_drift(ran)
    if found is None:
        raise typer.Exit(1)
    body = deployment.drift(stack, found, comment.footer(About(around.commit, around.run_url)))
    publishing.summarise(around, body or f"### {stack}: nothing differs")
    is_kept = publishing.report(around, stack, body)
    raise typer.Exit(0 if body is None or is_kept else 1)


def _parts(stack: str, done: Rehearsal, about: About) -> tuple[str, str]:
    """Return what a preview's comment takes of a rehearsal, and its own comment."""
    if done.failure:
        part = f"Rehearsal: **failed**\n\n{block(done.failure)}"
        return part, comment.rehearsal_failed(stack, done.failure, about)
    if done.why_not:
        return f"Rehearsal: none, because {done.why_not}", comment.not_rehearsed(stack, done.why_not, about)
    if done.released is None:
        whole = comment.comment(stack, done.preview, succeeded=False, about=about)
        return "Rehearsal: **the preview failed in the sandbox**", whole
    part = comment.rehearsal(done.released)
    return part, comment.comment(stack, done.preview, succeeded=done.is_previewed, about=about, rehearsal=part)


def _read(folder: Path, name: str) -> str:
    """Return a file of a rehearsal; empty if it was not written, for example because its job was stopped."""
    file = folder / name
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _say(error: Exception) -> None:
    typer.echo(f"error: {error}", err=True)
