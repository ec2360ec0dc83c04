"""What a try-out that failed says: which revision, what serves, why, its logs, and what to run next; each in a line."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from modelops.errors import ExplainedError, ReleaseError, UsageError
from modelops.release import context, live
from modelops.release.context import Context
from modelops.release.tryout.outcome import CandidateFailedError, TryOutFailedError
from modelops.scoring import jobs
from modelops.scoring.start import PerhapsStartedError

_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Explaining:
    """Explains the failures of one candidate's try-out."""

    context: Context
    endpoint: live.LiveEndpoint
    """As it was when the try-out began."""
    revision: str
    """The candidate's physical name."""

    @contextmanager
    def of(self, job: str | None = None) -> Iterator[None]:
        """Explain what fails inside.

        Args:
            job: the try-out's, once it is known.

        Raises:
            ExplainedError: the failure.
        """
        try:
            yield
        except CandidateFailedError as error:
            raise self._error(
                f"{self.revision} failed its try-out", error, job, error.fix, trace=error.trace
            ) from error
        except TryOutFailedError as error:
            not_its = f"Nothing shows that {self.revision} is at fault."
            raise self._error(self._untried, error, job, error.fix, not_its) from error
        except PerhapsStartedError as error:
            command = jobs.command(self.context.workspace, "list", self.context.where)
            look = f"A job may have started. To look for it: {command} --endpoint {self.endpoint.name}"
            raise self._error(self._untried, error, job, "", look) from error
        except (ReleaseError, UsageError) as error:
            raise self._error(self._untried, error, job, "") from error

    @property
    def _untried(self) -> str:
        return f"{self.revision} could not be tried out"

    def _error(
        self, what: str, why: Exception, job: str | None, fix: str, *more: str, trace: str = ""
    ) -> ExplainedError:
        where, reasons = self.context.where, str(why).splitlines()
        logs = [f"Logs: {jobs.command(self.context.workspace, f'logs {job}', where)}"] if job else []
        last = f"Fix: {fix}, then run" if fix else "To try again once the cause is gone"
        lines = [*reasons, *more, *logs, *self._to_replace(), f"{last}: {context.up(where)}"]
        text = "\n".join([f"{what}; {self._what_serves()}", *(f"{_INDENT}{line}" for line in lines)])
        return ExplainedError(text, trace)

    def _what_serves(self) -> str:
        if self.endpoint.default is None:
            return "the endpoint has no default"
        if self.endpoint.default == self.revision:
            return "it is the default, although no release set it"
        return f"{self.endpoint.default} still serves"

    def _to_replace(self) -> list[str]:
        if self.endpoint.default != self.revision:
            return []
        command = context.command("rollback --to REVISION", self.endpoint.name, self.context.where)
        return [f"To make another one the default: {command}"]
