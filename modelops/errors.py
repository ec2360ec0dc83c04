"""The errors of this package: messages for users, never tracebacks."""

import sys
from typing import Final

_OURS: Final = ("ci", "components", "modelops", "prerequisites", "settings")


class ModelOpsError(Exception):
    """A problem that the user can fix; the text says what was wrong, what is allowed and what to run next."""


class PlanError(ModelOpsError):
    """A release plan that cannot be carried out: a wrong value, a missing file, a secret."""


class RefusedPlanError(PlanError):
    """A release plan that is refused before anything is made: its preview fails, too."""


class ReleaseError(ModelOpsError):
    """A release that did not finish; the default is still a deployment in state Succeeded."""


class ExplainedError(ReleaseError):
    """A release that did not finish, whose text also says what serves and what to run next: nothing is added to it."""

    def __init__(self, text: str, trace: str = "") -> None:
        super().__init__(text)
        self.trace: Final = trace
        """The script's traceback, for the report; "" without one."""


class NoPredictionsError(ReleaseError):
    """A job that completed and wrote nothing."""


class UsageError(ModelOpsError):
    """A command line that names something that does not exist; the command ends with exit code 2."""


class NoJobError(UsageError):
    """A command line that names a job that does not exist."""


class MissingResultsError(ModelOpsError):
    """A job that completed without results for all files of its input; the command ends with exit code 3."""


class InterruptedByUserError(ModelOpsError):
    """Ctrl-C or SIGTERM while something that goes on in Azure was followed; nothing further may start."""


class RehearsalError(ModelOpsError):
    """A rehearsal that does not answer; the text is the cause."""


class Stopped(BaseException):
    """The process was told to stop: no further request may start.

    A BaseException, so that the SDK's `except Exception` does not treat it as a failed request and retry.
    """


def missing_package(error: ModuleNotFoundError, module: str) -> str:
    """Return what to do about a package that is not installed.

    Args:
        error: of the import.
        module: the one that was to be run, as in `python -m MODULE`.

    Raises:
        ModuleNotFoundError: it is one of the project's own modules: a defect.
    """
    name = (error.name or "").partition(".")[0]
    if name in _OURS or not name:
        raise error
    return (
        f"error: {sys.executable} has no package '{name}'. Run `make tools` once, then "
        f"`.venv/bin/python -m {module}`, or `source .venv/bin/activate` first."
    )
