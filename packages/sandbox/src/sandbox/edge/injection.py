"""What a planted fault does to the request that meets it."""

import asyncio
import contextlib
import os
import signal
import socket
import struct

from sandbox.azure.arm.errors import ArmError
from sandbox.edge.faults import Fault

_LINGER_NOT = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends RST."""


class ConnectionLost(Exception):  # noqa: N818 - an event, not an error
    """The client is to see a lost connection instead of an answer."""


async def before(fault: Fault) -> ArmError | None:
    """Act before the service is asked; return the refusal to answer with, if the service is not to be asked.

    Raises:
        ConnectionLost: the connection is to be closed without an answer.
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
    """Act when the service has answered and what it did is stored.

    Raises:
        ConnectionLost: the answer is to be lost.
    """
    if fault.action == "reset-after":
        raise ConnectionLost
    if fault.action == "kill-after":
        os.kill(os.getpid(), signal.SIGKILL)


def reset(transport: asyncio.Transport | None) -> None:
    """Close a connection with RST, as a crashed server or a broken network would."""
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()
