"""The worker behind the release hook: one process that carries out many plans at once, and a limit on how many.

Why a process and not threads of the program: every resource registration occupies a thread of the loop's default
executor, so hooks that also need one of its threads deadlock (docs/adr/0001). Why one process and not one for each
plan: docs/adr/0010.
"""

import asyncio
import contextlib
import os
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from modelops.runner.log import usable_log
from modelops.runner.process import Worker, WorkerFailed, WorkerStopped
from modelops.runner.protocol import Done, Progress, Request

__all__ = ["WorkerFailed", "WorkerPool", "WorkerStopped", "pool", "use_pool"]

DEADLINE_SECONDS: Final = 3600.0
"""Time limit of a release without its try-outs, from when a worker starts it: large models take tens of minutes to
upload and deploy."""

PLANS_AT_ONCE: Final = 100
"""A release mostly waits, so the number of cores does not matter. Memory: about 1 MiB each. The service has room for
100 batch endpoints in a region (docs/adr/0010)."""

_pool: "WorkerPool | None" = None


def pool() -> "WorkerPool":
    """The program's pool, created on first use."""
    if _pool is None:
        use_pool(WorkerPool([sys.executable, "-m", "modelops", "worker"], _environment(), usable_log()))
    assert _pool is not None  # noqa: S101 - set one line above
    return _pool


def use_pool(workers: "WorkerPool") -> None:
    """Make the releases of this program use other workers; for tests."""
    global _pool  # noqa: PLW0603 - one pool for each program, like the engine's monitor
    _pool = workers


class WorkerPool:
    """A worker that is started when it is needed, and replaced when it has ended."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        size: int = PLANS_AT_ONCE,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        """Start nothing yet.

        Args:
            command: what to run, program first.
            environment: its whole environment.
            log: file for the worker's standard error; overwritten when it exceeds 5 MB.
            size: number of plans that are carried out at once; the others wait.
            deadline_seconds: time limit of one plan, from when the worker starts it.
        """
        self.log: Final = log
        self._command = command
        self._environment = environment
        self._free = size
        self.deadline_seconds: Final = deadline_seconds
        self._waiting: deque[tuple[str, asyncio.Future[None]]] = deque()
        self._starting = asyncio.Lock()
        # Kept until the end: asyncio kills a process when its last reference is gone, even in the middle of a request.
        self._started: list[Worker] = []
        self._preparing: asyncio.Future[None] | None = None
        self._stopped = False
        self._running = 0
        self._done = asyncio.Event()

    @property
    def is_stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    async def until_idle(self) -> None:
        """Wait until every `run` has ended."""
        while self._running:
            self._done.clear()
            await self._done.wait()

    async def run(
        self, request: Request, on_event: Callable[[Progress], None], deadline_seconds: float | None = None
    ) -> Done:
        """Carry out one plan.

        Args:
            request: the plan, with an id that no other plan of this program has.
            on_event: called with every event in between, and with a `Heartbeat` after 30 s without one.
            deadline_seconds: instead of the pool's default.

        Returns:
            The worker's last event.

        Raises:
            WorkerFailed: the release failed, or its worker died or could not be started.
            WorkerStopped: `stop` was called or the deadline passed; the plan only finishes its requests in flight.
        """
        self._running += 1
        try:
            await self._take_place(request.id)
            return await self._run(request, on_event, deadline_seconds or self.deadline_seconds)
        finally:
            self._running -= 1
            self._done.set()

    def prepare(self) -> asyncio.Future[None]:
        """Start the worker before its first plan, and let it get ready for a release; once, however often it is called.

        If that fails, the first plan tries again. What is returned need not be awaited.
        """
        if self._preparing is None:
            self._preparing = asyncio.ensure_future(self._prepare())
        return self._preparing

    async def _prepare(self) -> None:
        with contextlib.suppress(WorkerFailed, WorkerStopped):
            (await self._worker("")).prepare()

    async def _run(self, request: Request, on_event: Callable[[Progress], None], deadline: float) -> Done:
        try:
            worker = await self._worker(request.id)
            return await worker.carry_out(request, on_event, deadline)
        finally:
            self._leave_place()

    def stop(self) -> None:
        """Stop every release at once; may be called several times."""
        self._stopped = True
        for worker in self._started:
            worker.stop()
        while self._waiting:
            plan_id, place = self._waiting.popleft()
            if not place.done():
                place.set_exception(WorkerStopped(plan_id, None))

    async def end(self) -> None:
        """Stop the workers and wait for them; for programs that continue after their releases."""
        for worker in self._started:
            worker.stop()
            await worker.exited()
        self._started.clear()

    async def _worker(self, plan_id: str) -> Worker:
        """Return the worker, or start another if it has ended or may not be used any more."""
        async with self._starting:  # plans come at the same time
            if not self._started or not self._started[-1].is_usable:
                self._started.append(await Worker.start(self._command, self._environment, self.log))
        if self._stopped:  # in the meantime
            self._started[-1].stop()
            raise WorkerStopped(plan_id, None)
        return self._started[-1]

    async def _take_place(self, plan_id: str) -> None:
        if self._stopped:
            raise WorkerStopped(plan_id, None)
        if self._free > 0:
            self._free -= 1
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting.append((plan_id, place))
        await place

    def _leave_place(self) -> None:
        while self._waiting:
            _, place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1


def _environment() -> dict[str, str]:
    """This process's environment without Pulumi's own variables (passphrase, tokens, the stack's configuration)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "TQDM_DISABLE": "1"}
