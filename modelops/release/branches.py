"""Steps of a release that run at the same time: a branch for each deployment."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from modelops.errors import ModelOpsError, ReleaseError, Stopped

Step = Callable[[], object]


def carry_out(branches: Sequence[Sequence[Step]], tell: Callable[[int, Exception], None]) -> None:
    """Carry out the branches at the same time, and the steps of each one after another.

    Once a step has failed, no other begins. Those that run are brought to their end: what they make in Azure is then
    known, and the next release need not make it again.

    Args:
        branches: the steps of each.
        tell: is called in a branch's thread with its number and its failure, while others may still run.

    Raises:
        ModelOpsError: the failure; if there are several with different texts, a `ReleaseError` with all of them.
        Stopped: the process was told to stop.
    """
    if len(branches) <= 1:
        for step in branches[0] if branches else ():
            step()
        return
    has_failed = threading.Event()

    def branch(number: int) -> None:
        try:
            for step in branches[number]:
                if has_failed.is_set():
                    return
                step()
        except Exception as error:
            has_failed.set()
            tell(number, error)
            raise

    with ThreadPoolExecutor(len(branches)) as threads:
        # A release is known by its context variables: which gate its requests pass.
        ends = [threads.submit(copy_context().run, branch, number) for number in range(len(branches))]
    failures = [error for each in ends if (error := each.exception()) is not None]
    if failures:
        raise _one(failures)


def _one(failures: Sequence[BaseException]) -> BaseException:
    """Return the failure to raise."""
    for each in failures:
        if isinstance(each, Stopped) or not isinstance(each, ModelOpsError):
            return each
    # Branches that wait for the same upload fail with the same text.
    texts = list(dict.fromkeys(map(str, failures)))
    if len(texts) == 1:
        return failures[0]
    error = ReleaseError("\nAlso: ".join(texts))
    error.__cause__ = failures[0]
    return error
