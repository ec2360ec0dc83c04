"""`release`: restores the released plan of endpoints."""

import threading
from pathlib import Path

from modelops import about
from modelops.commands import options, terminal
from modelops.commands.stopping import Stop
from modelops.errors import ModelOpsError, ReleaseError, Stopped
from modelops.plan.staging import remove_abandoned
from modelops.release import recorded
from modelops.release.context import Context


def release(
    *,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.EndpointOrAll = None,
    directory: options.Directory = Path(),
) -> None:
    """Restore the released plan of the endpoints, one after another; one that fails does not stop the others."""
    targets = options.Where(stack, outputs, endpoint, directory).one_or_all()
    plans = [options.released(each) for each in targets]
    origin = about.current(directory)
    stop = Stop()
    remove_abandoned()
    failed: list[str] = []
    for target, plan in zip(targets, plans, strict=True):
        stop.begin()
        context = Context(
            options.workspace(target),
            directory,
            stop.progress,
            stop.gate.sleep,
            state_default=target.state_default,
            about=origin,
            running=stop.running,
            where=options.Where(stack, None, None, directory).words(),
        )
        try:
            report = recorded.release(plan, context, plan.target)
        except (Stopped, ModelOpsError) as error:
            if not stop.gate.is_closed:
                if len(targets) == 1 or isinstance(error, Stopped):
                    raise
                terminal.say_error(f"{target.logical}: {error}")
                failed.append(target.logical)
                continue
            # The thread that closed the gate reports the position and ends the process. Errors after a stop are a
            # consequence of it: the staged copy may already be gone.
            threading.Event().wait()
            return
        terminal.say(report.summary())
        for warning in report.warnings:
            terminal.say_warning(warning)
    if failed:
        raise ReleaseError(f"{len(failed)} of {len(targets)} endpoints failed, see above: {', '.join(failed)}")
