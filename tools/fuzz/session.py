"""A sandbox under random requests: estates one after another, many requests to each, and what is whole afterwards."""

import asyncio
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.azure.arm.routes import ARM_HOST
from sandbox.testing import Sandbox
from tools.fuzz import judge, others
from tools.fuzz.blobs import Blobs
from tools.fuzz.connection import Connections, audience
from tools.fuzz.estate import ML, Estate
from tools.fuzz.exchange import CONTROL, Answer, Request, with_query
from tools.fuzz.generate import Generator

PER_ESTATE = 10_000
"""Requests to one estate; then it is deleted and another one made, because little of it is as it was."""
_CONNECTIONS = 8
_OF_CONTROL = 0.03
_OF_SIGN_IN = 0.03
_OF_BLOBS = 0.25
_TOKEN_SECONDS = 86_400
_ACCEPTED = (200, 201, 202)
_SETTLE_SECONDS = 60.0
_KEPT_PER_DEFECT = 3


class NotWholeError(Exception):
    """The sandbox does not do any more what it should; the text says what."""


@dataclass
class Found:
    """What came of the requests.

    Attributes:
        folder: where requests that show a defect are written.
        origin: ids and number of the estate that requests are about: another sandbox has others.
        kinds: requests by host's part and by what was changed.
        answers: by host's part and class of status.
        defects: how often each was seen, by its words and what the request was made from.
    """

    folder: Path
    origin: dict[str, Any] = field(default_factory=dict)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    defects: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")

    def add(self, request: Request, answer: Answer, seconds: float) -> None:
        """Count an answer; write the request to a file if it shows a defect."""
        self.kinds[part_of(request.host), request.kind] += 1
        self.answers[part_of(request.host), f"{answer.status // 100}xx" if answer.status else "closed"] += 1
        self.slowest = max(self.slowest, (seconds, f"{request.method} {request.about}"))
        words = judge.defect(request, answer)
        if not words:
            return
        name = f"{words} | {request.about}"
        self.defects[name] += 1
        if self.defects[name] <= _KEPT_PER_DEFECT:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = self.folder / f"defect-{len(self.defects)}-{self.defects[name]}.json"
            request.write(file, answer, self.origin)
            print(f"DEFECT {name}\n  again: python -m tools.fuzz --replay {file}", flush=True)


def part_of(host: str) -> str:
    """Return the row of the table that a host belongs to."""
    if host == ARM_HOST:
        return "Resource Manager"
    if host == CONTROL:
        return "control API"
    ends = {
        ".blob.core.windows.net": "blobs",
        ".inference.ml.azure.com": "scoring",
        "login.microsoftonline.com": "sign-in",
    }
    return next((part for end, part in ends.items() if host.endswith(end)), "workspace API")


def tokens(place: Sandbox) -> dict[tuple[str, str], str]:
    """Return tokens of all principals for all audiences, and the control token."""
    hosts = (ARM_HOST, "x.inference.ml.azure.com", "x.blob.core.windows.net")
    found = {
        (who, audience(host)): place.control.token(who, audience(host), _TOKEN_SECONDS)
        for who in place.facts.accounts
        for host in hosts
    }
    return found | {("control", CONTROL): place.server.control_token}


