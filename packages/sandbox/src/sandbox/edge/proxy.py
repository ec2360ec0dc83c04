"""The CONNECT proxy: the only address that the sandbox's clients connect to.

``CONNECT host:443`` gets 200, and the same socket then becomes the TLS connection: the proxy does not copy bytes,
because this process is the requested host. Every other host and port is refused and journalled; nothing leaves the
machine.
"""

import asyncio
import logging
import re
import socket
import ssl
from collections.abc import Callable
from typing import Any

from sandbox.azure.arm.store import Store
from sandbox.edge.certificates import Certificates
from sandbox.edge.connections import MOST, acknowledge_at_once
from sandbox.edge.hosts import service_of

_log = logging.getLogger(__name__)

_HEAD_LIMIT_BYTES = 16 * 1024
_HEAD_SECONDS = 30
_HANDSHAKE_SECONDS = 60
_PAUSE_SECONDS = 0.1
_TLS_PORT = "443"
_REQUEST_LINE = re.compile(rb"^(\S+) (\S+) HTTP/1\.[01]\r\n")


class Proxy:
    """Accepts connections on 127.0.0.1 and turns those to emulated hosts into TLS connections of ``protocol``."""

    def __init__(self, certificates: Certificates, protocol: Callable[[], asyncio.Protocol], store: Store) -> None:
        self._certificates = certificates
        self._protocol = protocol
        self._store = store
        self._listener: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, port: int) -> int:
        """Listen on ``port``, or on a free one if it is 0 or taken; return the port."""
        self._listener = listen(port)
        self._spawn(self._accept(self._listener))
        return int(self._listener.getsockname()[1])

    async def close(self) -> None:
        """Stop listening; established connections stay open."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._listener is not None:
            self._listener.close()

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, _ = await loop.sock_accept(listener)
            except OSError as error:  # such as too many open files: some are closed soon
                _log.warning("a connection was not accepted: %s", error)
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if len(self._tasks) > MOST:
                client.close()
                continue
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn(self._serve(client))

    async def _serve(self, client: socket.socket) -> None:
        host = ""
        try:
            async with asyncio.timeout(_HEAD_SECONDS):
                head = await _read_head(client)
            if not head:
                client.close()
                return
            host = await self._admit(client, head)
            if not host:
                client.close()
                return
            acknowledge_at_once(client)
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol,
                client,
                ssl=self._certificates.context(host),
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
            )
        except ssl.SSLError as error:
            _log.warning(
                "TLS handshake for %s failed: %s. Does the client trust SANDBOX_HOME/ca.pem? Start it with "
                "`python -m sandbox run`.",
                host,
                error.reason,
            )
            client.close()
        except (OSError, TimeoutError, asyncio.CancelledError):
            client.close()

    async def _admit(self, client: socket.socket, head: bytes) -> str:
        """Answer the proxy request; return the host to impersonate, "" if it was refused."""
        loop = asyncio.get_running_loop()
        line = _REQUEST_LINE.match(head)
        method, target = (line[1].decode("latin-1"), line[2].decode("latin-1")) if line else ("?", "?")
        host, _, port = target.rpartition(":")
        if method == "CONNECT" and port == _TLS_PORT and service_of(host) is not None:
            await loop.sock_sendall(client, b"HTTP/1.1 200 Connection established\r\n\r\n")
            return host
        reason = f"{method} {target} refused: the sandbox does not emulate this host; nothing leaves the machine"
        _log.warning("%s", reason)
        sequence = self._store.journal_begin(
            {"method": method, "host": host or target, "path": "", "query": {}, "proxy": True}
        )
        self._store.journal_end(sequence, status=403, milliseconds=0)
        body = (reason + ". See behaviour.md of the sandbox.\n").encode()
        # The reason is also in the status line, because most clients show only that.
        answer = (
            f"HTTP/1.1 403 {reason}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        await loop.sock_sendall(client, answer.encode("latin-1", "replace") + body)
        return ""


def listen(port: int) -> socket.socket:
    """Return a listening socket on 127.0.0.1, on ``port`` if it is free, else on any port."""
    for candidate in (port, 0):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", candidate))
        except OSError:
            listener.close()
            continue
        listener.listen(512)
        listener.setblocking(False)
        return listener
    msg = "no free port on 127.0.0.1"
    raise OSError(msg)


async def _read_head(client: socket.socket) -> bytes:
    """Read up to the blank line that ends the proxy request; b"" if the client disconnected or sent too much."""
    loop = asyncio.get_running_loop()
    head = b""
    while b"\r\n\r\n" not in head:
        piece = await loop.sock_recv(client, _HEAD_LIMIT_BYTES)
        head += piece
        if not piece or len(head) > _HEAD_LIMIT_BYTES:
            return b""
    # A client that starts TLS before the tunnel is open cannot be served from this socket.
    return head if head.endswith(b"\r\n\r\n") else b""
