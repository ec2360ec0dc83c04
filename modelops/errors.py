"""The errors of this package: sentences for people, never tracebacks."""

from typing import Final

RERUN: Final = "The infrastructure is up and the default was not moved to the new revision; run `pulumi up` again."


class ModelOpsError(Exception):
    """Something a person can mend; the text says what was wrong, what is allowed and what to run next."""


class PlanError(ModelOpsError):
    """A release plan that cannot be carried out as it is written: a wrong value, a missing file, a secret."""


class ReleaseError(ModelOpsError):
    """A release that did not get to its end; it moves the default to none but a deployment in state Succeeded."""


class UsageError(ModelOpsError):
    """A command line that names something that does not exist; the command ends with exit code 2."""


class Stopped(BaseException):
    """The process was told to stop: no further request may begin.

    A BaseException, so that the SDK's own `except Exception` does not take it for a failed request and try again.
    """
