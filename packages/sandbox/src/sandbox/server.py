"""The sandbox's server process: combines the edge, the services and the store, and runs until it is stopped.

``sandbox.commands.lifecycle`` starts it in its own session; do not run ``python -m sandbox.server`` yourself.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import secrets
import signal
import time
from functools import partial
from pathlib import Path

from sandbox import server_log
from sandbox.azure import machine_learning
from sandbox.azure.arm.latencies import PROFILES as LATENCIES
from sandbox.azure.arm.latencies import Latencies
from sandbox.azure.arm.operations import Operations
from sandbox.azure.arm.routes import Router
from sandbox.azure.arm.service_time import ServiceTime
from sandbox.azure.arm.store import Resource, Store
from sandbox.azure.authorization.bootstrap import Prerequisites
from sandbox.azure.authorization.evaluation import Authorization
from sandbox.azure.blobs.front import BlobFront
from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.circumstances import uses_package_index
from sandbox.azure.directory import Directory
from sandbox.azure.environments.preview import Rehearsal
from sandbox.azure.environments.provider import Environments, remove_drafts
from sandbox.azure.jobs.context import JobContext
from sandbox.azure.jobs.runner import JobRunner
from sandbox.azure.machine_learning.jobs.inputs import sentences
from sandbox.azure.machine_learning.stock.intake import Intake
from sandbox.azure.named import Names
from sandbox.azure.readings import PROFILES
from sandbox.azure.services import (
    authorization,
    logic,
    managed_identity,
    monitor,
    registry,
    resources,
    storage,
    subscriptions,
    vault,
)
from sandbox.azure.services.login import Login
from sandbox.azure.world import World
from sandbox.edge.certificates import Certificates
from sandbox.edge.control import Control
from sandbox.edge.faults import Faults
from sandbox.edge.front import Front, WebHandler
from sandbox.edge.hosts import Service
from sandbox.edge.proxy import Proxy
from sandbox.home import Facts, Home
from sandbox.page.site import Site
from sandbox.server_record import Options, ServerRecord

_log = logging.getLogger("sandbox.server")

SERVICES = (
    subscriptions,
    resources,
    authorization,
    managed_identity,
    storage,
    vault,
    registry,
    monitor,
    logic,
    machine_learning,
)
"""The modules that register routes, in matching order."""

_WATCH_SECONDS = 1.0


class Server:
    """One running sandbox, with the options that ``sandbox.commands.lifecycle.start`` explains."""

    def __init__(self, home: Home, options: Options) -> None:
        self._home = home
        self._options = options
        self._profile = options.profile
        self._prerequisites = options.prerequisites
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let ``run`` return after the requests in flight."""
        self._stopping.set()

    async def run(self, ready: int | None) -> None:
        """Serve until ``stop``, a signal, or the loss of the folder; write to the descriptor ``ready`` when started."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        facts = self._home.prepare()
        # Closed in reverse order: no new connection, no request in flight, no job, then the files.
        async with contextlib.AsyncExitStack() as closing:
            store = closing.enter_context(Store(self._home.store))
            blobs = closing.enter_context(contextlib.closing(BlobStore(self._home.root / "blobs")))
            directory = Directory(self._home.root, facts.tenant_id, facts.accounts, self._home.signing_key(), store)
            service_time = ServiceTime(store, Latencies(LATENCIES[self._options.latency], self._options.time_scale))
            world = self._world(facts, store, blobs, directory, service_time)
            world.jobs.recover()
            closing.push_async_callback(world.jobs.close)
            for service in SERVICES:
                service.register(world)
            record = await self._listen(world, directory, closing)
            # A request that takes its time would also delay the end.
            closing.callback(service_time.close)
            for file in (self._home.ports_file, self._home.server_file):
                record.write(file)
            _log.info("ready: proxy on 127.0.0.1:%s, profile %s", record.proxy_port, self._profile)
            if ready is not None:
                os.write(ready, b"ready")
                os.close(ready)
            await self._until_stopped()
        if self._is_ours():
            self._home.server_file.unlink(missing_ok=True)
        _log.info("stopped")

    def _world(
        self, facts: Facts, store: Store, blobs: BlobStore, directory: Directory, service_time: ServiceTime
    ) -> World:
        object_ids = {name: account.principal.object_id for name, account in facts.accounts.items()}
        asked = Prerequisites.read(self._prerequisites)
        permitted = Authorization(
            store,
            asked.assignments(facts.subscription_id, object_ids),
            directory.acts_for,
            asked.definitions(facts.subscription_id),
        )
        switches = PROFILES[self._profile]
        return World(
            subscription_id=facts.subscription_id,
            tenant_id=facts.tenant_id,
            store=store,
            operations=Operations(store, service_time=service_time),
            router=Router(store, facts.subscription_id, permitted.require, service_time),
            authorization=permitted,
            switches=switches,
            blobs=blobs,
            jobs=JobRunner(
                JobContext(
                    self._home.root / "jobs",
                    store,
                    blobs,
                    permitted,
                    switches,
                    self._environments(store),
                    service_time,
                )
            ),
            kind_of=directory.kind_of,
        )

    def _environments(self, store: Store) -> Environments:
        remove_drafts(self._home.environments)
        return Environments(self._home.environments, lambda: uses_package_index(store))

    async def _listen(self, world: World, directory: Directory, closing: contextlib.AsyncExitStack) -> ServerRecord:
        """Open the ports, the same as last time if they are free; return the content for ``server.json``."""
        before = ServerRecord.read(self._home.ports_file)
        faults = Faults()
        web_handlers: dict[Service, WebHandler] = {
            Service.LOGIN: Login(directory).handle,
            Service.BLOB: BlobFront(world.store, world.blobs, world.authorization, world.tenant_id).handle,
        }
        front = Front(world.store, world.router, directory, faults, web_handlers)
        proxy = Proxy(Certificates.of(self._home), await front.start(), world.store)
        token = before.control_token if before else secrets.token_urlsafe(24)
        started = time.time()
        about = {"pid": os.getpid(), "profile": self._profile, "started": started}
        about |= {"latency": self._options.latency, "timeScale": self._options.time_scale}
        site = Site(
            world,
            self._home.store,
            partial(self._names, asked=Prerequisites.read(self._prerequisites)),
            secret=token,
            about=f"profile {self._profile}",
            folder=str(self._home.root),
        )
        closing.push_async_callback(site.close)
        control = Control(
            token=token,
            about=about,
            store=world.store,
            faults=faults,
            front=front,
            directory=directory,
            rehearsal=Rehearsal(world.jobs.environments, world.store),
            inputs=partial(sentences, world),
            stock=Intake(world).add,
            page=site.address,
            stop=self.stop,
        )
        closing.push_async_callback(control.close)
        closing.push_async_callback(front.close)
        # A request that a delay holds would also delay the end.
        closing.callback(faults.clear)
        closing.push_async_callback(proxy.close)
        return ServerRecord(
            os.getpid(),
            self._profile,
            started,
            proxy_port=proxy.start(before.proxy_port if before else 0),
            control_port=await control.start(before.control_port if before else 0),
            control_token=token,
            latency=self._options.latency,
            time_scale=self._options.time_scale,
            prerequisites=self._prerequisites,
            page_port=await site.start(before.page_port if before else 0),
        )

    def _names(self, resources: list[Resource], asked: Prerequisites) -> Names:
        """Return what the page calls the principals and resources."""
        accounts = {account.principal.object_id: name for name, account in self._home.facts().accounts.items()}
        return Names(resources, accounts, asked.role_names)

    async def _until_stopped(self) -> None:
        """Wait for ``stop``; a server ends by itself if its folder was removed, or taken over."""
        while not self._stopping.is_set():
            try:
                await asyncio.wait_for(self._stopping.wait(), _WATCH_SECONDS)
            except TimeoutError:
                if not self._is_ours():
                    _log.warning(
                        "SANDBOX_HOME '%s' was removed or belongs to another server: stopping", self._home.root
                    )
                    self.stop()

    def _is_ours(self) -> bool:
        """Whether the folder is there and says that this process serves it."""
        record = ServerRecord.read(self._home.server_file)
        return record is not None and record.pid == os.getpid()


def main() -> None:
    """Run the server in the foreground."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.server")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--profile", choices=sorted(PROFILES), required=True)
    parser.add_argument("--latency", choices=sorted(LATENCIES), default="none")
    parser.add_argument("--time-scale", type=float, default=1.0)
    parser.add_argument("--prerequisites", type=Path, help="folder with an administrator's set-up")
    parser.add_argument("--ready", type=int, help="descriptor to write to when the server has started")
    arguments = parser.parse_args()
    home = Home(arguments.home)
    server_log.begin(home.logs / "server.log")
    # Not the working directory of the caller, which must stay removable.
    os.chdir(arguments.home)
    options = Options(arguments.profile, arguments.latency, arguments.time_scale, arguments.prerequisites)
    asyncio.run(Server(home, options).run(arguments.ready))


if __name__ == "__main__":
    main()
