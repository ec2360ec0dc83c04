"""The predictions of the revision that serves on a try-out's input, which a candidate's are compared with.

They come from a job of that revision by name, with the candidate's job settings. It is run once for each input: a tag
of the revision has its name.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from modelops.errors import ModelOpsError, ReleaseError, UsageError
from modelops.plan.data_address import data_asset
from modelops.plan.plan import ReleasePlan
from modelops.plan.try_out import File, TryOut
from modelops.release import live, records
from modelops.release.context import TRY
from modelops.release.live import LiveDeployment
from modelops.release.permissions import Patience
from modelops.release.records import Sample
from modelops.release.single_flight import SingleFlight
from modelops.release.tryout import job
from modelops.release.tryout.limits import KEYS, minutes
from modelops.scoring import jobs, predictions
from modelops.scoring.inputs import JobInput
from modelops.scoring.start import PerhapsStartedError


def revision(endpoint: live.LiveEndpoint, candidate: str) -> LiveDeployment | None:
    """Return the revision that a candidate is compared with: the default, if there is another one that works."""
    name = endpoint.default
    return endpoint.deployments[name] if name and name != candidate and endpoint.is_usable(name) else None


def known_job(serving: LiveDeployment, asked: TryOut) -> str | None:
    """Return the job that scored a try-out's input on a revision, by its tags; None: it has to be run.

    Its own try-out is one, if it was the same. Data that can change at its address is scored each time.
    """
    if not _is_fixed(asked):
        return None
    sample, tried = records.sample(serving), records.try_out(serving)
    if sample and sample.digest == _digest(asked):
        return sample.job
    return tried.job if tried and (tried.outcome, tried.digest) == ("passed", records.digest(asked)) else None


class _Beside(NamedTuple):
    """How what serves scores the input.

    Attributes:
        earlier: a job that had been started before.
        job: a new one.
        lost: why there is none.
    """

    earlier: str | None = None
    job: str | None = None
    lost: str = ""


_jobs: Final = SingleFlight[_Beside]()


@dataclass(slots=True)
class Serving:
    """The revision that serves, asked to score a try-out's input too."""

    plan: ReleasePlan
    patience: Patience
    deployment: LiveDeployment
    asked: TryOut
    source: JobInput
    """The input, as jobs take it."""
    candidates_job: str
    """The job of the candidate on it, which was started before."""
    _earlier: str | None = field(default=None, init=False)
    _job: str | None = field(default=None, init=False)
    _lost: str = field(default="", init=False)
    """Why it has neither."""
    _was_canceled: bool = field(default=False, init=False)
    """Whether a job was canceled while it was followed."""
    _failure: ModelOpsError | None = field(default=None, init=False)

    def begin(self) -> None:
        """Start its job, unless an earlier release did, so that it runs beside the candidate's.

        What fails here is `predict`'s failure: the candidate's own comes first.

        Raises:
            Stopped: the process was told to stop.
        """
        try:
            self._share()
        except (ReleaseError, UsageError) as error:
            self._failure = error

    def predict(self, folder: Path) -> str | None:
        """Wait for its job, put its predictions into an empty folder, and return why there are none, or None.

        Raises:
            UsageError: it was deleted.
            ReleaseError: the service refused a read, or it is not known whether it started the job.
            Stopped: the process was told to stop; the next release finds a job that was started and not canceled.
        """
        if self._failure is not None:
            raise self._failure
        context = self.patience.context
        while self._earlier is not None:
            if self._has_copied(self._earlier, folder):
                return None
            self._share(self._earlier)
        if self._job is None:
            return self._lost
        ended = job.follow(context, self._job, self.asked, self.deployment.name)
        if ended.over is not None:
            limit = minutes(self.asked, ended.over)
            return f"its job {self._job} was {ended.over} for more than {limit} min (tryOut.{KEYS[ended.over]})"
        if ended.state == jobs.CANCELED and not self._was_canceled:
            # Another candidate, whose try-out has a shorter limit, may have shared it.
            self._was_canceled = True
            self._share(self._job)
            return self.predict(folder)
        if ended.state != jobs.COMPLETED:
            return f"its job {self._job} ended in state {ended.state}"
        predictions.copy(context.workspace.ml, self._job, folder)
        return None

    def _share(self, useless: str | None = None) -> None:
        """Use a job that is known or is started now, or the one of another candidate that asks at the same time.

        Args:
            useless: a job whose predictions cannot be used; the other candidate may not know that.
        """
        found = None
        while found is None or (useless is not None and useless in found):
            if _is_fixed(self.asked):
                endpoint = f"{self.patience.context.workspace.id}/{self.plan.endpoint.name}"
                key = f"{endpoint}/{self.deployment.name}/{_digest(self.asked)}".lower()
                found, _ = _jobs.share(key, lambda: self._found(useless), self.patience.context.wait)
            else:
                found = self._found(useless)
        self._earlier, self._job, self._lost = found

    def _found(self, useless: str | None) -> _Beside:
        earlier = self._known()
        return _Beside(earlier=earlier) if earlier and earlier != useless else self._start()

    def _start(self) -> _Beside:
        context, name, compute = self.patience.context, self.deployment.name, self.deployment.compute
        if compute and not live.compute_exists(context.workspace, compute):
            return _Beside(lost=f"its cluster {compute.rpartition('/')[2]} does not exist")
        context.progress(TRY, f"starting a job on {name}, which serves, to compare with", subject=name)
        try:
            after = self.candidates_job
            started = self.patience.call(TRY, job.begin, context, self.plan, name, self.source, self.asked, known=after)
        except PerhapsStartedError:
            raise
        except (ReleaseError, UsageError) as error:  # the candidate's job on the same input was not refused
            return _Beside(lost=f"a job on it was refused: {error}")
        self._note(started)
        return _Beside(job=started)

    def _has_copied(self, found: str, folder: Path) -> bool:
        """Whether the job of an earlier release has predictions, which are still there."""
        context = self.patience.context
        if job.follow(context, found, self.asked, self.deployment.name).state != jobs.COMPLETED:
            return False
        context.progress(TRY, f"job {found} has what {self.deployment.name} predicts, which serves")
        try:
            predictions.copy(context.workspace.ml, found, folder)
        except ReleaseError:
            return False
        return bool(predictions.files_in(folder))

    def _known(self) -> str | None:
        """Return a job on this input, by the revision's tags, or one that a killed release could not note there."""
        if not _is_fixed(self.asked):
            return None
        context, name = self.patience.context, self.deployment.name
        # Read again: the try-out of another candidate may have noted one since.
        now = live.read_deployment(context.workspace, self.plan.endpoint.name, name) or self.deployment
        noted = known_job(now, self.asked)
        if noted is not None and job.is_there(context, noted):
            return noted
        found = self.patience.call(TRY, job.lost, context, self.plan, name, self.source)
        if found is not None:
            self._note(found)
        return found

    def _note(self, started: str) -> None:
        """Keep the job's name for later releases; a deployment that none of them made is not touched."""
        if self.deployment.logical is not None and _is_fixed(self.asked):
            value = str(Sample(started, _digest(self.asked)))
            context, name = self.patience.context, self.deployment.name
            try:
                records.write(context, self.plan.endpoint.name, name, records.SAMPLE, value)
            except ReleaseError as error:  # all that it saves is a job
                context.progress(TRY, f"{error} A later release may start job {started} again.", subject=name)


def _digest(asked: TryOut) -> str:
    """Return the digest of what the predictions depend on: the input, and the job's settings."""
    source = asked.input if isinstance(asked.input, str) else asked.input.digest
    return records.digest_of({"input": source, "instanceCount": asked.instance_count})


def _is_fixed(asked: TryOut) -> bool:
    """Whether the input is always the same data: files by their digest, or a version of a data asset."""
    if isinstance(asked.input, File):
        return True
    asset = data_asset(asked.input)
    return asset is not None and bool(asset.version)
