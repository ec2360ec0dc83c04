"""Threads that inherit the context variables of the thread that starts them.

The SDK starts threads: one for each long-running operation, and several for an upload. What they do belongs
to the release that they were started for. Python 3.14 has the same as an option, `-X thread_inherit_context`.
"""

import contextvars
import threading
from typing import Any

_start = threading.Thread.start


def inherit_context() -> None:
    """Make every thread that is started from now on in this process inherit its starter's context variables."""
    threading.Thread.start = _start_in_context  # type: ignore[method-assign, assignment]


def _start_in_context(thread: threading.Thread) -> None:
    context, run = contextvars.copy_context(), thread.run

    def run_in_context() -> Any:
        del thread.run  # otherwise the thread would keep itself alive
        return context.run(run)

    thread.run = run_in_context  # type: ignore[method-assign]
    _start(thread)
