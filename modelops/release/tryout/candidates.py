"""Tries the new revisions of a plan out, before the default moves: the release's step between making and switching."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from modelops.errors import ReleaseError, UsageError
from modelops.plan.plan import DeploymentPlan, ReleasePlan
from modelops.plan.try_out import TryOut
from modelops.rehearsal import located
from modelops.release import live, records
from modelops.release.context import TRY
from modelops.release.permissions import Patience
from modelops.release.records import Outcome, Record
from modelops.release.tryout import job, outcome, sample, serving
from modelops.release.tryout.job import EndedJob
from modelops.release.tryout.outcome import CandidateFailedError, TryOutFailedError
from modelops.release.tryout.verdicts import Judge
from modelops.scoring.inputs import JobInput
from modelops.scoring.progress import duration
from modelops.scoring.start import PerhapsStartedError
from modelops.workspace import Workspace

DueTryOut = tuple[DeploymentPlan, TryOut]
"""A revision to try out, and how."""


class Tried(NamedTuple):
    """A revision that passed.

    Attributes:
        revision: physical name.
        job: the job's name.
        rows: number of rows that it predicted; None if its script writes the files itself.
        seconds: how long the job was followed.
        differences: lines that say how it differs from what serves; none if nothing serves.
    """

    revision: str
    job: str
    rows: int | None
    seconds: float
    differences: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows = "" if self.rows is None else f"{self.rows} rows, "
        return f"{self.revision} ({rows}{duration(self.seconds)})"


def due(plan: ReleasePlan, endpoint: live.LiveEndpoint) -> list[DueTryOut]:
    """Return the plan's revisions that have to be tried out.

    Not the one that serves, and those that passed this very try-out.
    """
    found = [(each, each.try_out) for each in plan.deployments.values() if each.try_out is not None]
    return [
        (each, asked)
        for each, asked in found
        if each.revision != endpoint.default
        if not _has_passed(endpoint, each.revision, asked)
    ]


def try_out(plan: ReleasePlan, patience: Patience, endpoint: live.LiveEndpoint) -> list[Tried]:
    """Try out every revision that is due, one after another, and note what came of it on the revision.

    Raises:
        ReleaseError: one did not pass, or could not be tried; it stays, and the default does not move.
        Stopped: the process was told to stop; a job that was started goes on, and the next release finds it.
    """
    return [_Candidate(plan, endpoint, patience, *each).try_out() for each in due(plan, endpoint)]


def line(deployment: DeploymentPlan, asked: TryOut, endpoint: live.LiveEndpoint | None = None) -> str:
    """Return what a preview says of a try-out; `endpoint` is what is live, if that is known."""
    source = asked.input if isinstance(asked.input, str) else asked.input.path
    found = serving.revision(endpoint, deployment.revision) if endpoint else None
    more = ""
    if found:
        is_known = serving.known_job(found, asked) is not None
        more = f", compared with {found.name}" if is_known else f", and as long for {found.name}, to compare with it"
    return f"try out {deployment.revision} on {source} (at most {asked.minutes} min{more})"


def _has_passed(endpoint: live.LiveEndpoint, revision: str, asked: TryOut) -> bool:
    found = endpoint.deployments.get(revision)
    record = records.try_out(found) if found else None
    return record is not None and (record.outcome, record.digest) == ("passed", records.digest(asked))


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A revision to try out, and what that needs."""

    plan: ReleasePlan
    endpoint: live.LiveEndpoint
    patience: Patience
    deployment: DeploymentPlan
    asked: TryOut

    def try_out(self) -> Tried:
        """Have it score its input, judge what came of that, and note it on the revision."""
        context, revision = self.patience.context, self.deployment.revision
        context.progress(TRY, f"trying out {revision}")
        with _explained(self.plan, self.endpoint, revision):
            source = self.patience.call(TRY, sample.in_azure, context, self.asked)
            name = self._job(source)
        with _explained(self.plan, self.endpoint, revision, name):
            ended = job.follow(context, name, self.asked)
            try:
                rows, differences = self._judged(ended, source)
            except CandidateFailedError:
                self._note("failed", name)
                raise
            self._note("passed", name)
        return Tried(revision, name, rows, ended.seconds, differences)

    def _job(self, source: JobInput) -> str:
        """Return the job of this try-out: one that a killed release started, or a new one."""
        context, revision = self.patience.context, self.deployment.revision
        found = self.endpoint.deployments.get(revision)
        record = records.try_out(found) if found else None
        name = self._started(record, source)
        if name is not None:
            context.progress(TRY, f"job {name} of an earlier release tries {revision} out")
            return name
        name = self.patience.call(TRY, job.begin, context, self.plan, revision, source, self.asked)
        self._note("started", name)
        return name

    def _started(self, record: Record | None, source: JobInput) -> str | None:
        """Return the job that a release started before it was killed, if that did not end in vain since."""
        context, revision, digest = self.patience.context, self.deployment.revision, records.digest(self.asked)
        if record is not None and (record.outcome, record.digest) == ("started", digest):
            return record.job if job.is_there(context, record.job) else None
        known = record.job if record else None
        name = self.patience.call(TRY, job.lost, context, self.plan, revision, source, known)
        if name is not None:
            self._note("started", name)
        return name

    def _judged(self, ended: EndedJob, source: JobInput) -> tuple[int | None, tuple[str, ...]]:
        """Return the number of rows, and lines that say how they differ from those of what serves."""
        with tempfile.TemporaryDirectory(prefix="try-out-") as folder:
            place = Path(folder)
            candidate = place / "candidate"
            candidate.mkdir()
            rows = outcome.predicted(self.patience.context, self.deployment, self.asked, ended, candidate)
            judge = Judge(self.plan, self.patience, self.endpoint, self.deployment.revision, self.asked)
            return rows, judge.judged(source, candidate, place)

    def _note(self, what: Outcome, name: str) -> None:
        value = str(Record(what, name, records.digest(self.asked)))
        records.write(self.patience.context, self.plan.endpoint.name, self.deployment.revision, records.TRY_OUT, value)


