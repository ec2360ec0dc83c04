"""The control API: plain HTTP on 127.0.0.1, for the command line and tests, not for clients of the services."""

import asyncio
import hmac
import re
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from sandbox.azure.arm import disk
from sandbox.azure.arm.operations import let_hanging_go_on
from sandbox.azure.arm.store import Store
from sandbox.azure.circumstances import all_switches, turn
from sandbox.azure.directory import TOKEN_SECONDS, Directory
from sandbox.azure.environments.preview import Rehearsal
from sandbox.edge.faults import Faults
from sandbox.edge.front import Front
from sandbox.edge.proxy import listen
from sandbox.server_record import PAGE, REHEARSAL

_WAIT_SECONDS = 60.0
_BAD_INPUT = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError, re.error)
"""What handlers raise for a body or a parameter of another shape."""


class Control:
    """Health, journal, resources, faults, tokens, stock, page, stop; each request needs the control token as bearer."""

    def __init__(
        self,
        *,
        token: str,
        about: Mapping[str, Any],
        store: Store,
        faults: Faults,
        front: Front,
        directory: Directory,
        rehearsal: Rehearsal,
        inputs: Callable[[Sequence[str]], list[str]],
        stock: Callable[[Any], Awaitable[str]],
        page: Callable[[], str],
        stop: Callable[[], None],
    ) -> None:
        self._token = token
        self._about = dict(about)
        self._store = store
        self._faults = faults
        self._front = front
        self._directory = directory
        self._rehearsal = rehearsal
        self._inputs = inputs
        self._stock = stock
        self._page = page
        self._stop = stop
        self._runner: web.AppRunner | None = None

    async def start(self, port: int) -> int:
        """Listen on ``port``, or on a free one if it is 0 or taken; return the port."""
        application = web.Application(middlewares=[self._guard])
        application.add_routes(
            [
                web.get("/health", self._health),
                web.get("/journal", self._journal),
                web.get("/work", self._work),
                web.get("/resources", self._resources),
                web.get("/faults", self._list_faults),
                web.post("/faults", self._add_fault),
                web.delete("/faults", self._clear_faults),
                web.get("/switches", self._show_switches),
                web.post("/switches", self._turn_switches),
                web.post("/stock", self._add_stock),
                web.get("/wait", self._wait),
                web.get("/token", self._issue),
                web.post("/stop", self._end),
                web.post(REHEARSAL, self._rehearse),
                web.post(PAGE, self._open_page),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        listener = listen(port)
        await web.SockSite(self._runner, listener).start()
        return int(listener.getsockname()[1])

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if request.path == REHEARSAL:  # a preview knows an address and nothing more
            given = request.query.get("token", "")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return web.json_response({"error": "the control token is missing or wrong"}, status=401)
        try:
            return await handler(request)
        except web.HTTPException as error:  # no such path, or not with this method
            return web.json_response({"error": f"{request.method} {request.path}: {error.reason}"}, status=error.status)
        except _BAD_INPUT as error:
            return web.json_response({"error": str(error) or repr(error)}, status=400)
        except (OSError, sqlite3.Error) as error:
            if disk.is_full(error):
                return web.json_response({"error": disk.told(self._store.folder)}, status=507)
            if isinstance(error, sqlite3.Error):
                raise
            return web.json_response({"error": str(error)}, status=400)

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response(self._about)

    async def _journal(self, request: web.Request) -> web.Response:
        return web.json_response(self._store.journal(int(request.query.get("after", "0"))))

    async def _work(self, request: web.Request) -> web.Response:
        return web.json_response(self._store.work(int(request.query.get("after", "0"))))

    async def _resources(self, _: web.Request) -> web.Response:
        rows = [
            {
                "id": each.id,
                "type": each.type,
                "created": each.created,
                "modified": each.modified,
                "deleted": each.deleted,
            }
            for each in [*self._store.below(""), *self._store.soft_deleted()]
        ]
        return web.json_response(rows)

    async def _list_faults(self, _: web.Request) -> web.Response:
        return web.json_response([fault.to_json() for fault in self._faults.all()])

    async def _add_fault(self, request: web.Request) -> web.Response:
        return web.json_response(self._faults.add(await request.json()).to_json(), status=201)

    async def _clear_faults(self, _: web.Request) -> web.Response:
        self._faults.clear()
        let_hanging_go_on(self._store)
        return web.json_response({})

    async def _show_switches(self, _: web.Request) -> web.Response:
        return web.json_response(all_switches(self._store))

    async def _turn_switches(self, request: web.Request) -> web.Response:
        turn(self._store, await request.json())
        return web.json_response(all_switches(self._store))

    async def _add_stock(self, request: web.Request) -> web.Response:
        return web.json_response({"added": await self._stock(await request.json())})

    async def _wait(self, request: web.Request) -> web.Response:
        """Answer once ``count`` journal entries match ``method`` and ``path``; 408 if that takes too long.

        ``finished=false`` also counts requests that were not answered yet.
        """
        query = request.query
        method = re.compile(query.get("method", ".*"), re.IGNORECASE)
        path = re.compile(query.get("path", ""), re.IGNORECASE)
        finished = query.get("finished", "true") == "true"

        def matches(entry: dict[str, Any]) -> bool:
            return (
                method.fullmatch(entry["method"]) is not None
                and path.search(entry["host"] + entry["path"]) is not None
                and (not finished or "status" in entry)
            )

        count, after = int(query.get("count", "1")), int(query.get("after", "0"))
        try:
            async with asyncio.timeout(float(query.get("timeout", _WAIT_SECONDS))):
                found = await self._front.journal_reaches(count, matches, after)
        except TimeoutError:
            found = sum(1 for entry in self._store.journal(after) if matches(entry))
            return web.json_response({"error": f"{found} of {count} entries match", "found": found}, status=408)
        return web.json_response({"found": found})

    async def _issue(self, request: web.Request) -> web.Response:
        """Issue an access token without signing in: ``principal`` (a name or object id), ``audience``, ``seconds``."""
        name = request.query.get("principal", "deployer")
        account = self._directory.accounts.get(name)
        principal = account.principal if account else self._directory.principal(name)
        if principal is None:
            raise ValueError(
                f"principal is '{name}'; allowed: {', '.join(self._directory.accounts)}, or an identity's object id"
            )
        audience = request.query.get("audience", "https://management.azure.com")
        seconds = int(request.query.get("seconds", TOKEN_SECONDS))
        return web.json_response({"token": self._directory.issue(principal, audience, seconds=seconds)})

    async def _rehearse(self, request: web.Request) -> web.Response:
        """Answer what of a preview's ``deployments`` can be rehearsed, or which ``inputs`` a job cannot read here."""
        asked = await request.json()
        if "inputs" in asked:
            return web.json_response({"sentences": self._inputs(asked["inputs"])})
        return web.json_response({"sentences": await self._rehearsal.answer(asked["deployments"])})

    async def _open_page(self, _: web.Request) -> web.Response:
        """Answer an address that opens the page in the browser, once."""
        return web.json_response({"address": self._page()})

    async def _end(self, _: web.Request) -> web.Response:
        # Answer first: the caller then waits for the process, not for this connection.
        asyncio.get_running_loop().call_later(0.01, self._stop)
        return web.json_response({})
