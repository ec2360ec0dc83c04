"""The TLS side of every emulated host: the steps that a request takes to the service that its Host header names."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from sandbox.azure.arm import disk
from sandbox.azure.arm.errors import ArmError, not_modelled
from sandbox.azure.arm.origin import announced, remember
from sandbox.azure.arm.requests import Principal
from sandbox.azure.arm.routes import Router
from sandbox.azure.arm.store import Store
from sandbox.azure.directory import ARM_AUDIENCES, ML_AUDIENCES, STORAGE_AUDIENCES, Directory
from sandbox.edge import injection
from sandbox.edge.answers import arm_request, json_answer, path_of, refusal, stamp
from sandbox.edge.faults import Fault, Faults
from sandbox.edge.hosts import Service, service_of
from sandbox.edge.proxy import acknowledge_at_once

_log = logging.getLogger(__name__)

WebHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_BODY_LIMIT_BYTES = 4 * 1024 * 1024
"""ARM's own limit for a request body."""
_GROWING = frozenset({"PUT", "PATCH"})
"""What a service stores; the rest, such as a deletion, is served on an almost full disk too."""
_READ_BUFFER_BYTES = 1024 * 1024
_SECRET_QUERY = frozenset({"sig", "code", "client_secret", "token"})
_AUDIENCES = {
    Service.ARM: ARM_AUDIENCES,
    Service.WORKSPACE_API: (*ARM_AUDIENCES, *ML_AUDIENCES),
    Service.SCORING: ML_AUDIENCES,
    Service.BLOB: STORAGE_AUDIENCES,
}


@dataclass(slots=True)
class _Call:
    """A request and what the steps found out about it."""

    request: web.Request
    host: str
    service: Service | None
    sequence: int = 0
    fault: Fault | None = None


_Handler = Callable[[_Call], Awaitable[web.StreamResponse]]
_Step = Callable[[_Call, _Handler], Awaitable[web.StreamResponse]]


def _then(step: _Step, rest: _Handler) -> _Handler:
    return lambda call: step(call, rest)


