"""`release`: restores the released plan of endpoints."""

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from modelops import about
from modelops.commands import options, terminal
from modelops.commands.stopping import Stop, Watched
from modelops.commands.targets import Target
from modelops.errors import ModelOpsError, ReleaseError, Stopped
from modelops.plan.staging import remove_abandoned
from modelops.release import recorded
from modelops.release.context import Context
from modelops.release.report import ReleaseReport


def release(
    *,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.EndpointOrAll = None,
    directory: options.Directory = Path(),
) -> None:
    """Restore the released plan of the endpoints, all at the same time; one that fails does not stop the others."""
    targets = options.Where(stack, outputs, endpoint, directory).one_or_all()
    for each in targets:
        options.released(each)
    origin = about.current(directory)
    where = options.Where(stack, None, None, directory).words()
    stop = Stop()
    remove_abandoned()
    failed: dict[str, ModelOpsError] = {}
    with ThreadPoolExecutor(len(targets)) as threads:
        ends = {}
        for each in targets:
            watched = stop.watch(f"{each.logical}: " if len(targets) > 1 else "")
            ends[threads.submit(_release, each, watched, directory, origin, where)] = each.logical
        for end in as_completed(ends):
            try:
                report = end.result()
            except (Stopped, ModelOpsError) as error:
                if stop.is_stopped:
                    # Another thread reports the positions and ends the process. Errors after a stop are a consequence
                    # of it: the staged copy may already be gone.
                    threading.Event().wait()
                if len(targets) == 1 or isinstance(error, Stopped):
                    raise
                terminal.say_error(f"{ends[end]}: {error}")
                failed[ends[end]] = error
                continue
            terminal.say(report.summary())
            for warning in report.warnings:
                terminal.say_warning(warning)
    if failed:
        names = ", ".join(each.logical for each in targets if each.logical in failed)
        raise ReleaseError(f"{len(failed)} of {len(targets)} endpoints failed, see above: {names}")


def _release(target: Target, watched: Watched, directory: Path, origin: about.About, where: str) -> ReleaseReport:
    plan = options.released(target)
    context = Context(
        options.workspace(target),
        directory,
        watched.progress,
        watched.gate.sleep,
        state_default=target.state_default,
        restores=True,
        about=origin,
        running=watched.running,
        where=where,
    )
    try:
        with watched.gate.guarding():
            return recorded.release(plan, context, plan.target)
    finally:
        watched.is_over = not watched.gate.is_closed
