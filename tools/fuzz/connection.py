"""Connections that stay open: HTTP/1.1 through the sandbox's proxy, byte for byte, with a deadline for each answer.

An HTTP library would refuse to send half of what is sent here.
"""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from typing import Self

from sandbox.commands.lifecycle import Running
from sandbox.home import Home
from tools.fuzz.exchange import CONTROL, Answer, Request

DEADLINE_SECONDS = 30.0
_LIMIT = 64 << 20
_WITHOUT_BODY = (204, 304)


@dataclass
class _Stream:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Connections:
    """One connection to each host, for requests after each other; reopened when the server has closed it."""

    def __init__(self, home: Home, server: Running, tokens: dict[tuple[str, str], str]) -> None:
        self._server = server
        self._tokens = tokens
        self._trust = ssl.create_default_context(cafile=str(home.authority))
        self._open: dict[str, _Stream] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for host in list(self._open):
            self._drop(host)

    async def send(self, request: Request) -> Answer:
        """Send a request and return its answer, or why none came."""
        kept = request.host in self._open
        answer = await self._try(request)
        # A connection that was kept may have been closed meanwhile, for what came before.
        return await self._try(request) if kept and answer.lost == "closed" else answer

    async def _try(self, request: Request) -> Answer:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                stream = self._open.get(request.host) or await self._connect(request.host)
                with contextlib.suppress(ConnectionError):
                    stream.writer.write(request.raw(self._token(request), self._server.control_port))
                    await stream.writer.drain()
                answer, keep = await _read(stream.reader, request.method)
        except TimeoutError:
            answer, keep = Answer(0, lost=f"no answer in {DEADLINE_SECONDS:g} s"), False
        except (OSError, asyncio.IncompleteReadError):
            answer, keep = Answer(0, lost="closed"), False
        if not keep:
            self._drop(request.host)
        return answer

    def _token(self, request: Request) -> str:
        return self._tokens.get((request.principal, audience(request.host)), "") if request.principal else ""

    async def _connect(self, host: str) -> _Stream:
        if host == CONTROL:
            stream = _Stream(*await asyncio.open_connection(CONTROL, self._server.control_port, limit=_LIMIT))
        else:
            reader, writer = await asyncio.open_connection(CONTROL, self._server.proxy_port, limit=_LIMIT)
            writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head:
                writer.close()
                raise ConnectionError(head)
            await writer.start_tls(self._trust, server_hostname=host)
            stream = _Stream(reader, writer)
        self._open[host] = stream
        return stream

    def _drop(self, host: str) -> None:
        stream = self._open.pop(host, None)
        if stream is not None:
            stream.writer.transport.abort()


def audience(host: str) -> str:
    """Return the audience that a host's tokens have; the control API has its own token."""
    if host == CONTROL:
        return CONTROL
    if host.endswith(".inference.ml.azure.com"):
        return "https://ml.azure.com"
    return "https://storage.azure.com" if host.endswith(".blob.core.windows.net") else "https://management.azure.com"


async def _read(reader: asyncio.StreamReader, method: str) -> tuple[Answer, bool]:
    """Return the next answer, and whether the connection stays open."""
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        status = int(first.split(" ", 2)[1])
        if status != 100:  # noqa: PLR2004 - continue
            break
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    keep = headers.get("connection", "").lower() != "close"
    if method == "HEAD" or status in _WITHOUT_BODY:
        return Answer(status, headers), keep
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readuntil(b"\r\n")
        return Answer(status, headers, body), keep
    if "content-length" in headers:
        return Answer(status, headers, await reader.readexactly(int(headers["content-length"]))), keep
    return Answer(status, headers, await reader.read(-1)), False
