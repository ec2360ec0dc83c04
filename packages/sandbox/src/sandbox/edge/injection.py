"""Applies a fault to a request."""

import asyncio
import contextlib
import os
import signal
import socket
import struct

from sandbox.azure.arm.errors import ArmError
from sandbox.edge.faults import Fault

_LINGER_NOT = struct.pack("ii", 1, 0)
"""SO_LINGER with a time of 0: closing sends RST."""


class ConnectionLost(Exception):  # noqa: N818 - an event, not an error
    """The client should see a lost connection instead of an answer."""


async def before(fault: Fault) -> ArmError | None:
    """Act before the service; return a refusal if the service should not be called.

    Raises:
        ConnectionLost: close the connection without an answer.
    """
    match fault.action:
        case "status":
            return ArmError(fault.status, fault.code, fault.message, headers=fault.headers)
        case "delay":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(fault.removed.wait(), fault.seconds)
        case "reset-before":
            raise ConnectionLost
        case "kill-before":
            os.kill(os.getpid(), signal.SIGKILL)
    return None


def after(fault: Fault) -> None:
    """Act after the service has answered and its changes are stored.

    Raises:
        ConnectionLost: lose the answer.
    """
    if fault.action == "reset-after":
        raise ConnectionLost
    if fault.action == "kill-after":
        os.kill(os.getpid(), signal.SIGKILL)


def reset(transport: asyncio.Transport | None) -> None:
    """Close a connection with RST, like a crashed server or a broken network."""
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()
