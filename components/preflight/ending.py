"""How the program ends: at once, and when it cannot continue, with its message shown once and without any addition.

Pulumi's own Python host shows the text of a `pulumi.RunError` and then ends with exit code 1, to which the engine adds
"an unhandled error occurred"; and it shows a traceback when the engine sends SIGINT, as it does when a mandatory policy
is violated. Exit code 32 tells the host that the user has seen what is wrong. Source of these rules:
https://github.com/pulumi/pulumi, sdk/python/cmd (pulumi-language-python-exec and main.go).
"""

import asyncio
import gc
import os
import signal
import sys
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockEngine
from pulumi.runtime.settings import get_engine

TOLD = 32
"""Exit code of a program whose user has been told what is wrong."""

_reasons: list[pulumi.RunError] = []
"""Errors made by `because`: the SDK may report a consequence of the first one in its place."""


def because(text: str) -> pulumi.RunError:
    """Return an error to raise whose text is shown even if the engine stops answering after its cause.

    An engine whose provider refuses its configuration ends the update at once. The SDK then raises "Resource monitor
    has terminated" instead of the program's own error.
    """
    error = pulumi.RunError(text)
    _reasons.append(error)
    return error


def quiet() -> None:
    """Let this program end without another word after a `pulumi.RunError`, now or in an output, and after SIGINT.

    What it has imported so far stays until the end: call it after all imports.

    Does nothing under mocks: what would end there is the test.
    """
    program = None if isinstance(get_engine(), MockEngine) else asyncio.current_task()
    if program is not None:
        program.add_done_callback(_tell)
        # At its end, the interpreter looks for garbage in all of the provider's classes: 0.4 s of every command.
        gc.freeze()
        # Nothing is lost: the engine records what it was asked for, and a release's process notices that we are gone.
        signal.signal(signal.SIGINT, lambda *_: os._exit(TOLD))


def _tell(program: "asyncio.Task[Any]") -> None:
    """Show a mistake of the user's; the host does not see it, because SystemExit ends its loop first."""
    error = None if program.cancelled() else program.exception()
    if isinstance(error, pulumi.RunError):
        pulumi.log.error(str(_reasons[0] if _reasons else error))
        sys.exit(TOLD)
