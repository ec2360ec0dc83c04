"""The TLS side of every emulated host: journal, faults, tokens, and then the service that the Host header names."""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from sandbox.azure.arm.errors import ArmError, not_modelled
from sandbox.azure.arm.origin import announced, remember
from sandbox.azure.arm.requests import ArmRequest, OperationFault, Principal
from sandbox.azure.arm.routes import Router
from sandbox.azure.arm.store import Store
from sandbox.azure.blobs.errors import BlobError, refusal
from sandbox.azure.directory import ARM_AUDIENCES, ML_AUDIENCES, STORAGE_AUDIENCES, Directory
from sandbox.edge import injection
from sandbox.edge.faults import Fault, Faults
from sandbox.edge.hosts import Service, service_of
from sandbox.edge.proxy import acknowledge_at_once

_log = logging.getLogger(__name__)

WebHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_BODY_LIMIT_BYTES = 4 * 1024 * 1024
"""ARM's own limit for a request body."""
_READ_BUFFER_BYTES = 1024 * 1024
_UNAUTHORIZED = 401
_SECRET_QUERY = frozenset({"sig", "code", "client_secret", "token"})
_AUDIENCES = {
    Service.ARM: ARM_AUDIENCES,
    Service.WORKSPACE_API: (*ARM_AUDIENCES, *ML_AUDIENCES),
    Service.SCORING: ML_AUDIENCES,
    Service.BLOB: STORAGE_AUDIENCES,
}


