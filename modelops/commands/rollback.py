"""`rollback`: makes a former default the default again."""

import shlex
import threading
from pathlib import Path
from typing import Annotated

import typer

from modelops import about
from modelops.commands import options, terminal
from modelops.commands.stopping import Stop
from modelops.errors import ModelOpsError, Stopped
from modelops.plan.plan import ReleasePlan
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
    plan = options.released(target)
    stop = Stop()
    watched = stop.watch()
    origin = about.current(directory)
    context = Context(
        options.workspace(target),
        directory,
        watched.progress,
        watched.gate.sleep,
        about=origin,
        where=options.Where(stack, None, None, directory).words(),
    )
    try:
        with watched.gate.guarding():
            done = go_back(context, plan, to)
            warning = recorded.rolled_back(context, done) if done.sent else None
    except (Stopped, ModelOpsError):
        if not stop.is_stopped:
            raise
        threading.Event().wait()  # the thread that closed the gate reports the position and ends the process
        return
    now = done.endpoint.default
    moved = f"default {done.before or '(none)'} -> {now}" if done.sent else f"nothing to do, default is {now}"
    terminal.say(f"{done.endpoint.name}: {moved}")
    for line in _to_keep_it(done, plan, target.logical, stack, directory):
        terminal.say(line)
    if warning:
        terminal.say_warning(warning)


def _to_keep_it(done: WentBack, plan: ReleasePlan, logical: str, stack: str | None, directory: Path) -> list[str]:
    """Return the commands that keep the stack file true; none if an unchanged `pulumi up` does not refuse."""
    record = done.endpoint.last_set
    if record is None or not record.refuses(plan.target, plan.pin):
        return []
    where = "" if stack is None else f" --stack {shlex.quote(stack)}"
    where += "" if directory == Path() else f" --cwd {shlex.quote(str(directory))}"
    key = shlex.quote(f"endpoints.{logical}.pin")
    return [
        f"The last release made {plan.target} the default. If the stack file still does, `pulumi up` refuses it.",
        "To keep this default without a change of the deployment, pin it:",
        f"  {located(f'pulumi config set --path {key} {done.endpoint.default}{where}')}",
        "If you have pinned it, remove the pin when the fix is in the stack file:",
        f"  {located(f'pulumi config rm --path {key}{where}')}",
    ]
