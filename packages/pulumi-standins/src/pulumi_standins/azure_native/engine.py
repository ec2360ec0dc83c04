"""The connection to the engine: warnings that the user sees at a resource."""

import logging
from typing import Any

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

log = logging.getLogger("pulumi_standins.azure_native")


class Engine:
    """A connection to the engine's service, opened on first use.

    Args:
        address: the engine's address (`127.0.0.1:port`), empty if not known yet.
    """

    def __init__(self, address: str = "") -> None:
        self._address = address
        self._channel: grpc.aio.Channel | None = None

    def connect(self, address: str) -> None:
        """Set the address from a Handshake or an Attach; an empty one changes nothing."""
        self._address = address or self._address

    async def warn(self, text: str, *, urn: str) -> None:
        """Show a warning; without an engine it only goes to the log."""
        log.warning("%s: %s", urn, text)
        if not self._address:
            return
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(self._address)
        # The generated class accepts both kinds of channel, but its annotations list only one.
        stub: Any = engine_pb2_grpc.EngineStub(self._channel)
        try:
            await stub.Log(engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=text, urn=urn))
        except grpc.RpcError as error:
            log.warning("the engine did not accept a warning: %s", error)

    async def close(self) -> None:
        """Close the connection."""
        if self._channel is not None:
            await self._channel.close()
