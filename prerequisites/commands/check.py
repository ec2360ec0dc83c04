"""`check`: whether a stack can be deployed to Azure; everything that is wrong is said at once."""

import logging
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from modelops.engine import command
from modelops.rehearsal import located
from prerequisites.checks import order, state
from prerequisites.checks.around import Stack
from prerequisites.checks.finding import Finding
from prerequisites.checks.order import Checked


def check(
    *,
    stack: Annotated[str, typer.Option("--stack", metavar="NAME", help="The stack.")],
    advise: Annotated[bool, typer.Option("--advise", help="End with 0 even if something is wrong.")] = False,
    init: Annotated[
        bool, typer.Option("--init", help="Create the stack in the state backend if all is well and it does not exist.")
    ] = False,
) -> None:
    """Say all that would stop a deployment of the stack to Azure, each with its command; change nothing."""
    logging.disable(logging.WARNING)  # azure-identity's list of every credential that it tried
    checked = order.run(stack, Path())
    for each in checked.of_kind("warning"):
        _say(each, "warning: ")
    is_new = checked.stack is not None and checked.stack.exists is False
    if is_new and advise and not init:
        _say(_not_created(stack), "warning: ")
    problems = checked.of_kind("problem")
    if problems:
        _say_problems(problems, stack, advise=advise)
        raise typer.Exit(0 if advise else 1)
    if init and checked.stack is not None and is_new:
        _create(checked.stack)
    typer.echo(_ready(checked, stack))


def _not_created(stack: str) -> Finding:
    create = f"python -m prerequisites check --stack {stack} --init"
    text = f"stack {stack} does not exist in the state backend, so Pulumi has nothing to preview."
    return Finding(state.SUBJECT, text, (located(create),))


def _say_problems(problems: list[Finding], stack: str, *, advise: bool) -> None:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    kind, end = ("warning", "") if advise else ("error", " Nothing was created or changed.")
    typer.echo(f"{kind}: stack {stack} cannot be deployed to Azure yet: {count}.{end}", err=True)
    for each in problems:
        _say(each, "  ")
    again = located(f"python -m prerequisites check --stack {stack}")
    typer.echo(f"To check again: {again}", err=True)


def _say(finding: Finding, before: str) -> None:
    first, *more = finding.lines()
    indent = " " * (len(before) if before.isspace() else 0)
    typer.echo("\n".join([f"{before}{first}", *(f"{indent}{line}" for line in more)]), err=True)


def _create(stack: Stack) -> None:
    """Create the stack in the backend; its file gets the salt of the passphrase, as `pulumi stack init` does."""
    provider = stack.committed.secrets_provider
    words = ["stack", "init", stack.name, "--no-select", *([f"--secrets-provider={provider}"] if provider else [])]
    done = subprocess.run(command.words(words, None), cwd=stack.folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        typer.echo(f"error: stack {stack.name} could not be created: {_reason(done)}", err=True)
        raise typer.Exit(1)
    typer.echo(f"created stack {stack.name} in the state backend")


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr or done.stdout).strip().removeprefix("error: ")


def _ready(checked: Checked, stack: str) -> str:
    if checked.azure is None:
        return f"stack {stack}: no problems found"
    return f"stack {stack} can be deployed to subscription {checked.azure.subscription}, as {checked.azure.principal}"