class Session:
    """One run of the fuzzer in a sandbox."""

    def __init__(self, place: Sandbox, seed: int, found: Found) -> None:
        self._place = place
        self._chance = random.Random(seed)  # noqa: S311 - not for secrets
        self._found = found
        self._tokens = tokens(place)

    async def run(self, requests: int, seconds: float) -> None:
        """Send so many requests, or for so long.

        Raises:
            NotWholeError: a good deployment is refused, or its job fails.
        """
        deadline = time.monotonic() + seconds
        left = requests
        # Only the control API makes a registry.
        registry = Estate(self._place.facts, 0).names["registry"]
        self._place.server.control("POST", "/stock", {"what": "registry", "registry": registry, "name": ""})
        numbers = itertools.count()
        while left > 0 and time.monotonic() <= deadline:
            number = next(numbers)
            estate = Estate(self._place.facts, number)
            self._found.origin = {
                "subscription": self._place.subscription,
                "tenant": self._place.tenant,
                "estate": number,
            }
            await self.build(estate)
            count = min(left, PER_ESTATE)
            left -= count
            await self._data(estate, count, deadline)
            await self._control(int(count * _OF_CONTROL))
            await self._remove(estate)
            sent = self._found.kinds.total()
            print(f"{sent} requests, {len(self._found.defects)} defects", flush=True)
        last = Estate(self._place.facts, next(numbers))
        await self.build(last)

    async def build(self, estate: Estate) -> None:
        """Make an estate and let a job complete.

        Raises:
            NotWholeError: something is refused, or the job does not complete.
        """
        async with self._connections() as connections:
            for step in estate.steps():
                await self._settled(connections, step)
            identity = await connections.send(_read(estate.identity, "2023-01-31"))
            for step in estate.steps(json.loads(identity.body)["properties"]["principalId"]):
                await self._settled(connections, step)
            started = await connections.send(estate.job())
            if started.status not in _ACCEPTED:
                raise NotWholeError(f"the job was refused: {started.status} {started.body.decode()}")
            path = f"{estate.workspace}/jobs/{json.loads(started.body)['name']}"

            def ended(job: dict[str, Any]) -> bool:
                if job["properties"]["status"] in ("Failed", "Canceled"):
                    raise NotWholeError(f"the job of {estate.endpoint} ended as {job['properties']['status']}")
                return bool(job["properties"]["status"] == "Completed")

            await _polled(connections, _read(path, ML), ended)

    async def _settled(self, connections: Connections, step: Request) -> None:
        answer = await connections.send(step)
        if answer.status not in _ACCEPTED:
            raise NotWholeError(f"{step.method} {step.target}: {answer.status} {answer.body.decode(errors='replace')}")
        if step.host == ARM_HOST:
            read = Request("GET", ARM_HOST, step.target, principal=step.principal)
            await _polled(connections, read, _is_made)

    async def _data(self, estate: Estate, count: int, deadline: float) -> None:
        generator, blobs = Generator(self._chance, estate), Blobs(self._chance, estate)
        left = itertools.count(1)

        def made() -> Request:
            part = self._chance.random()
            if part < _OF_BLOBS:
                return blobs.request()
            if part < _OF_BLOBS + _OF_SIGN_IN:
                return others.sign_in(self._chance, self._place.facts)
            return generator.request()

        async def work() -> None:
            async with self._connections() as connections:
                while next(left) <= count and time.monotonic() < deadline:
                    generator.learn(await self._exchange(connections, made()))

        async with asyncio.TaskGroup() as group:
            for _ in range(_CONNECTIONS):
                group.create_task(work())

    async def _control(self, count: int) -> None:
        """Send control requests alone: a fault that one of them plants must not meet others."""
        async with self._connections() as connections:
            for _ in range(count):
                await self._exchange(connections, others.control(self._chance))
        self._restore()

    def _restore(self) -> None:
        self._place.control.clear_faults()
        self._place.switch(callerAddress="203.0.113.7", rolePropagationPolls=0, packageIndex=False)

    async def _remove(self, estate: Estate) -> None:
        async with self._connections() as connections:
            await self._exchange(connections, Request("DELETE", ARM_HOST, f"{estate.group}?api-version=2024-03-01"))

    async def _exchange(self, connections: Connections, request: Request) -> Answer:
        began = time.monotonic()
        answer = await connections.send(request)
        self._found.add(request, answer, time.monotonic() - began)
        return answer

    def _connections(self) -> Connections:
        return Connections(self._place.home, self._place.server, self._tokens)


def _read(path: str, version: str) -> Request:
    return Request("GET", ARM_HOST, with_query(path, [("api-version", version)]))


def _is_made(resource: dict[str, Any]) -> bool:
    return bool((resource.get("properties") or {}).get("provisioningState", "Succeeded") == "Succeeded")


async def _polled(connections: Connections, request: Request, done: Callable[[dict[str, Any]], bool]) -> None:
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        answer = await connections.send(request)
        if answer.status == 200 and done(json.loads(answer.body)):  # noqa: PLR2004
            return
        if time.monotonic() > deadline:
            raise NotWholeError(f"{request.target} did not settle: {answer.status} {answer.body.decode()}")
        await asyncio.sleep(0.02)
