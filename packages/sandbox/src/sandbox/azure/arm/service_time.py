"""The time that the services take, and the record of what they did in it: began, ended, and which request asked."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.latencies import Latencies
from sandbox.azure.arm.requests import ArmRequest
from sandbox.azure.arm.store import Store


@dataclass(frozen=True, slots=True)
class Work:
    """Something that a service is doing: its number in the record, and its end if that is known."""

    number: int
    due: float | None
    """Unix seconds."""


class ServiceTime:
    """Lets work take its time; without latencies, it only keeps the record."""

    def __init__(self, store: Store, latencies: Latencies | None = None) -> None:
        self._store = store
        self.latencies = latencies or Latencies()
        self._closed = asyncio.Event()

    def close(self) -> None:
        """End all waiting of requests."""
        self._closed.set()

    def begin(self, what: str, subject: str, sequence: int, *, ends: bool = True) -> Work:
        """Record the begin of work on a resource or a job, and its end if it has a duration (and ``ends`` at all).

        ``sequence`` is the number of the request that asked for it, in the journal.
        """
        began, seconds = time.time(), self.latencies.azure_seconds(what)
        due = None if seconds is None else began + self.latencies.here(seconds)
        number = self._store.work_begin(
            {
                "what": what,
                "subject": subject,
                "request": sequence,
                "began": began,
                "ended": due if ends else None,
                "azureSeconds": seconds,
            }
        )
        return Work(number, due)

    def end(self, work: Work) -> None:
        """Record that work ends now."""
        self._store.work_end(work.number, time.time())

    @contextlib.asynccontextmanager
    async def taken(self, what: str, subject: str, sequence: int) -> AsyncIterator[None]:
        """Record the work inside, after the wait that Azure's duration asks for."""
        work = self.begin(what, subject, sequence, ends=False)
        try:
            if work.due is not None:
                await asyncio.sleep(work.due - time.time())
            yield
        finally:
            self.end(work)

    async def pass_for(self, request: ArmRequest) -> None:
        """Wait as long as Azure works on a request that it answers at the end."""
        verbs = {"PUT": "create" if self._store.get(request.path) is None else "update", "DELETE": "delete"}
        verb = verbs.get(request.method)
        what = f"{verb} {ArmId.parse(request.path).type}"
        if not self.latencies.holds_answer(what):
            return
        work = self.begin(what, request.path, request.sequence)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), (work.due or 0) - time.time())
