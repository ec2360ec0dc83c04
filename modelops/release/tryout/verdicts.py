"""Whether a candidate whose rows are there may serve: the user's check, and the comparison with what serves."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from modelops.errors import PlanError, ReleaseError, UsageError
from modelops.plan.try_out import File, TryOut
from modelops.release.comparison import judgement
from modelops.release.comparison.differences import Differences
from modelops.release.context import TRY, Context
from modelops.release.findings import Finding
from modelops.release.tryout import sample, samples
from modelops.release.tryout.outcome import CandidateFailedError, TryOutFailedError
from modelops.release.tryout.serving import Serving
from modelops.scoring.input_files import InputFiles


class _Input(NamedTuple):
    """A try-out's input: its files and their names; and where they are on this machine; None: nowhere."""

    files: InputFiles | None
    names: tuple[str, ...]
    path: Path | None


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the predictions of a candidate."""

    context: Context
    revision: str
    """Its physical name."""
    asked: TryOut
    serving: Serving | None
    """What serves, whose job was begun; None: nothing to compare with."""

    def judged(self, candidate: Path, place: Path) -> tuple[str, ...]:
        """Judge a candidate, and return lines that say how it differs from what serves.

        Args:
            candidate: folder with its predictions.
            place: an empty folder, for the predictions of what serves and the input.

        Raises:
            CandidateFailedError: the user's check or comparison refuses it, or too many rows changed.
            TryOutFailedError: it cannot be judged.
            ReleaseError: the service refused the job, or a read.
        """
        given = self._input(place / "input")
        try:
            return self._judged(candidate, place, given)
        except PlanError as error:
            raise TryOutFailedError(str(error)) from error

    def _judged(self, candidate: Path, place: Path, given: _Input) -> tuple[str, ...]:
        root = self.context.root
        self.context.progress(TRY, f"judging what {self.revision} predicts", subject=self.revision)
        if why := judgement.refused_by_check(candidate, self.asked, given.path, root):
            self._keep(candidate, None, given)
            raise CandidateFailedError(why, "correct the deployment, or tryOut.check")
        if self.serving is None:
            self._keep(candidate, None, given)
            return ()
        serves = self.serving.deployment.name
        current = place / "current"
        current.mkdir()
        if lost := self.serving.predict(current):
            self._keep(candidate, None, given)
            return self._without(f"{serves}, which serves, has no predictions to compare with: {lost}")
        verdict = judgement.compared(candidate, current, self.asked, given.names, root)
        self._keep(candidate, current, given, verdict.differences)
        lines = (f"compared with {serves}, which serves:", *(f"  {line}" for line in verdict.lines))
        if verdict.refused:
            limit = "maxChangedRows" if self.asked.compare is None else "compare"
            raise CandidateFailedError(
                "\n".join([verdict.refused, *lines]), f"correct the deployment, or tryOut.{limit}"
            )
        return lines

    def _keep(
        self, candidate: Path, current: Path | None, given: _Input, differences: Differences | None = None
    ) -> None:
        """Keep for the report what was found, before it is known whether the candidate is refused."""
        serves = self.serving.deployment.name if self.serving and current else None
        found = samples.kept(candidate, current, self.asked, given.files, given.names)
        figures = differences.figures() if differences else None
        self.context.findings.add(Finding(self.revision, serves, figures, found))

    def _without(self, why: str) -> tuple[str, ...]:
        """What serves may fail on an input that the candidate is made for; a limit that was asked for still holds.

        Raises:
            TryOutFailedError: `compare` or `maxChangedRows` is set.
        """
        if self.asked.compare is None and self.asked.max_changed_rows is None:
            return (why,)
        asked = "maxChangedRows" if self.asked.compare is None else "compare"
        raise TryOutFailedError(
            f"{why}. To release without the comparison, remove tryOut.{asked} from the stack file for this release."
        )

    def _input(self, folder: Path) -> _Input:
        """Return the input; data in blob storage is copied for a check.

        Raises:
            ReleaseError: a check needs it, and the service refused it.
        """
        try:
            files = sample.files(self.context, self.asked)
            names = files.names()
            if isinstance(self.asked.input, File):
                return _Input(files, names, self.context.root / self.asked.input.path)
            if self.asked.check is None:
                return _Input(files, names, None)
            folder.mkdir()
            files.copy(names, folder)
        except UsageError:  # only the job can read it
            return _Input(None, (), None)
        except ReleaseError:
            if self.asked.check is not None:
                raise
            return _Input(None, (), None)  # the deployer need not be allowed to read it, and only the names are missing
        return _Input(files, names, folder / names[0] if files.is_file else folder)
