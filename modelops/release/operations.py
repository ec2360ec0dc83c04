"""Waits for the service's long-running operations, with a limit."""

from typing import TYPE_CHECKING, Any, Final

from modelops.errors import ReleaseError
from modelops.rehearsal import in_studio, place

if TYPE_CHECKING:
    from azure.core.polling import LROPoller

LONGEST_SECONDS: Final = 3600.0
"""The same as the program's limit for a whole release (modelops/runner/pool.py)."""


def finished(poller: "LROPoller[Any]", doing: str) -> None:
    """Wait until an operation has ended.

    Raises:
        ReleaseError: it did not end within an hour.
        HttpResponseError: it failed.
    """
    poller.wait(LONGEST_SECONDS)
    if not poller.done():
        raise still_going(doing)


def still_going(doing: str) -> ReleaseError:
    """Return the message for an operation that does not end."""
    watch = in_studio("watch it in the studio, and ")
    return ReleaseError(
        f"{doing} has not ended after {LONGEST_SECONDS:.0f} s. It continues in {place()}: {watch}run `pulumi up` again "
        "when it has ended; the release continues from there."
    )
