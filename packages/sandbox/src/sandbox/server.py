"""The sandbox's server process: puts the edge, the services and the store together and runs until it is told to stop.

Started by ``sandbox.commands.lifecycle`` in a session of its own; ``python -m sandbox.server`` is not for people.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import secrets
import signal
import time
from pathlib import Path
from typing import Any

from sandbox import named_principals
from sandbox.azure import machine_learning
from sandbox.azure.arm.operations import Operations
from sandbox.azure.arm.routes import Router
from sandbox.azure.arm.store import Store
from sandbox.azure.authorization.bootstrap import Prerequisites
from sandbox.azure.authorization.evaluation import Authorization
from sandbox.azure.blobs.front import BlobFront
from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.directory import Directory, signing_key
from sandbox.azure.jobs.context import JobContext
from sandbox.azure.jobs.runner import JobRunner
from sandbox.azure.readings import PROFILES
from sandbox.azure.services import authorization, managed_identity, monitor, registry, resources, storage, vault
from sandbox.azure.services.login import Login
from sandbox.azure.world import World
from sandbox.edge.certificates import Certificates
from sandbox.edge.control import Control
from sandbox.edge.faults import Faults
from sandbox.edge.front import Front, WebHandler
from sandbox.edge.hosts import Service
from sandbox.edge.proxy import Proxy
from sandbox.home import REPOSITORY, Facts, Home, write_private

_log = logging.getLogger("sandbox.server")

SERVICES = (resources, authorization, managed_identity, storage, vault, registry, monitor, machine_learning)
"""What registers routes, in the order in which they are tried."""

_WATCH_SECONDS = 1.0


class Server:
    """One running sandbox."""

    def __init__(self, home: Home, profile: str) -> None:
        self._home = home
        self._profile = profile
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Make ``run`` return, after the requests in flight."""
        self._stopping.set()

    async def run(self, ready: int | None) -> None:
        """Serve until ``stop``, a signal, or the loss of the folder; write to the descriptor ``ready`` once up."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        facts = self._home.prepare()
        # Closed in the reverse of this order: no new connection, no request in flight, no job, then the files.
        async with contextlib.AsyncExitStack() as closing:
            store = closing.enter_context(Store(self._home.store))
            blobs = closing.enter_context(contextlib.closing(BlobStore(self._home.root / "blobs")))
            world = self._world(facts, store, blobs)
            world.jobs.recover()
            closing.push_async_callback(world.jobs.close)
            for service in SERVICES:
                service.register(world)
            listening = await self._listen(facts, world, closing)
            for file in (self._home.ports_file, self._home.server_file):
                write_private(file, json.dumps(listening))
            _log.info("ready: proxy on 127.0.0.1:%s, profile %s", listening["proxyPort"], self._profile)
            if ready is not None:
                os.write(ready, b"ready")
                os.close(ready)
            await self._until_stopped()
        if _read(self._home.server_file).get("pid") == os.getpid():
            self._home.server_file.unlink(missing_ok=True)
        _log.info("stopped")

    def _world(self, facts: Facts, store: Store, blobs: BlobStore) -> World:
        object_ids = {name: account.principal.object_id for name, account in facts.accounts.items()}
        names = {object_id.lower(): name for name, object_id in object_ids.items()}

        def acts_for(object_id: str) -> frozenset[str]:
            return named_principals.acted_for(self._home.root, names.get(object_id.lower(), ""))

        def kind_of(object_id: str) -> str | None:
            own = object_id.lower() in names
            return "ServicePrincipal" if own else named_principals.kind_of(self._home.root, object_id)

        asked = Prerequisites.read(REPOSITORY / "prerequisites")
        permitted = Authorization(
            store,
            asked.assignments(facts.subscription_id, object_ids),
            acts_for,
            asked.definitions(facts.subscription_id),
        )
        switches = PROFILES[self._profile]
        return World(
            subscription_id=facts.subscription_id,
            tenant_id=facts.tenant_id,
            store=store,
            operations=Operations(store),
            router=Router(store, facts.subscription_id, permitted.require),
            authorization=permitted,
            switches=switches,
            blobs=blobs,
            jobs=JobRunner(JobContext(self._home.root / "jobs", store, blobs, permitted, switches)),
            kind_of=kind_of,
        )

    async def _listen(self, facts: Facts, world: World, closing: contextlib.AsyncExitStack) -> dict[str, Any]:
        """Open the ports, the same as last time if they are free; return what ``server.json`` says."""
        before = _read(self._home.ports_file)
        directory, faults = Directory(facts, signing_key(self._home)), Faults()
        web_handlers: dict[Service, WebHandler] = {
            Service.LOGIN: Login(directory).handle,
            Service.BLOB: BlobFront(world.store, world.blobs, world.authorization, world.tenant_id).handle,
        }
        front = Front(world.store, world.router, directory, faults, web_handlers)
        proxy = Proxy(Certificates.of(self._home), await front.start(), world.store)
        token = before.get("controlToken") or secrets.token_urlsafe(24)
        about = {"pid": os.getpid(), "profile": self._profile, "started": time.time()}
        control = Control(
            token=token, about=about, store=world.store, faults=faults, front=front, directory=directory, stop=self.stop
        )
        closing.push_async_callback(control.close)
        closing.push_async_callback(front.close)
        # A request that a delay holds would hold the end as well.
        closing.callback(faults.clear)
        closing.push_async_callback(proxy.close)
        return about | {
            "proxyPort": proxy.start(before.get("proxyPort", 0)),
            "controlPort": await control.start(before.get("controlPort", 0)),
            "controlToken": token,
        }

    async def _until_stopped(self) -> None:
        """Wait for ``stop``; a server whose folder was removed, or taken over, ends itself."""
        while not self._stopping.is_set():
            try:
                await asyncio.wait_for(self._stopping.wait(), _WATCH_SECONDS)
            except TimeoutError:
                if _read(self._home.server_file).get("pid") != os.getpid():
                    _log.warning("SANDBOX_HOME '%s' is gone or another server's: ending", self._home.root)
                    self.stop()


def _read(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def main() -> None:
    """Run the server in the foreground."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.server")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--profile", choices=sorted(PROFILES), required=True)
    parser.add_argument("--ready", type=int, help="descriptor to write to when the server is up")
    arguments = parser.parse_args()
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(Server(Home(arguments.home), arguments.profile).run(arguments.ready))


if __name__ == "__main__":
    main()
