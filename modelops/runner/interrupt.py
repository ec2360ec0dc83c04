"""Ctrl-C while releases run: stop them, report where they stopped, and end the program.

Owns the program's SIGINT from the first hook on. Before that, Python's own handling is enough: nothing was started.
"""

import asyncio
import functools
import signal
import sys
from contextlib import suppress
from typing import Final

from modelops.runner.pool import WorkerPool

_LAST_WORDS_SECONDS: Final = 0.2
"""Time for the hooks' answers to reach the engine."""

_leaving: set[asyncio.Future[None]] = set()  # the loop itself has only weak references to tasks


def end_on_interrupt(workers: WorkerPool) -> None:
    """On SIGINT, end these workers' releases and then the program.

    Every hook calls it, because any hook may be the first. Does nothing if it cannot work: signals need the main
    thread, and an event loop that supports them.
    """
    with suppress(NotImplementedError, RuntimeError, ValueError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, functools.partial(_interrupt, workers))


def _interrupt(workers: WorkerPool) -> None:
    """End the releases, and then the program with the same signal.

    Nothing else would end it: the engine no longer answers registrations, so waiting threads survive even a
    KeyboardInterrupt, and the language host waits 5 s before it kills the program. The signal comes several times
    (terminal, host, engine).
    """
    if workers.is_stopped:
        return
    workers.stop()
    _leaving.add(asyncio.ensure_future(_leave(workers)))


async def _leave(workers: WorkerPool) -> None:
    await workers.until_idle()
    await asyncio.sleep(_LAST_WORDS_SECONDS)
    sys.stdout.flush()
    sys.stderr.flush()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.raise_signal(signal.SIGINT)