class _Connection(web.RequestHandler):
    """An HTTP connection that acknowledges reads at once (see ``acknowledge_at_once``)."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        if self.transport is not None:
            acknowledge_at_once(self.transport.get_extra_info("socket"))
        super().data_received(data)


class Front:
    """Answers every request that reaches an emulated host.

    ``web_handlers`` serve whole hosts with raw HTTP (sign-in, blobs); the router serves the others as JSON. A blob
    request's ``request["principal"]`` is the principal of its bearer token, absent without one.
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
        # Each step is given the rest of them, as aiohttp's middlewares are.
        steps: tuple[_Step, ...] = (
            self._lose_connections,
            self._answer_without_journal,
            self._journal,
            self._read_whole,
            self._inject_faults,
            self._refuse,
            self._sign_in,
        )
        self._answer: _Handler = self._serve
        for step in reversed(steps):
            self._answer = _then(step, self._answer)

    async def start(self) -> Callable[[], asyncio.Protocol]:
        """Start; return the factory for the protocol of an accepted connection."""
        application = web.Application(client_max_size=_BODY_LIMIT_BYTES)
        # A dot would leave out line ends, which a path may have percent-encoded.
        application.router.add_route("*", r"/{path:[\s\S]*}", self._handle)
        application.on_response_prepare.append(stamp)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        server, loop = self._runner.server, asyncio.get_running_loop()
        if server is None:
            raise RuntimeError("aiohttp set up no server")
        return lambda: _Connection(server, loop=loop, read_bufsize=_READ_BUFFER_BYTES, auto_decompress=False)

    async def close(self) -> None:
        """Give requests in flight a moment to finish, then close every connection."""
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
        return await self._answer(_Call(request, host, service_of(host)))

    async def _lose_connections(self, call: _Call, rest: _Handler) -> web.StreamResponse:
        """Close the connection where a fault says so."""
        try:
            return await rest(call)
        except injection.ConnectionLost:
            injection.reset(call.request.transport)
            return web.Response(status=499)

    async def _answer_without_journal(self, call: _Call, rest: _Handler) -> web.StreamResponse:
        """Refuse a request that cannot even be recorded, because the disk is full."""
        try:
            return await rest(call)
        except sqlite3.Error as error:
            if not disk.is_full(error):
                raise
            return self._no_space(call)

    async def _journal(self, call: _Call, rest: _Handler) -> web.StreamResponse:
        """Number the request, record its arrival and its outcome, and notify waiters."""
        request, started = call.request, time.perf_counter()
        call.sequence = self._store.journal_begin(
            {
                "method": request.method,
                "host": call.host,
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
            response = await rest(call)
            status = response.status
        finally:
            principal: Principal | None = request.get("principal")
            try:
                self._store.journal_end(
                    call.sequence,
                    status=status,
                    principal=None if principal is None else principal.name,
                    milliseconds=round((time.perf_counter() - started) * 1000, 1),
                )
            except sqlite3.Error as error:
                # The service has acted: its answer must not be lost.
                if not disk.is_full(error):
                    raise
                _log.warning("request %d: its outcome is not in the journal, because the disk is full", call.sequence)
            await self._tell_waiting()
        return response

    async def _tell_waiting(self) -> None:
        async with self._journalled:
            self._journalled.notify_all()

    async def _read_whole(self, call: _Call, rest: _Handler) -> web.StreamResponse:
        """Read the body, but for hosts that stream it.

        A complete request is served even if its client is gone by then: a delay must not undo it.
        """
        if call.service not in self._web_handlers:
            try:
                await call.request.read()
            except web.HTTPRequestEntityTooLarge:
                error = ArmError(413, "RequestEntityTooLarge", "The request is larger than 4 MiB.")
                return refusal(call.request, call.service, error)
        return await rest(call)

    async def _inject_faults(self, call: _Call, rest: _Handler) -> web.StreamResponse:
        """Apply a fault, before the service acts or after it has answered."""
        call.fault = self._faults.meet(call.request.method, call.host + call.request.path)
        if call.fault is None:
            return await rest(call)
        error = await injection.before(call.fault)
        if error is not None:
            return refusal(call.request, call.service, error)
        response = await rest(call)
        injection.after(call.fault)
        return response

    async def _refuse(self, call: _Call, rest: _Handler) -> web.StreamResponse:
        """Turn errors into answers."""
        request = call.request
        try:
            return await rest(call)
        except ArmError as error:
            return refusal(request, call.service, error)
        except (web.HTTPException, ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - the last resort, which logs it
            if disk.is_full(error):
                return self._no_space(call)
            # Not 500: clients retry that with long waits, which does not help with a bug of the sandbox.
            _log.exception("request %d: %s https://%s%s", call.sequence, request.method, call.host, request.path)
            message = f"The sandbox failed on request {call.sequence}: {error!r}. The traceback is in log/server.log."
            return refusal(request, call.service, ArmError(501, "SandboxDefect", message))

    def _no_space(self, call: _Call) -> web.Response:
        """Return the refusal of a full disk; not 507, which storage clients retry for a minute and more."""
        message = disk.told(self._store.folder)
        _log.error(
            "request %d: %s https://%s%s: %s", call.sequence, call.request.method, call.host, call.request.path, message
        )
        return refusal(call.request, call.service, ArmError(501, "InsufficientStorage", message))

    async def _sign_in(self, call: _Call, rest: _Handler) -> web.StreamResponse:
        """Find out whose token the request carries, where the service wants one."""
        given = call.request.headers.get("Authorization")
        match call.service:
            case None | Service.REFUSED | Service.LOGIN:
                audiences = None
            case Service.WORKSPACE_API if call.request.path.startswith("/discovery"):
                audiences = None
            case Service.BLOB if not (given or "").lower().startswith("bearer "):
                # Signed with the account's key or a SAS, which the storage service judges.
                audiences = None
            case service:
                audiences = _AUDIENCES[service]
        if audiences is not None:
            call.request["principal"] = self._directory.authenticate(given, audiences)
        return await rest(call)

    async def _serve(self, call: _Call) -> web.StreamResponse:
        """Let the service answer."""
        if call.service is None or call.service is Service.REFUSED:
            raise not_modelled(f"the host '{call.host}'")
        handler = self._web_handlers.get(call.service)
        if handler is not None:
            return await handler(call.request)
        if call.request.method in _GROWING:
            disk.require(self._store.folder)
        operation_fault = call.fault.operation_fault() if call.fault else None
        try:
            request = await arm_request(call.request, call.host, call.sequence, operation_fault)
        except ArmError:
            # The body of a template's deployment is not JSON, but that is not what is wrong with it here.
            if not self._router.serves(call.host, path_of(call.request)):
                raise not_modelled(f"{call.request.method} https://{call.host}{path_of(call.request)}") from None
            raise
        origin = announced(request)
        if origin is not None:
            # Before it is served, so that the server cannot die in between.
            remember(self._store, request.path, origin)
        answer = await self._router.dispatch(request)
        return json_answer(answer.status, answer.body, answer.headers, has_null=answer.has_null)
