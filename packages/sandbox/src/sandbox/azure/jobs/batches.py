"""The mini-batches of a job: the queue for the workers, and the counts of successes and failures.

Rules of counting, retries and thresholds: the public sources on ParallelRunStep
(https://learn.microsoft.com/azure/machine-learning/reference-yaml-deployment-batch and its debugging guide).
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sandbox.azure.jobs.failures import nothing_succeeded, too_many_failed


@dataclass(slots=True)
class MiniBatch:
    """Some files to score together; ``attempts`` counts finished tries."""

    id: int
    items: list[str]
    attempts: int = 0


@dataclass(slots=True)
class Attempt:
    """The result of one try of a mini-batch: ``count`` results, or an ``error`` (one line) and maybe its ``trace``.

    ``seconds`` and ``cpu`` are those of ``run()``, ``elapsed`` those of the whole try, from ``started`` on.
    ``ends_job``: this error fails the job, whatever its thresholds say.
    """

    count: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    elapsed: float = 0.0
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    error: str | None = None
    trace: str = ""
    timed_out: bool = False
    ends_job: bool = False

    def succeeded(self, items: int) -> int:
        """Return how many of a mini-batch's items have a result: at most all, and none after an error."""
        return 0 if self.error is not None else min(self.count, items)

    @property
    def status(self) -> str:
        """The service's name for how the try ended."""
        if self.error is None:
            return "RUN_DONE"
        return "RUN_TIMEOUT" if self.timed_out else "RUN_EXCEPTION"


@dataclass(slots=True)
class Tally:
    """The counts of a job's mini-batches so far."""

    batches: int = 0
    items: int = 0
    processed: int = 0
    succeeded_items: int = 0
    failed_items: int = 0
    failed_attempts: int = 0
    timeouts: int = 0

    def metrics(self) -> dict[str, float]:
        """Return the metrics of the run's step."""
        return {
            "Total MiniBatches": self.batches,
            "Total Items": self.items,
            "Processed MiniBatches": self.processed,
            "Remaining MiniBatches": self.batches - self.processed,
            "Processed Items": self.succeeded_items + self.failed_items,
            "Remaining Items": self.items - self.succeeded_items - self.failed_items,
            "Failed Items": self.failed_items,
        }


@dataclass(slots=True)
class Batches:
    """The queue and the tally of one job.

    ``tries`` is the most tries of a mini-batch; ``threshold`` the number of allowed failed items, negative = any; with
    ``retry_short``, a mini-batch with fewer results than items has failed.
    """

    files: Sequence[str]
    size: int
    tries: int
    threshold: int
    retry_short: bool = False
    tally: Tally = field(default_factory=Tally)
    _queue: asyncio.Queue[MiniBatch | None] = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        # The service does not guarantee an order of files or mini-batches, so nothing may rely on one.
        files = random.sample(self.files, len(self.files))
        cut = [files[start : start + self.size] for start in range(0, len(files), self.size)]
        batches = [MiniBatch(number, items) for number, items in enumerate(cut)]
        random.shuffle(batches)
        for batch in batches:
            self._queue.put_nowait(batch)
        self.tally.batches, self.tally.items = len(batches), len(files)

    async def pull(self) -> MiniBatch | None:
        """Return a mini-batch to run, waiting while others may still be returned; None once all are processed."""
        batch = await self._queue.get()
        if batch is None:
            self._queue.put_nowait(None)
        return batch

    def give_back(self, batch: MiniBatch) -> None:
        """Return a mini-batch that was not run to the queue."""
        self._queue.put_nowait(batch)

    def judged(self, batch: MiniBatch, attempt: Attempt) -> Attempt:
        """Return an attempt, under ``retry_short`` as a failed one if it has too few results."""
        count, total = attempt.count, len(batch.items)
        if attempt.error is not None or not self.retry_short or count >= total:
            return attempt
        return replace(attempt, error=f"run() returned {count} results for {total} items")

    def account(self, batch: MiniBatch, attempt: Attempt) -> bool:
        """Count an attempt; return whether the mini-batch is done (else it waits for its next try).

        Raises:
            JobFailed: more items failed than the threshold allows.
        """
        batch.attempts += 1
        failed = attempt.error is not None
        if failed:
            self.tally.failed_attempts += 1
            self.tally.timeouts += attempt.timed_out
            if batch.attempts < self.tries:
                self._queue.put_nowait(batch)
                return False
        succeeded = attempt.succeeded(len(batch.items))
        self.tally.processed += 1
        self.tally.succeeded_items += succeeded
        self.tally.failed_items += len(batch.items) - succeeded
        if 0 <= self.threshold < self.tally.failed_items:
            raise too_many_failed(self.tally.failed_items, self.threshold)
        if self.tally.processed == self.tally.batches:
            self._queue.put_nowait(None)
        return True

    def check_result(self, *, append_row: bool) -> None:
        """Refuse a finished job without results.

        Raises:
            JobFailed: append_row without any succeeded item; summary_only has no such rule.
        """
        if append_row and self.tally.succeeded_items == 0:
            raise nothing_succeeded()