@contextmanager
def _explained(
    plan: ReleasePlan, endpoint: live.LiveEndpoint, revision: str, name: str | None = None
) -> Iterator[None]:
    """Say of a failure which step and candidate it is about, what serves, and what to run next.

    Raises:
        ReleaseError: the failure, with all that.
    """
    serves = f"The default is unchanged: {endpoint.default}." if endpoint.default else "The endpoint has no default."
    logs = f"\nIts logs: {_command(plan, 'logs', name)}" if name else ""
    about = f"step '{TRY}' failed: deployment {revision} of endpoint {plan.endpoint.name}"
    try:
        yield
    except CandidateFailedError as error:
        raise ReleaseError(
            f"{about} did not pass its try-out: {error}\n{serves} The deployment stays for inspection, and the next "
            f"`pulumi up` tries it again, or the one that takes its place.{logs}"
        ) from error
    except TryOutFailedError as error:
        raise ReleaseError(
            f"{about} could not be tried out, and nothing shows that this is its fault: {error}\n{serves} The next "
            f"`pulumi up` tries it again.{logs}"
        ) from error
    except PerhapsStartedError as error:
        raise ReleaseError(
            f"{about} could not be tried out: {error}\n{serves} A job may have started: the next `pulumi up` looks "
            f"for it. To look yourself: {_command(plan, 'list')} --endpoint {plan.endpoint.name}"
        ) from error
    except (ReleaseError, UsageError) as error:
        raise ReleaseError(
            f"{about} could not be tried out: {error}\n{serves} The next `pulumi up` tries it again.{logs}"
        ) from error


def _command(plan: ReleasePlan, what: str, name: str | None = None) -> str:
    words = Workspace(plan.subscription_id, plan.resource_group, plan.workspace).words()
    return located(f"python -m modelops jobs {what}{f' {name}' if name else ''}{words}")
