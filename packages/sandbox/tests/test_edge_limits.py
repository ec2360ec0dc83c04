"""What a client without a token can make the server do: little, and not for long. And the forms of refusals.

What Azure's own front doors do with slow clients is not known; the limits here protect the machine.
"""

import asyncio
import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from aiohttp import web

from sandbox.edge import connections
from sandbox.edge.connections import serving
from sandbox.testing import Sandbox

MIB = 1024 * 1024
DEEP = b"[" * 100_000
BLOCK_BLOB = "x-ms-version: 2024-11-04\r\nx-ms-blob-type: BlockBlob\r\n"
CONTROL = ("/faults", "/switches", "/stock", "/rehearsal")


@contextlib.contextmanager
def connected(sandbox: Sandbox, host: str) -> Iterator[ssl.SSLSocket]:
    """A TLS connection to an emulated host, through the proxy."""
    with socket.create_connection(("127.0.0.1", sandbox.server.proxy_port), timeout=60) as plain:
        plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode())
        assert plain.recv(1000).startswith(b"HTTP/1.1 200 ")
        context = ssl.create_default_context(cafile=str(sandbox.home.authority))
        with context.wrap_socket(plain, server_hostname=host) as secure:
            yield secure


def peak_of_the_server(sandbox: Sandbox) -> int:
    """The most memory that the server had so far, in bytes."""
    with open(f"/proc/{sandbox.server.pid}/status", encoding="ascii") as file:  # noqa: PTH123 - the kernel's
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def uploaded(sandbox: Sandbox, host: str, path: str, headers: str, size: int) -> tuple[bytes, int]:
    """Send a body as far as the server takes it; return the first line of the answer, and how much was sent."""
    head = f"PUT {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {size}\r\n\r\n"
    sent = 0
    with connected(sandbox, host) as client:
        client.sendall(head.encode())
        answer = client.recv(1000)  # before anything of the body was sent
        with contextlib.suppress(OSError):
            while sent < size:
                client.sendall(b"x" * MIB)
                sent += MIB
    return answer.partition(b"\r\n")[0], sent


@pytest.mark.parametrize(
    ("host", "path", "headers"),
    [
        ("management.azure.com", "/subscriptions?api-version=2022-12-01", ""),
        ("management.azure.com", "/subscriptions?api-version=2022-12-01", "Authorization: Bearer guess\r\n"),
        ("digits.westeurope.inference.ml.azure.com", "/jobs", ""),
        ("limitsaccount.blob.core.windows.net", "/container/blob", BLOCK_BLOB),
        ("limitsaccount.blob.core.windows.net", "/container/blob", f"{BLOCK_BLOB}Authorization: Bearer guess\r\n"),
    ],
)
def test_a_body_without_a_token_is_refused_before_it_is_read(
    sandbox: Sandbox, host: str, path: str, headers: str
) -> None:
    place = {"location": sandbox.location}
    sandbox.arm("PUT", "resourceGroups/limits", place, api_version="2024-03-01")
    account = "resourceGroups/limits/providers/Microsoft.Storage/storageAccounts/limitsaccount"
    made = place | {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {}}
    assert sandbox.arm("PUT", account, made, api_version="2024-01-01").status in (200, 202)
    before = peak_of_the_server(sandbox)
    line, _ = uploaded(sandbox, host, path, headers, 100 * MIB)
    assert line.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 403 ", b"HTTP/1.1 404 ", b"HTTP/1.1 409 "))
    assert peak_of_the_server(sandbox) - before < 20 * MIB


