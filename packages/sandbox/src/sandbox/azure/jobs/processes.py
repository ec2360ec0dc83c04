"""The worker processes of a job: started with its settings, named, and ended."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sandbox.azure.jobs.failures import import_failed
from sandbox.azure.jobs.files import JobFolder
from sandbox.azure.jobs.logs import JobLogs
from sandbox.azure.jobs.request import JobRequest
from sandbox.azure.jobs.settings import environment, generated_scripts, worker_settings
from sandbox.azure.jobs.worker import Place, ScriptBroken, Worker
from sandbox.azure.readings import Switches


@dataclass(slots=True)
class Processes:
    """The processes of one job on ``nodes`` nodes. As a context manager it leaves none behind."""

    request: JobRequest
    folder: JobFolder
    nodes: int
    logs: JobLogs
    switches: Switches
    python: Path
    _numbers: Counter[int] = field(default_factory=Counter)
    _running: set[Worker] = field(default_factory=set)
    _waiting: list[Worker] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in list(self._running):
            await worker.end()

    @property
    def slots(self) -> int:
        """How many processes there can be at a time."""
        return self.nodes * self.request.max_concurrency_per_instance

    def most(self, files: int) -> int:
        """Return how many processes have work if there are so many files: one for each mini-batch at most."""
        return min(self.slots, -(-files // self.request.mini_batch_size))

    async def start_ahead(self, count: int) -> None:
        """Start processes for ``take``: they import the script while the input is being staged."""
        for slot in range(count):
            self._waiting.append(await self._start(slot % self.nodes))

    async def take(self, node: int) -> Worker:
        """Return a process of a node that has imported the script, one that was started ahead if any is left.

        Raises:
            JobFailed: the import failed.
        """
        ahead = next((each for each in self._waiting if each.place.node == node), None)
        if ahead is not None:
            self._waiting.remove(ahead)
        worker = ahead or await self._start(node)
        try:
            await worker.ready()
        except ScriptBroken as error:
            await self.fail(worker, str(error))
            raise import_failed(str(error).rstrip().splitlines()[-1]) from None
        self.logs.node(node, "_main", f"{worker.place.name} started with pid {worker.pid}")
        return worker

    async def stop(self, worker: Worker) -> None:
        """Let a process call ``shutdown()`` and end."""
        trace = await worker.stop()
        self._running.discard(worker)
        if trace is not None:
            self.logs.script_error(worker.place.node, worker.place.name, trace)

    async def fail(self, worker: Worker, trace: str) -> int:
        """End a process after an error of its script; return the exit code."""
        code = await worker.end()
        self._running.discard(worker)
        self.logs.script_error(worker.place.node, worker.place.name, trace)
        return code

    def seconds(self) -> list[float]:
        """Return the seconds that each running call of ``run()`` has taken so far."""
        return [seconds for worker in self._running if (seconds := worker.running) > 0]

    async def _start(self, node: int) -> Worker:
        place = Place(node, f"process{self._numbers[node]:03d}")
        self._numbers[node] += 1
        settings = worker_settings(self.request, self.folder, place, self.switches)
        variables = environment(self.request, self.folder, place, self.nodes, self.python)
        variables |= generated_scripts(self.request, self.switches)
        stdout = self.logs.file(f"logs/user/stdout/{node}/{place.name}.stdout.txt")
        stderr = self.logs.file(f"logs/user/stderr/{node}/{place.name}.stderr.txt")
        worker = await Worker.start(self.python, place, settings, variables, (stdout, stderr))
        self._running.add(worker)
        return worker
