"""Steps of a release that run at the same time: a branch for each deployment."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from modelops.errors import ExplainedError, ModelOpsError, ReleaseError, Stopped

Step = Callable[[], object]


def carry_out(branches: Sequence[Sequence[Step]], tell: Callable[[int, Exception], None]) -> None:
    """Carry out the branches at the same time, and the steps of each one after another.

    Once a step has failed, no other begins. Those that run are brought to their end: what they make in Azure is then
    known, and the next release need not make it again.

    Args:
        branches: the steps of each.
        tell: is called in a branch's thread with its number and its failure, while others may still run.

    Raises:
        ModelOpsError: the failure; if there are several with different texts, a `ReleaseError` with all of them, in
            the order in which they happened.
        Exception: an internal error, with the other failures as notes.
        Stopped: the process was told to stop.
    """
    if len(branches) <= 1:
        for step in branches[0] if branches else ():
            step()
        return
    has_failed = threading.Event()
    failures: list[BaseException] = []

    def branch(number: int) -> None:
        try:
            for step in branches[number]:
                if has_failed.is_set():
                    return
                step()
        except BaseException as error:
            failures.append(error)
            has_failed.set()
            if isinstance(error, Exception):
                tell(number, error)
            raise

    with ThreadPoolExecutor(len(branches)) as threads:
        # A release is known by its context variables: which gate its requests pass.
        for number in range(len(branches)):
            threads.submit(copy_context().run, branch, number)
    if failures:
        raise _one(failures)


def _one(failures: Sequence[BaseException]) -> BaseException:
    """Return the failure to raise."""
    for each in failures:
        if isinstance(each, Stopped):
            return each
    for each in failures:
        if not isinstance(each, ModelOpsError):
            for text in dict.fromkeys(str(other) or type(other).__name__ for other in failures if other is not each):
                each.add_note(f"Also: {text}")
            return each
    # Branches that wait for the same upload fail with the same text.
    texts = list(dict.fromkeys(map(str, failures)))
    if len(texts) == 1:
        return failures[0]
    error: ReleaseError
    explained = [each for each in failures if isinstance(each, ExplainedError)]
    if len(explained) == len(failures):
        error = ExplainedError(
            "\n".join(texts), "\n".join(filter(None, dict.fromkeys(each.trace for each in explained)))
        )
    else:
        error = ReleaseError("\nAlso: ".join(texts))
    error.__cause__ = failures[0]
    return error
