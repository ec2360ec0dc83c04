"""The scoring part of a job: worker slots that pull mini-batches until all are processed or the job has failed."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from sandbox.azure.jobs.batches import Attempt, Batches, MiniBatch
from sandbox.azure.jobs.failures import bad_input_file, init_failed, no_progress
from sandbox.azure.jobs.logs import JobLogs, timestamp
from sandbox.azure.jobs.overview import Overview
from sandbox.azure.jobs.processes import Processes
from sandbox.azure.jobs.report import Report
from sandbox.azure.jobs.request import JobRequest
from sandbox.azure.jobs.settings import ip_of
from sandbox.azure.jobs.worker import InitFailed, Worker

_INIT_TRIES = 3
"""A node gives up after this many failures of ``init()`` per process."""
_OVERHEAD_SECONDS = 30.0


@dataclass(slots=True)
class Scoring:
    """The scoring of one job's mini-batches by its processes; ``run`` does everything."""

    request: JobRequest
    batches: Batches
    processes: Processes
    logs: JobLogs
    _init_failures: Counter[int] = field(default_factory=Counter)
    _progress_at: float = field(default_factory=time.monotonic)
    _report: Report = field(init=False)
    _overview: Overview = field(init=False)

    def __post_init__(self) -> None:
        self._report = Report(self.logs, self.processes.folder.input)
        slots = self.processes.most(self.batches.tally.items)
        self._overview = Overview(self.logs, self.batches.tally, slots, self.processes.seconds)

    async def run(self) -> None:
        """Process every mini-batch.

        Raises:
            JobFailed: the script does not work, too many items failed, or there is no progress.
        """
        self._report.begin()
        try:
            async with asyncio.TaskGroup() as group:
                beside = [group.create_task(self._watch()), group.create_task(self._overview.run())]
                slots = range(self._overview.slots)
                await asyncio.wait([group.create_task(self._slot(slot % self.processes.nodes)) for slot in slots])
                for task in beside:
                    task.cancel()
        except BaseExceptionGroup as errors:
            # The first failure cancelled the others, so it is the reason.
            raise errors.exceptions[0] from None
        finally:
            self._overview.tell()

    async def _slot(self, node: int) -> None:
        """Run one process of a node, replacing it whenever it fails."""
        worker: Worker | None = None
        while (batch := await self.batches.pull()) is not None:
            if worker is None:
                worker = await self.processes.take(node)
            try:
                attempt = await worker.run(batch, self.request.timeout_seconds)
            except InitFailed as error:
                await self.processes.fail(worker, str(error))
                worker = None
                self.batches.give_back(batch)
                if self._node_gives_up(node, str(error)):
                    return
                continue
            if attempt.error is not None:
                code = await self.processes.fail(worker, attempt.trace or attempt.error)
                self.logs.node(node, "_main", f"{worker.place.name} exits with returncode {code}")
            self._account(batch, attempt, worker)
            if attempt.error is not None:
                worker = None
        if worker is not None:
            await self.processes.stop(worker)

    def _node_gives_up(self, node: int, trace: str) -> bool:
        """Count a failure of ``init()``; return whether the node has had too many.

        Raises:
            JobFailed: every node has.
        """
        self._init_failures[node] += 1
        limit = _INIT_TRIES * self.request.max_concurrency_per_instance
        # A node without a mini-batch has no process.
        active = min(self.processes.nodes, self.batches.tally.batches)
        if all(self._init_failures[each] >= limit for each in range(active)):
            raise init_failed(self._init_failures.total(), trace.rstrip().splitlines()[-1])
        return self._init_failures[node] >= limit

    def _account(self, batch: MiniBatch, attempt: Attempt, worker: Worker) -> None:
        place, number = worker.place, batch.attempts + 1
        attempt = self.batches.judged(batch, attempt)
        self._progress_at = time.monotonic()
        self._overview.spent += attempt.elapsed
        self._report.add(batch, attempt, place)
        self._log_try(batch, attempt, worker)
        if attempt.ends_job:
            raise bad_input_file(attempt.error or "")
        done = self.batches.account(batch, attempt)
        if attempt.error is not None:
            what = "no try is left: its items count as failed" if done else "it will be tried again"
            self.logs.master("WARNING", f"mini-batch {batch.id}, try {number}: {attempt.error}; {what}")

    def _log_try(self, batch: MiniBatch, attempt: Attempt, worker: Worker) -> None:
        """Write a finished try into the process's log."""
        place, total = worker.place, len(batch.items)
        succeeded = attempt.succeeded(total)
        self.logs.node(
            place.node,
            place.name,
            f"mini-batch {batch.id}: {ip_of(place.node)} {worker.pid}, {total} items, {succeeded} succeeded,"
            f" {total - succeeded} failed, start time {timestamp(attempt.started)}, duration {attempt.elapsed:.3f} s,"
            f" process time {attempt.cpu:.3f} s, run method time {attempt.seconds:.3f} s",
        )
        if attempt.count > total:
            self.logs.node(
                place.node,
                place.name,
                f"run() returned {attempt.count} items, which is more than input count {total}."
                " Using the input count as succeeded count and continue.",
            )

    async def _watch(self) -> None:
        """Fail the job if no attempt has ended for three times the limit of one."""
        limit = 3 * (self.request.timeout_seconds + _OVERHEAD_SECONDS)
        while True:
            quiet = time.monotonic() - self._progress_at
            if quiet >= limit:
                raise no_progress(limit)
            await asyncio.sleep(limit - quiet)
