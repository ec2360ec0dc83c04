"""Ctrl-C while releases run: end them, say where they stopped, and end the program.

Owns the program's SIGINT from the first hook on. Before that, Python's own handling is right: nothing was begun.
"""

import asyncio
import functools
import signal
import sys
from contextlib import suppress
from typing import Final

from modelops.runner.pool import WorkerPool

_LAST_WORDS_SECONDS: Final = 0.2
"""For the hooks' answers to reach the engine."""

_leaving: set[asyncio.Future[None]] = set()  # the loop itself keeps tasks only weakly


def end_on_interrupt(workers: WorkerPool) -> None:
    """Let SIGINT end these workers' releases and then the program.

    Called with every hook, because nobody knows which one is the first. Does nothing where it cannot work: signals are
    only taken in the main thread, and not by every system's event loop.
    """
    with suppress(NotImplementedError, RuntimeError, ValueError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, functools.partial(_interrupt, workers))


def _interrupt(workers: WorkerPool) -> None:
    """End the releases, and then the program by the same signal.

    Nothing else would end it: the engine does not answer registrations any more, so threads that wait for an answer
    outlive even a KeyboardInterrupt, and the language host waits 5 s before it kills. The signal comes several times
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
