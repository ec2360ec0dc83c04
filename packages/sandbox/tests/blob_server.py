"""A separate blob endpoint for a test: TLS on a free port, reached by the official client under its public name."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
import trustme
import urllib3.util.connection
from aiohttp import web
from azure.core.credentials import AccessToken
from azure.storage.blob import BlobServiceClient

from sandbox.azure.arm.requests import Principal
from sandbox.azure.arm.store import Store
from sandbox.azure.authorization.built_in import BLOB_CONTRIBUTOR
from sandbox.azure.authorization.evaluation import Assignment, Authorization
from sandbox.azure.blobs.front import BlobFront
from sandbox.azure.blobs.store import BlobStore

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
ACCOUNT = "acct"
_SOMEBODY = Principal("somebody", "some-object", "some-client", "tenant")
HOST = f"{ACCOUNT}.blob.core.windows.net"


def make_front(home: Path) -> BlobFront:
    """Return the blob endpoint of a sandbox with one keyless storage account, ``acct``."""
    home.mkdir(parents=True, exist_ok=True)
    store = Store(home / "store.sqlite")
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
    store.put(
        f"{group}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}",
        "Microsoft.Storage/storageAccounts",
        {"properties": {"allowSharedKeyAccess": False}},
    )
    granted = Assignment(f"{group}/a", group, _SOMEBODY.object_id, BLOB_CONTRIBUTOR)
    return BlobFront(store, BlobStore(home / "blobs"), Authorization(store, [granted]), "tenant")


class Token:
    """A credential whose token the test's server takes."""

    def get_token(self, *_: str, **__: object) -> AccessToken:
        return AccessToken("good", 4102444800)


@dataclass
class BlobServer:
    """A running endpoint; ``answered`` is (method, path, status) of every request that got an answer."""

    front: BlobFront
    ca: Path
    port: int = 0
    answered: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def blobs(self) -> BlobStore:
        return self.front.blobs

    def client(self, credential: object = None, account: str = ACCOUNT) -> BlobServiceClient:
        """Return the official client, without retries; a string is a SAS, None the good token."""
        return BlobServiceClient(
            f"https://{account}.blob.core.windows.net",
            credential=cast("Any", credential or Token()),
            connection_verify=str(self.ca),
            retry_total=0,
        )


async def _serve(server: BlobServer, context: ssl.SSLContext, ready: threading.Event, end: asyncio.Event) -> None:
    transports: set[asyncio.Transport] = set()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            transports.add(request.transport)
        if request.headers.get("Authorization") == "Bearer good":
            request["principal"] = _SOMEBODY
        response = await server.front.handle(request)
        server.answered.append((request.method, request.path_qs, response.status))
        return response

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    server.port = runner.addresses[0][1]
    ready.set()
    await end.wait()
    await runner.cleanup()
    # A TLS connection closes in steps; the loop must not end between them.
    for transport in transports:
        transport.abort()
    for _ in range(3):
        await asyncio.sleep(0)


@contextmanager
def running(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BlobServer]:
    """Serve until the block ends; every connection of this process goes to the server meanwhile."""
    authority = trustme.CA()
    certificate = authority.issue_cert("*.blob.core.windows.net")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    home.mkdir(parents=True, exist_ok=True)
    authority.cert_pem.write_to_path(str(home / "ca.pem"))
    server = BlobServer(make_front(home), home / "ca.pem")
    loop, end, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(_serve(server, context, ready, end),))
    thread.start()
    ready.wait(10)
    connect = urllib3.util.connection.create_connection
    monkeypatch.setattr(
        urllib3.util.connection,
        "create_connection",
        lambda _address, *args, **kwargs: connect(("127.0.0.1", server.port), *args, **kwargs),
    )
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
        loop.close()
        server.blobs.close()
        server.front.store.close()