class _Connection(web.RequestHandler):
    """An HTTP connection that acknowledges at once what it reads (see ``acknowledge_at_once``)."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        if self.transport is not None:
            acknowledge_at_once(self.transport.get_extra_info("socket"))
        super().data_received(data)


class Front:
    """Answers every request that reaches an emulated host.

    ``web_handlers`` serve whole hosts with raw HTTP (sign-in, blobs); the others go through the router as JSON. A blob
    request's ``request["principal"]`` is the principal of its bearer token, absent when it came without one.
    """

    def __init__(
        self,
        store: Store,
        router: Router,
        directory: Directory,
        faults: Faults,
        web_handlers: Mapping[Service, WebHandler],
    ) -> None:
        self._store = store
        self._router = router
        self._directory = directory
        self._faults = faults
        self._web_handlers = web_handlers
        self._journalled = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    async def start(self) -> Callable[[], asyncio.Protocol]:
        """Make ready; return what makes the protocol of an accepted connection."""
        application = web.Application(client_max_size=_BODY_LIMIT_BYTES)
        application.router.add_route("*", "/{path:.*}", self._handle)
        application.on_response_prepare.append(_stamp)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        server, loop = self._runner.server, asyncio.get_running_loop()
        if server is None:
            raise RuntimeError("aiohttp set up no server")
        return lambda: _Connection(server, loop=loop, read_bufsize=_READ_BUFFER_BYTES, auto_decompress=False)

    async def close(self) -> None:
        """Let requests in flight finish for a moment, then close every connection."""
        if self._runner is not None:
            await self._runner.shutdown()
            await self._runner.cleanup()

    async def journal_reaches(self, count: int, matches: Callable[[dict[str, Any]], bool], after: int) -> int:
        """Wait until ``count`` journal entries above ``after`` match; return how many do."""
        async with self._journalled:
            while True:
                found = sum(1 for entry in self._store.journal(after) if matches(entry))
                if found >= count:
                    return found
                await self._journalled.wait()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        host = request.host.rpartition(":")[0] or request.host
        started = time.perf_counter()
        sequence = self._store.journal_begin(
            {
                "method": request.method,
                "host": host,
                "path": unquote(request.rel_url.raw_path),
                "query": {
                    name: "REDACTED" if name in _SECRET_QUERY else value for name, value in request.query.items()
                },
                "agent": request.headers.get("User-Agent", "")[:200],
            }
        )
        await self._tell_waiting()
        status: int | str = "reset"
        try:
            response = await self._answer(request, host, sequence)
            status = response.status
        except injection.ConnectionLost:
            injection.reset(request.transport)
            return web.Response(status=499)
        finally:
            principal: Principal | None = request.get("principal")
            self._store.journal_end(
                sequence,
                status=status,
                principal=None if principal is None else principal.name,
                milliseconds=round((time.perf_counter() - started) * 1000, 1),
            )
            await self._tell_waiting()
        return response

    async def _tell_waiting(self) -> None:
        async with self._journalled:
            self._journalled.notify_all()

    async def _answer(self, request: web.Request, host: str, sequence: int) -> web.StreamResponse:
        if service_of(host) not in self._web_handlers:
            # What has arrived whole is served, also when its client is gone by then: a delay must not undo it.
            try:
                await request.read()
            except web.HTTPRequestEntityTooLarge:
                return _refusal(
                    request, host, ArmError(413, "RequestEntityTooLarge", "The request is larger than 4 MiB.")
                )
        fault = self._faults.meet(request.method, host + request.path)
        if fault is not None:
            refusal = await injection.before(fault)
            if refusal is not None:
                return _refusal(request, host, refusal)
        try:
            response = await self._serve(request, host, sequence, fault)
        except ArmError as error:
            response = _refusal(request, host, error)
        except (web.HTTPException, ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - the last resort, which logs it
            # Not 500: clients retry that with long waits, and a defect of the sandbox does not go away by itself.
            _log.exception("request %d: %s https://%s%s", sequence, request.method, host, request.path)
            message = f"The sandbox failed on request {sequence}: {error!r}. The traceback is in log/server.log."
            response = _refusal(request, host, ArmError(501, "SandboxDefect", message))
        if fault is not None:
            injection.after(fault)
        return response

    async def _serve(self, request: web.Request, host: str, sequence: int, fault: Fault | None) -> web.StreamResponse:
        service = service_of(host)
        if service is None or service is Service.REFUSED:
            raise not_modelled(f"the host '{host}'")
        handler = self._web_handlers.get(service)
        if handler is not None:
            if service is Service.BLOB and request.headers.get("Authorization", "").lower().startswith("bearer "):
                self._sign_in(request, service)
            return await handler(request)
        if not (service is Service.WORKSPACE_API and request.path.startswith("/discovery")):
            self._sign_in(request, service)
        arm_request = await _arm_request(request, host, sequence, fault.operation_fault() if fault else None)
        origin = announced(arm_request)
        if origin is not None:
            # Before it is served, so that no death can come between.
            remember(self._store, arm_request.path, origin)
        answer = await self._router.dispatch(arm_request)
        return _json(answer.status, answer.body, answer.headers)

    def _sign_in(self, request: web.Request, service: Service) -> None:
        request["principal"] = self._directory.authenticate(request.headers.get("Authorization"), _AUDIENCES[service])


async def _arm_request(
    request: web.Request, host: str, sequence: int, operation_fault: OperationFault | None
) -> ArmRequest:
    content = await request.read()
    body: Any = None
    if content:
        try:
            body = json.loads(content)
        except ValueError as error:
            raise ArmError(
                400, "InvalidRequestContent", f"The request content was invalid and could not be deserialized: {error}."
            ) from None
    return ArmRequest(
        method=request.method,
        host=host,
        path=unquote(request.rel_url.raw_path).rstrip("/"),
        query=request.query,
        headers=request.headers,
        body=body,
        principal=request.get("principal"),
        sequence=sequence,
        operation_fault=operation_fault,
    )


def _json(status: int, body: Any, headers: Mapping[str, str]) -> web.Response:
    if body is None:
        return web.Response(status=status, headers=headers)
    return web.Response(
        status=status, body=json.dumps(body).encode(), headers=headers, content_type="application/json", charset="utf-8"
    )


def _refusal(request: web.Request, host: str, error: ArmError) -> web.Response:
    """Answer an error in the shape that the host's clients read: XML from storage, ARM's envelope from all others."""
    if service_of(host) is not Service.BLOB:
        return _json(error.status, error.body(), {"x-ms-error-code": error.code} | error.headers)
    # Storage has one code for every token that it does not accept; the challenge says what is wrong with it.
    code = "InvalidAuthenticationInfo" if error.status == _UNAUTHORIZED else error.code
    return refusal(request, BlobError(error.status, code, error.message, error.headers))


async def _stamp(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers that every Azure service answers with."""
    own = str(uuid.uuid4())
    response.headers.setdefault("x-ms-request-id", own)
    response.headers.setdefault("x-ms-correlation-request-id", request.headers.get("x-ms-correlation-request-id", own))
    client = request.headers.get("x-ms-client-request-id")
    if client:
        response.headers.setdefault("x-ms-client-request-id", client)
