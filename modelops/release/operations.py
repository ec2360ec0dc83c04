"""The service's long-running operations: waits for their end, and for those of others on the same endpoint."""

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar

from modelops import azure
from modelops.errors import ReleaseError
from modelops.rehearsal import in_studio, place
from modelops.release.context import Context

if TYPE_CHECKING:
    from azure.core.polling import LROPoller

_T = TypeVar("_T")

LONGEST_SECONDS: Final = 3600.0
"""The same as the program's limit for a whole release without its try-outs (modelops/runner/pool.py)."""


def finished(poller: "LROPoller[Any]", doing: str) -> None:
    """Wait until an operation has ended.

    Raises:
        ReleaseError: it did not end within an hour.
        HttpResponseError: it failed.
    """
    poller.wait(LONGEST_SECONDS)
    if not poller.done():
        raise still_going(doing)


def when_free(context: Context, step: str, subject: str, do: Callable[[], _T]) -> _T:
    """Return the result of `do`; call it again as long as the service refuses it because of another operation.

    Whether a batch endpoint takes several operations at the same time is not documented. What another operation did in
    between is for `do` to find out: it must not rely on what was read before it.

    Args:
        context: the release's surroundings.
        step: the step's name.
        subject: what it is about; see `Progress`.
        do: sends the request; it does not call this function itself, or the two waits multiply.

    Raises:
        Exception: of `do`; after an hour also because of the other operation.
        Stopped: the process was told to stop.
    """
    began = monotonic()
    while True:
        try:
            return do()
        except Exception as error:
            pause = azure.other_operation(error)
            waited = monotonic() - began
            if pause is None or waited >= LONGEST_SECONDS:
                raise
        text = f"waiting for another operation on the endpoint ({waited:.0f} s)"
        context.progress(step, text, subject=subject)
        context.wait(pause)


def still_going(doing: str) -> ReleaseError:
    """Return the message for an operation that does not end."""
    watch = in_studio("watch it in the studio, and ")
    return ReleaseError(
        f"{doing} has not ended after {LONGEST_SECONDS:.0f} s. It continues in {place()}: {watch}release again "
        "when it has ended; the release continues from there."
    )
