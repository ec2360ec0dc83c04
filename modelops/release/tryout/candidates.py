"""Tries the new revisions of a plan out, before the default moves: the release's step between making and switching."""

from dataclasses import dataclass
from typing import NamedTuple

from modelops.plan.plan import DeploymentPlan, ReleasePlan
from modelops.plan.staging import temporary_folder
from modelops.plan.try_out import TryOut
from modelops.release import live, records
from modelops.release.context import TRY
from modelops.release.permissions import Patience
from modelops.release.records import Outcome, Record
from modelops.release.tryout import job, outcome, sample, serving
from modelops.release.tryout.explained import Explaining
from modelops.release.tryout.job import EndedJob
from modelops.release.tryout.outcome import CandidateFailedError
from modelops.release.tryout.serving import Serving
from modelops.release.tryout.verdicts import Judge
from modelops.scoring import jobs
from modelops.scoring.inputs import JobInput
from modelops.scoring.progress import duration

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


def due(plan: ReleasePlan, endpoint: live.LiveEndpoint, previous: str | None) -> list[DueTryOut]:
    """Return the plan's revisions that have to be tried out.

    Not the one that serves, and those that passed this very try-out. A default that neither a release nor a rollback
    set does not count as one that serves.

    Args:
        plan: complete, without a pin.
        endpoint: what is live.
        previous: see `reconcile.reconcile`.
    """
    record = endpoint.last_set
    serves = endpoint.default if endpoint.default == (record.default if record else previous) else None
    found = [(each, each.try_out) for each in plan.deployments.values() if each.try_out is not None]
    return [
        (each, asked)
        for each, asked in found
        if each.revision != serves
        if not _has_passed(endpoint, each.revision, asked)
    ]


def try_out(plan: ReleasePlan, patience: Patience, endpoint: live.LiveEndpoint, which: DueTryOut) -> Tried:
    """Try out a revision that is due, and note what came of it on the revision.

    Raises:
        ReleaseError: it did not pass, or could not be tried; it stays, and the default does not move.
        Stopped: the process was told to stop; the next release finds a job that was started and not canceled.
    """
    deployment, asked = which
    with patience.context.timeline.span(TRY, deployment.revision):
        return _Candidate(plan, endpoint, patience, deployment, asked).try_out()


def untried(plan: ReleasePlan, endpoint: live.LiveEndpoint) -> list[str]:
    """Return a line if the plan makes a revision the default that did not pass a try-out that it once had.

    That is for users to decide, but it must not look like any other release.
    """
    found = endpoint.deployments.get(plan.target)
    is_asked = plan.pin is not None or plan.deployments[plan.default].try_out is not None
    if is_asked or found is None or endpoint.default == plan.target:
        return []
    why, record = records.not_passed(endpoint, found, plan), records.try_out(found)
    if why is None or record is None:
        return []
    return [f"{plan.target} {why} (job {record.job}); the stack file now has tryOut: none"]


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
        explaining = Explaining(context, self.endpoint, revision)
        context.progress(TRY, f"trying out {revision}", subject=revision)
        with explaining.of():
            source = self.patience.call(TRY, sample.in_azure, context, self.asked)
            found = self._earlier(source)
            name = found or self._begun(source, self._noted_job())
            beside = self._beside(source, name)
        ended = self._followed(name, explaining)
        if found and ended.state == jobs.CANCELED:
            # The release that started it was stopped, or somebody canceled it.
            with explaining.of():
                name = self._begun(source, found)
            ended = self._followed(name, explaining)
        with explaining.of(name):
            try:
                rows, differences = self._judged(ended, beside)
            except CandidateFailedError:
                self._note("failed", name)
                raise
            self._note("passed", name)
        return Tried(revision, name, rows, ended.seconds, differences)

    def _beside(self, source: JobInput, name: str) -> Serving | None:
        """Have what serves score the input, too, while the candidate's job runs; None if nothing serves."""
        found = serving.revision(self.endpoint, self.deployment.revision)
        if found is None:
            return None
        beside = Serving(self.plan, self.patience, found, self.asked, source, name)
        beside.begin()
        return beside

    def _followed(self, name: str, explaining: Explaining) -> EndedJob:
        with explaining.of(name):
            return job.follow(self.patience.context, name, self.asked, self.deployment.revision)

    def _begun(self, source: JobInput, known: str | None) -> str:
        """Start a job, note it on the revision, and return its name; `known` is the job before it."""
        context, revision = self.patience.context, self.deployment.revision
        name = self.patience.call(TRY, job.begin, context, self.plan, revision, source, self.asked, known=known)
        self._note("started", name)
        return name

    def _earlier(self, source: JobInput) -> str | None:
        """Return the job of this try-out that a stopped or killed release left and that did not end in vain since."""
        context, revision = self.patience.context, self.deployment.revision
        name = self._started()
        if name is None:
            # A release may have started one and been killed before it could note it.
            name = self.patience.call(TRY, job.lost, context, self.plan, revision, source, self._noted_job())
            if name is not None:
                self._note("started", name)
        if name is not None:
            context.progress(TRY, f"job {name} of an earlier release tries {revision} out", subject=revision)
        return name

    def _started(self) -> str | None:
        """Return the job that is noted as started for this try-out, if it did not end in vain."""
        record = self._record()
        if record is None or (record.outcome, record.digest) != ("started", records.digest(self.asked)):
            return None
        return record.job if job.is_there(self.patience.context, record.job) else None

    def _noted_job(self) -> str | None:
        record = self._record()
        return record.job if record else None

    def _record(self) -> Record | None:
        """Return what the revision's tag said of its last try-out when the release began."""
        found = self.endpoint.deployments.get(self.deployment.revision)
        return records.try_out(found) if found else None

    def _judged(self, ended: EndedJob, beside: Serving | None) -> tuple[int | None, tuple[str, ...]]:
        """Return the number of rows, and lines that say how they differ from those of what serves."""
        with temporary_folder() as place:
            candidate = place / "candidate"
            candidate.mkdir()
            context = self.patience.context
            rows = outcome.predicted(context, self.deployment, self.asked, ended, candidate)
            judge = Judge(context, self.deployment.revision, self.asked, beside)
            return rows, judge.judged(candidate, place)

    def _note(self, what: Outcome, name: str) -> None:
        value = str(Record(what, name, records.digest(self.asked)))
        records.write(self.patience.context, self.plan.endpoint.name, self.deployment.revision, records.TRY_OUT, value)
