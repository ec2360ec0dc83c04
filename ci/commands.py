"""The commands: each is one step of a workflow."""

import importlib.metadata
import subprocess
from pathlib import Path
from typing import Annotated, Final

import typer

from ci import comment, surroundings
from ci.comment import About
from ci.github import GitHubError
from ci.seen import Seen
from ci.surroundings import Surroundings
from modelops.engine.running import Ended, run

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help="The steps of the pipelines.")

_POLICY: Final = Path("policy")

Stack = Annotated[str, typer.Option("--stack", metavar="NAME", help="The stack.")]
Output = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Also write the comment into a file.")]


@app.callback()
def _nothing() -> None:
    """Keep the commands' names, even if there is only one."""


@app.command()
def preview(*, stack: Stack, output: Output = None) -> None:
    """Preview a stack with its policies, and say on the pull request, or in the step's summary, what a release does."""
    around = surroundings.read()
    seen = Seen()
    ended = run(["preview", "--suppress-outputs", *policies(stack)], stack, Path(), seen)
    typer.echo(ended.output)
    about = About(around.commit, around.run_url, versions())
    said = comment.comment(stack, seen, succeeded=ended.code == 0, about=about)
    if output is not None:
        output.write_text(said + "\n", encoding="utf-8")
    publish(around, stack, said)
    raise typer.Exit(_code(ended))


def publish(around: Surroundings, stack: str, said: str) -> None:
    """Write a comment into the step's summary, and on the pull request if the token may write there.

    A comment that cannot be written is a warning: whether a preview succeeds does not depend on GitHub.
    """
    if around.summary is not None:
        with around.summary.open("a", encoding="utf-8") as summary:
            summary.write(f"{said}\n\n")
    if not (around.may_comment and around.repository and around.pull_request):
        return
    try:
        done = around.repository.say(around.pull_request, comment.marker(stack), said)
        typer.echo(f"comment of stack {stack}: {done}")
    except GitHubError as error:
        typer.echo(f"::warning title=The comment was not written::{error}. The step's summary has it.")


def policies(stack: str) -> list[str]:
    """Return the options for the policy pack, with the stack's own levels; none without a pack in this folder."""
    if not _POLICY.is_dir():
        return []
    levels = _POLICY / f"{stack}.json"
    return ["--policy-pack", str(_POLICY), *(["--policy-pack-config", str(levels)] if levels.is_file() else [])]


def versions() -> dict[str, str]:
    """Return the versions of what makes a preview."""
    asked = subprocess.run(["pulumi", "version"], capture_output=True, text=True, check=False)
    found = {"Pulumi": asked.stdout.strip().removeprefix("v")}
    found |= {name: importlib.metadata.version(name) for name in ("pulumi-azure-native", "azure-ai-ml")}
    return {name: version for name, version in found.items() if version}


def _code(ended: Ended) -> int:
    return 0 if ended.code == 0 else 1
