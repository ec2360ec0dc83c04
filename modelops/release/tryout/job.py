"""One job of a try-out: started by a revision's name, followed to its end, canceled at a limit."""

import time
import uuid
from dataclasses import dataclass
from typing import Final

from modelops import azure
from modelops.errors import ReleaseError, UsageError
from modelops.plan.plan import ReleasePlan
from modelops.plan.rules import DEPLOYMENTS_PER_ENDPOINT
from modelops.plan.try_out import TryOut
from modelops.release.context import TRY, Context
from modelops.release.operations import finished
from modelops.release.tryout.limits import Phase, Spent
from modelops.scoring import following, jobs, progress, resume, start
from modelops.scoring.inputs import JobInput
from modelops.scoring.job_logs import JobLogs
from modelops.scoring.start import JobOptions, PerhapsStartedError

_IN_VAIN: Final = (jobs.FAILED, "CancelRequested", jobs.CANCELED, "NotResponding")
"""States of a job that no release waits for, or judges a second time: another is started."""
_REQUESTS: Final = 6
"""The most requests for one job: azure-core's own policy repeats one five times, too."""
_LOOKED_AT: Final = 2 * DEPLOYMENTS_PER_ENDPOINT
"""Jobs of the endpoint, the newest first, among which one is looked for that a killed release started."""


@dataclass(frozen=True, slots=True)
class EndedJob:
    """A job that has ended.

    Attributes:
        name: its name.
        state: how it ended, in the service's words.
        seconds: how long it was followed.
        over: the limit that it exceeded, for which it was canceled; None: it ended by itself.
        ran: whether its step ever ran; None: the service does not say.
    """

    name: str
    state: str
    seconds: float
    over: Phase | None = None
    ran: bool | None = None


def begin(
    context: Context, plan: ReleasePlan, revision: str, source: JobInput, try_out: TryOut, *, known: str | None
) -> str:
    """Start a job on a revision, and return its name; asked again while the service is too busy, as often as it says.

    Args:
        context: the release's surroundings.
        plan: complete.
        revision: physical name.
        source: the input, as jobs take it.
        try_out: what the job is for.
        known: see `lost`.

    Raises:
        ReleaseError: the service refused it, or is still too busy.
        PerhapsStartedError: it is not known whether it started it.
    """
    options = JobOptions(
        instance_count=try_out.instance_count,
        display_name=f"try-out of {revision}",
        nodes_option="tryOut.instanceCount",
    )
    name, requests, request_id = None, 0, str(uuid.uuid4())
    while name is None:
        try:
            requests += 1
            name = start.start(
                context.workspace, plan.endpoint.name, revision, source, options, request_id=request_id
            ).name
        except PerhapsStartedError as error:
            if error.retry_after is None or requests == _REQUESTS:
                raise
            text = f"the service is busy: asking for a job again in {error.retry_after:.0f} s"
            context.progress(TRY, text, subject=revision)
            context.wait(error.retry_after)
            # It may have started one in spite of its answer.
            name = lost(context, plan, revision, source, known)
    context.running.add(context.workspace, name)
    return name


def lost(context: Context, plan: ReleasePlan, revision: str, source: JobInput, known: str | None = None) -> str | None:
    """Return a job of this revision on this input which a release started and could not note; None without one.

    Args:
        context: the release's surroundings.
        plan: complete.
        revision: physical name.
        source: the input, as jobs take it.
        known: the job that was noted last: those before it are not looked at.

    Raises:
        ReleaseError: the service refused to list the jobs.
    """
    endpoint = plan.endpoint.name
    for each in jobs.listed(context.workspace, endpoint, _LOOKED_AT):
        if each.name == known:
            return None
        if each.deployment != revision or each.state in _IN_VAIN:
            continue
        found = resume.any_job(context.workspace, endpoint, each.name).source
        if found is not None and found.path == source.path:
            return each.name
    return None


def is_there(context: Context, name: str) -> bool:
    """Whether a job exists and did not end in vain: a release that finds it goes on with it."""
    try:
        return jobs.found(context.workspace, name).state not in _IN_VAIN
    except UsageError:
        return False


def follow(context: Context, name: str, try_out: TryOut, revision: str) -> EndedJob:
    """Wait until a job has ended; cancel it once a phase of it takes longer than it may.

    Args:
        context: the release's surroundings.
        name: the job's.
        try_out: its limits.
        revision: physical name of the revision that it is a job of.

    Raises:
        ReleaseError: the service cannot be asked; the job goes on.
        Stopped: the process was told to stop; the job is canceled with its last request.
    """
    context.running.add(context.workspace, name)
    logs = JobLogs(context.workspace.ml, name)
    begun = last = time.monotonic()
    spent = Spent()
    while True:
        state = jobs.found(context.workspace, name).state
        step = logs.step()
        now = time.monotonic()
        spent.add(step[0] if step else _without_step(state), now - last)
        last = now
        if state in jobs.ENDED:
            context.running.remove(name)
            return EndedJob(name, state, now - begun, ran=step[1] if step else None)
        if over := spent.exceeded(try_out):
            _cancel(context, name, over, revision)
            context.running.remove(name)
            return EndedJob(name, state, now - begun, over)
        done = progress.read(logs) if spent.phase is Phase.RUN else None
        items = (done.done, done.total) if done and done.unit == "items" else None
        context.progress(TRY, f"{revision}: {done or spent.phase}, job {name}", subject=revision, items=items)
        context.wait(following.polling_seconds())


def _without_step(state: str) -> str:
    """Return what a job's own state tells: as Running it may still wait for an image or for nodes."""
    return state if state != "Running" else "Unknown"


def _cancel(context: Context, name: str, over: Phase, revision: str) -> None:
    """Cancel a job; if the service refuses that, it goes on: it is the smaller problem."""
    context.progress(TRY, f"canceling job {name}, which is {over} for too long", subject=revision)
    try:
        with azure.step(f"canceling job {name}"):
            finished(context.workspace.ml.jobs.begin_cancel(name), f"canceling job {name}")
    except ReleaseError as error:
        context.progress(TRY, f"{error} The job may go on.", subject=revision)