def test_a_sign_in_is_small(sandbox: Sandbox) -> None:
    path = f"/{sandbox.tenant}/oauth2/v2.0/token"
    form = b"grant_type=client_credentials&scope=" + b"x" * MIB
    answer = sandbox.request(
        "POST",
        path,
        form,
        host="login.microsoftonline.com",
        token="",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (answer.status, answer.json["error"]) == (413, "invalid_request")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("application/x-www-form-urlencoded", b"\xff=%zz"),
        ("multipart/form-data; boundary=x", b"no part"),
        ("multipart/form-data", b"no boundary"),
        ("application/x-www-form-urlencoded; charset=nonsense", b"a=b"),
    ],
)
def test_a_sign_in_that_is_no_form(sandbox: Sandbox, kind: str, body: bytes) -> None:
    path = f"/{sandbox.tenant}/oauth2/v2.0/token"
    answer = sandbox.request(
        "POST", path, body, host="login.microsoftonline.com", token="", headers={"Content-Type": kind}
    )
    assert (answer.status, answer.json["error"], answer.json["error_codes"]) == (400, "invalid_request", [900144])


@pytest.mark.parametrize("body", [b"{", DEEP, b"\xff\xfe", b"\x00", b'{"a": 1}}'])
def test_a_body_that_is_not_json(sandbox: Sandbox, body: bytes) -> None:
    group = f"/subscriptions/{sandbox.subscription}/resourceGroups/x?api-version=2024-03-01"
    status, code, _ = sandbox.request("PUT", group, body).error
    assert (status, code) == (400, "InvalidRequestContent")
    for path in CONTROL:
        status, answer = asked(sandbox, "POST", path, body)
        assert (status, answer["error"]["code"]) == (400, "InvalidRequestContent"), path


@pytest.mark.parametrize("body", [b"[]", b"5", b"null", b'"a"', b"", b'{"action": 7, "match": [], "seconds": {}}'])
def test_a_body_that_is_json_of_another_kind(sandbox: Sandbox, body: bytes) -> None:
    for path in CONTROL:
        status, answer = asked(sandbox, "POST", path, body)
        assert (status, answer["error"]["code"]) == (400, "InvalidRequestContent"), path


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "HTTPNotFound"),
        ("DELETE", "/stop", 405, "HTTPMethodNotAllowed"),
        ("GET", "/journal?after=x", 400, "InvalidRequestContent"),
        ("GET", "/wait?path=(", 400, "InvalidRequestContent"),
        ("GET", "/token?principal=nobody-we-know", 400, "InvalidRequestContent"),
        ("GET", "/token?seconds=1e99", 400, "InvalidRequestContent"),
    ],
)
def test_the_control_api_refuses_as_arm_does(sandbox: Sandbox, method: str, path: str, status: int, code: str) -> None:
    found, answer = asked(sandbox, method, path)
    assert (found, answer["error"]["code"]) == (status, code)
    assert answer["error"]["message"]


