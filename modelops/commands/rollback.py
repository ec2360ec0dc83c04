"""`rollback`: makes a former default the default again."""

import shlex
import threading
from pathlib import Path
from typing import Annotated

import typer

from modelops import about
from modelops.commands import options, terminal
from modelops.commands.stopping import Stop
from modelops.commands.targets import Target
from modelops.errors import ModelOpsError, Stopped
from modelops.rehearsal import located
from modelops.release import recorded
from modelops.release.context import Context
from modelops.release.going_back import WentBack, go_back


def rollback(
    *,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.Endpoint = None,
    directory: options.Directory = Path(),
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="REVISION", help="A revision's name in Azure. Default: the default before this."),
    ] = None,
) -> None:
    """Make the revision that was the default before the default again, at once."""
    target = options.Where(stack, outputs, endpoint, directory).target()
    stop = Stop()
    origin = about.current(directory)
    context = Context(options.workspace(target), directory, stop.progress, stop.gate.sleep, about=origin)
    try:
        done = go_back(context, target.endpoint, to, target.plan)
        warning = recorded.rolled_back(context, done) if done.sent else None
    except (Stopped, ModelOpsError):
        if not stop.gate.is_closed:
            raise
        threading.Event().wait()  # the thread that closed the gate reports the position and ends the process
        return
    for line in _lines(done, target, stack, directory):
        terminal.say(line)
    if warning:
        terminal.say_warning(warning)


def _lines(done: WentBack, target: Target, stack: str | None, directory: Path) -> list[str]:
    """What was done, and the commands that keep the stack file true."""
    now = done.endpoint.default
    moved = f"default {done.before or '(none)'} -> {now}" if done.sent else f"nothing to do, default is {now}"
    where = "" if stack is None else f" --stack {shlex.quote(stack)}"
    where += "" if directory == Path() else f" --cwd {shlex.quote(str(directory))}"
    key = shlex.quote(f"endpoints.{target.logical}.pin")
    return [
        f"{done.endpoint.name}: {moved}",
        "The stack file does not say so yet: until it does, or has another revision, `pulumi up` refuses to release.",
        "To keep this default while the stack file stays as it is:",
        f"  {located(f'pulumi config set --path {key} {now}{where}')}",
        "With the fix in the stack file:",
        f"  {located(f'pulumi config rm --path {key}{where}')}",
    ]
