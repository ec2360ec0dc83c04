"""Serves the page: GET only, on 127.0.0.1, to browsers that have entered with a pass.

Everything is read and put together in a thread that has its own connection to the store, so that the services answer
meanwhile.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import jinja2
from aiohttp import web

from sandbox.azure.arm.store import Resource, Store
from sandbox.azure.named import Names
from sandbox.azure.world import World
from sandbox.edge.proxy import listen
from sandbox.page import files, jobs
from sandbox.page.overview import overview
from sandbox.page.sign_in import SignIn, is_local

_log = logging.getLogger(__name__)

_TEMPLATES: Final = Path(__file__).parent / "templates"
_ALWAYS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_NOTHING: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_OWN: Final = "img-src 'self' data:; connect-src 'self'"
_ENTER: Final = "/enter"
_FILES: Final = {"/page.css": "text/css", "/page.js": "text/javascript"}
"""The page's style and script, the same for every sandbox: any browser may have them."""

_T = TypeVar("_T")
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """The pages of one sandbox.

    ``about`` is what the top of each page says of it, ``folder`` where its state is.
    """

    def __init__(
        self,
        world: World,
        store: Path,
        names: Callable[[list[Resource]], Names],
        *,
        secret: str,
        about: str,
        folder: str,
    ) -> None:
        self._world = world
        self._file = store
        self._names = names
        self._about = about
        self._folder = folder
        self._sign_in = SignIn(secret)
        self._port = 0
        self._reading: Store | None = None
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="page")
        self._runner: web.AppRunner | None = None
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"at": _at, "segment": partial(quote, safe="")}

    async def start(self, port: int) -> int:
        """Listen on ``port``, or on a free one if it is 0 or taken; return the port."""
        application = web.Application(middlewares=[self._guard])
        application.router.add_get(_ENTER, self._enter, allow_head=False)
        for path in _FILES:
            application.router.add_get(path, self._show_file, allow_head=False)
        application.router.add_get("/", self._show_overview, allow_head=False)
        application.router.add_get("/jobs/{job}", self._show_job, allow_head=False)
        application.router.add_get("/jobs/{job}/input", self._show_image, allow_head=False)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        listener = listen(port)
        await web.SockSite(self._runner, listener).start()
        self._port = int(listener.getsockname()[1])
        return self._port

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
        await asyncio.to_thread(self._reader.shutdown)
        if self._reading is not None:
            self._reading.close()

    def address(self) -> str:
        """Return an address that opens the page once, in any browser."""
        return f"http://127.0.0.1:{self._port}{_ENTER}?pass={self._sign_in.issue()}"

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Refuse other hosts, other methods and other browsers; add the headers of every answer."""
        answer = await self._answer(request, handler)
        for name, value in _ALWAYS.items():
            answer.headers[name] = value
        answer.headers.setdefault("Content-Security-Policy", _NOTHING)
        return answer

    async def _answer(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if not is_local(request.headers.get("Host", "")):
            return web.Response(status=403, text="This address is not the sandbox's: use http://127.0.0.1.\n")
        if request.method != "GET":
            return web.Response(status=405, text="The page only reads: GET.\n", headers={"Allow": "GET"})
        if request.path not in (_ENTER, *_FILES) and not self._sign_in.knows(request.cookies.get(self._cookie, "")):
            return self._message(401, "This browser is not signed in.")
        try:
            return await handler(request)
        except web.HTTPException as error:
            return self._message(error.status, "There is no such page.")
        except Exception:  # noqa: BLE001 - a defect of the page, not of what runs here
            _log.exception("page %s", request.path)
            return self._message(500, "The sandbox failed to make this page; its log says why.")

    @property
    def _cookie(self) -> str:
        # Browsers send a cookie to all ports of a host, where another sandbox may be.
        return f"sandbox-{self._port}"

    async def _enter(self, request: web.Request) -> web.Response:
        """Take a pass for a cookie."""
        cookie = self._sign_in.enter(request.query.get("pass", ""))
        if cookie is None:
            return self._message(401, "This address was used before, or is too old.")
        # Not a redirect: a browser that comes from elsewhere would not send a strict cookie to where that leads.
        answer = self._page("enter.html")
        answer.set_cookie(self._cookie, cookie, httponly=True, samesite="Strict", path="/")
        return answer

    async def _show_file(self, request: web.Request) -> web.Response:
        text = (_TEMPLATES / request.path.removeprefix("/")).read_text(encoding="utf-8")
        return web.Response(text=text, content_type=_FILES[request.path])

    async def _show_overview(self, request: web.Request) -> web.Response:
        all_jobs = request.query.get("jobs") == "all"
        found = await self._read(lambda world: overview(world, self._names, all_jobs=all_jobs))
        return self._page("overview.html", found=found, folder=self._folder)

    async def _show_job(self, request: web.Request) -> web.Response:
        found = await self._read(lambda world: jobs.job(world, request.match_info["job"]))
        return self._message(404, "There is no such job.") if found is None else self._page("job.html", job=found)

    async def _show_image(self, request: web.Request) -> web.Response:
        name, file = request.match_info["job"], request.query.get("file", "")
        found = await self._read(lambda world: files.image(world, name, file))
        if found is None:
            return self._message(404, "There is no such image.")
        kind, content = found
        return web.Response(
            body=content, content_type=kind, headers={"Content-Security-Policy": f"{_NOTHING}; sandbox"}
        )

    async def _read(self, work: Callable[[World], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._reader, lambda: work(self._read_world()))

    def _read_world(self) -> World:
        """Return the world with the reader's own connection to the store."""
        if self._reading is None:
            self._reading = Store(self._file)
        return replace(self._world, store=self._reading)

    def _page(self, template: str, status: int = 200, **values: Any) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        text = self._templates.get_template(template).render(about=self._about, nonce=nonce, **values)
        policy = f"{_NOTHING}; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; {_OWN}"
        return web.Response(
            status=status,
            body=text.encode("utf-8", "replace"),  # a prediction may have half of a surrogate pair
            content_type="text/html",
            charset="utf-8",
            headers={"Content-Security-Policy": policy},
        )

    def _message(self, status: int, text: str) -> web.Response:
        return self._page("message.html", status, text=text)


def _at(moment: str) -> str:
    """Return an ISO 8601 time as people read it."""
    try:
        return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return moment
