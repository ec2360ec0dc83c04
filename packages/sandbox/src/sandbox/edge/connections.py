"""The HTTP connections of the server: how many, how long a client may take over a request, and for whom they are.

Everything here is before authentication: the server is on loopback, but every program of the machine reaches that.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any, Final

from aiohttp import web

MOST: Final = 512
"""Connections at once, of proxy and control API together; an `up` with 40 endpoints has about 150."""
HEAD_SECONDS: Final = 30.0
"""How long a client may take to send a request's head."""
STALL_SECONDS: Final = 120.0
"""How long a client may send nothing of a body that it has announced."""
_HEAD_BYTES: Final = 4 * 1024 * 1024
"""Bytes before a request begins: its head, and what of its body came with it. aiohttp limits each line to 8 KiB."""
_LOOK_SECONDS: Final = 1.0

_IDLE_SECONDS: Final = 600.0
_READ_BUFFER_BYTES: Final = 1024 * 1024

_open: set["Connection"] = set()


def acknowledge_at_once(connection: Any) -> None:
    """Send pending TCP acknowledgements now (Linux; nothing elsewhere).

    The kernel resets it, so call this after each read. urllib3 leaves Nagle's algorithm on for proxied connections:
    otherwise each request body waits 40 ms for the acknowledgement of its headers.
    """
    if hasattr(socket, "TCP_QUICKACK") and connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


class Connection(web.RequestHandler):
    """A connection that is closed when its client is too slow, or when there are too many.

    It acknowledges reads at once (see ``acknowledge_at_once``). Between two requests it may be idle for ten minutes.
    """

    __slots__ = ("_before", "_look", "_request", "_since")

    def __init__(self, server: web.Server, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            read_bufsize=_READ_BUFFER_BYTES,
            auto_decompress=False,
            keepalive_timeout=_IDLE_SECONDS,
        )
        self._request: web.BaseRequest | None = None
        self._since: float | None = None
        self._before = 0
        self._look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close it at once if there are too many."""
        super().connection_made(transport)
        _open.add(self)
        self._since = self._loop.time()
        self._watch()
        if len(_open) > MOST:
            self._abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget it."""
        _open.discard(self)
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Note that the client sends something."""
        if self.transport is not None:
            acknowledge_at_once(self.transport.get_extra_info("socket"))
        if self._request is not None:
            self._since = self._loop.time()
        else:
            self._since = self._since or self._loop.time()
            self._before += len(data)
            if self._before > _HEAD_BYTES:
                self._abort()
                return
        super().data_received(data)

    def begin(self, request: web.BaseRequest) -> None:
        """Note that a request's head is complete."""
        self._request, self._since, self._before = request, self._loop.time(), 0

    def end(self) -> None:
        """Note that a request is answered; aiohttp still discards what comes of a body that nobody wanted, for 10 s."""
        if self._request is not None and self._request.content.is_eof():
            self._request = self._since = None

    def _watch(self) -> None:
        now, since = self._loop.time(), self._since
        if since is not None:
            request = self._request
            if request is None:
                is_late = now - since > HEAD_SECONDS
            else:
                is_late = now - since > STALL_SECONDS and not request.content.is_eof()
            if is_late:
                self._abort()
                return
        self._look = self._loop.call_later(_LOOK_SECONDS, self._watch)

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


def connections(runner: web.AppRunner) -> Callable[[], Connection]:
    """Return the factory of the connections of an application, whose runner was set up."""
    server, loop = runner.server, asyncio.get_running_loop()
    if server is None:
        raise RuntimeError("aiohttp set up no server")
    return lambda: Connection(server, loop=loop)


@contextlib.contextmanager
def serving(request: web.Request) -> Iterator[None]:
    """Tell a request's connection that it is being answered."""
    connection = request.protocol
    if not isinstance(connection, Connection):
        raise TypeError(connection)
    connection.begin(request)
    try:
        yield
    finally:
        connection.end()
