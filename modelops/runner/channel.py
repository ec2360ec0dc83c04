"""The file in which a program tells what its releases do, for a command that shows it (modelops/engine).

The engine passes on what a program says of a resource only as text: neither the step nor the figures can be told apart.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from modelops.runner.process import WorkerFailed, WorkerStopped
from modelops.runner.protocol import Failed, Stopping, Told, encode

VARIABLE: Final = "RELEASE_EVENTS"
"""Environment variable: path of the file; without it nothing is told. Each line is an event of
modelops/runner/protocol.py, with the endpoint's name in the stack file as its id."""


def is_told(environ: Mapping[str, str] = os.environ) -> bool:
    """Say whether a command shows what is told."""
    return bool(environ.get(VARIABLE))


def tell(event: Told, environ: Mapping[str, str] = os.environ) -> None:
    """Append an event, in one write, so that several processes can share the file.

    A file that cannot be written is not told about: no release may fail for what is only shown.
    """
    if not (path := environ.get(VARIABLE)):
        return
    with suppress(OSError):
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, encode(event))
        finally:
            os.close(file)


def tell_end(plan_id: str, ended: Exception, environ: Mapping[str, str] = os.environ) -> None:
    """Append how a release ended that was not carried out."""
    match ended:
        case WorkerStopped():
            tell(Stopping(plan_id, ended.step or "", ended.switch_sent, ended.restored, ended.jobs), environ)
        case WorkerFailed():
            tell(Failed(plan_id, str(ended), refused=ended.refused, explained=ended.explained), environ)
        case _:
            tell(Failed(plan_id, str(ended) or type(ended).__name__), environ)
