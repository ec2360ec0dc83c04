"""`rollback`: makes a former default the default again."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from modelops import about
from modelops.commands import options, terminal
from modelops.commands.stopping import Stop
from modelops.errors import ModelOpsError, Stopped
from modelops.plan.plan import ReleasePlan
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
    """Return what keeps the stack file true; nothing if an unchanged `pulumi up` does not refuse it."""
    record = done.endpoint.last_set
    if record is None or not record.refuses(plan.target, plan.pin):
        return []
    file = directory / f"Pulumi.{stack.rpartition('/')[2] if stack else 'STACK'}.yaml"
    return [
        f"The last release made {plan.target} the default. If the stack file still does, `pulumi up` refuses it.",
        f"To keep this default without a change of the deployment, add a line below endpoints.{logical} in {file}:",
        f"  pin: {done.endpoint.default}",
        "Remove that line when the fix is in the stack file.",
    ]
