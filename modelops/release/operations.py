"""Waits for the service's long-running operations, but not for ever."""

from typing import TYPE_CHECKING, Any, Final

from modelops.errors import ReleaseError

if TYPE_CHECKING:
    from azure.core.polling import LROPoller

LONGEST_SECONDS: Final = 3600.0
"""As long as the program waits for a whole release (modelops/runner/pool.py)."""


def finished(poller: "LROPoller[Any]", doing: str) -> None:
    """Wait until an operation has ended.

    Raises:
        ReleaseError: it has not after an hour.
        HttpResponseError: it failed.
    """
    poller.wait(LONGEST_SECONDS)
    if not poller.done():
        raise still_going(doing)


def still_going(doing: str) -> ReleaseError:
    """Return what a person reads when an operation does not end."""
    return ReleaseError(
        f"{doing} has not ended after {LONGEST_SECONDS:.0f} s. Azure goes on with it: look at it in the studio, and "
        "run `pulumi up` again when it has ended; the release goes on from there."
    )