def test_the_control_api_reads_no_body_without_its_token(sandbox: Sandbox) -> None:
    before = peak_of_the_server(sandbox)
    with socket.create_connection(("127.0.0.1", sandbox.server.control_port), timeout=60) as client:
        host = f"127.0.0.1:{sandbox.server.control_port}"
        client.sendall(f"POST /faults HTTP/1.1\r\nHost: {host}\r\nContent-Length: {100 * MIB}\r\n\r\n".encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 401 ")
        with contextlib.suppress(OSError):
            for _ in range(100):
                client.sendall(b"x" * MIB)
    assert peak_of_the_server(sandbox) - before < 20 * MIB
    status, answer = asked(sandbox, "POST", "/faults", b" " * (2 * MIB))
    assert (status, answer["error"]["code"]) == (413, "HTTPRequestEntityTooLarge")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", ""])
def test_the_control_api_answers_under_its_own_address_only(sandbox: Sandbox, host: str) -> None:
    given = host.format(port=sandbox.server.control_port)
    status, answer = asked(sandbox, "GET", "/health", host=given)
    assert (status, answer["error"]["code"]) == (403, "WrongHost")
    assert asked(sandbox, "GET", "/health", host=f"localhost:{sandbox.server.control_port}")[0] == 200


def asked(
    sandbox: Sandbox, method: str, path: str, body: bytes | None = None, host: str | None = None
) -> tuple[int, dict[str, Any]]:
    """Send a request to the control API as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.server.control_port, timeout=60)
    token = sandbox.server.control_token
    headers = {"Authorization": f"Bearer {token}"} | ({} if host is None else {"Host": host})
    path = f"{path}?token={token}" if path == "/rehearsal" else path
    with contextlib.closing(connection):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


@pytest.mark.parametrize("head", [b"GET /" + b"x" * 10_000, b"GET / HTTP/1.1\r\nX: " + b"x" * 10_000])
def test_long_headers_are_refused(sandbox: Sandbox, head: bytes) -> None:
    with connected(sandbox, "management.azure.com") as client:
        client.sendall(head + b"\r\n\r\n")
        assert client.recv(1000).startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 "))


class Answering:
    """A server of these connections in this process, with short limits."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.writers: list[asyncio.StreamWriter] = []

    async def opened(self, sent: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*self.address)
        self.writers.append(writer)
        writer.write(sent)
        await writer.drain()
        return reader, writer


@contextlib.asynccontextmanager
async def answering(monkeypatch: pytest.MonkeyPatch, **limits: float) -> AsyncIterator[Answering]:
    for name, value in {"_LOOK_SECONDS": 0.01, **limits}.items():
        monkeypatch.setattr(connections, name, value)

    async def handle(request: web.Request) -> web.Response:
        with serving(request):
            return web.Response(body=str(len(await request.read())).encode())

    application = web.Application()
    application.router.add_route("*", "/", handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    server = await asyncio.get_running_loop().create_server(connections.connections(runner), "127.0.0.1", 0)
    answers = Answering(server.sockets[0].getsockname()[:2])
    try:
        yield answers
    finally:
        for writer in answers.writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        server.close()
        await runner.shutdown()
        await runner.cleanup()


def within_a_minute(work: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(60):
            await work()

    asyncio.run(limited())


async def ended(reader: asyncio.StreamReader) -> bool:
    """Whether the server ends the connection without an answer."""
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_client_that_does_not_finish_a_head(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    async def work() -> None:
        async with answering(monkeypatch, HEAD_SECONDS=0.1) as server:
            reader, _ = await server.opened(sent)
            assert await ended(reader)

    within_a_minute(work)


def test_a_client_that_sends_a_head_byte_by_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with answering(monkeypatch, HEAD_SECONDS=0.2) as server:
            reader, writer = await server.opened(b"GET / HTTP/1.1\r\nX: ")
            with contextlib.suppress(ConnectionError):
                while not reader.at_eof():
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.01)  # the slow client itself
            assert await ended(reader)

    within_a_minute(work)


def test_a_client_that_stops_in_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with answering(monkeypatch, STALL_SECONDS=0.1) as server:
            reader, _ = await server.opened(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
            assert await ended(reader)

    within_a_minute(work)


def test_one_that_is_idle_between_two_requests_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with answering(monkeypatch, HEAD_SECONDS=0.05, STALL_SECONDS=0.05) as server:
            reader, writer = await server.opened()
            for _ in range(3):
                writer.write(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
                answer = await reader.readuntil(b"\r\n\r\n2")
                assert answer.startswith(b"HTTP/1.1 200 ")
                other, _ = await server.opened()
                assert await ended(other)  # by then this one was idle for longer than a head may take

    within_a_minute(work)


def test_more_connections_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        monkeypatch.setattr(connections, "_open", set())
        async with answering(monkeypatch, MOST=3) as server:
            first = [await server.opened() for _ in range(3)]
            for reader, writer in first:
                writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert (await reader.readuntil(b"\r\n\r\n0")).startswith(b"HTTP/1.1 200 ")
            fourth, _ = await server.opened()
            assert await ended(fourth)

    within_a_minute(work)
