"""``logs/job_progress_overview.<time>.txt``: how far a job is, and how long it will still take.

The lines have the service's form, as users published them (https://github.com/Azure/MachineLearningNotebooks/issues/1429,
https://github.com/Azure/azure-sdk-for-python/issues/30421).
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from sandbox.azure.jobs.batches import Tally
from sandbox.azure.jobs.logs import JobLogs

_SECONDS = 1.0
"""Between two lines, if something has happened; the service writes every 10 seconds, for its jobs take longer."""
_SILENT_SECONDS = 10.0
"""Between two lines if nothing has happened, like the service."""


@dataclass(slots=True)
class Overview:
    """Writes the file for one job with ``slots`` processes.

    ``running`` returns the seconds that each running call of ``run()`` has taken so far.
    """

    logs: JobLogs
    tally: Tally
    slots: int
    running: Callable[[], list[float]]
    spent: float = 0.0
    """The seconds of all finished tries: of several at the same time, the sum."""
    _began: float = field(default_factory=time.monotonic)

    async def run(self) -> None:
        """Write lines until cancelled."""
        told, at = -1, 0.0
        while True:
            now = time.monotonic()
            if self.tally.processed != told or now - at >= _SILENT_SECONDS:
                told, at = self.tally.processed, now
                self.tell()
            await asyncio.sleep(_SECONDS)

    def tell(self) -> None:
        """Write a line now."""
        tally = self.tally
        if not tally.processed:
            self.logs.progress("No task has been processed yet.")
            return
        self.logs.progress(
            f"Processed {tally.processed} of {tally.batches} mini batches in {_text(time.monotonic() - self._began)}."
            f" Estimated remaining time {_text(self.remaining())}."
        )

    def remaining(self) -> float:
        """Return how many seconds the rest will take, if each mini-batch takes as long as those that are done did.

        The start of the processes and ``init()`` do not count. Each process takes the next mini-batch when it is free,
        so the last round counts in full, even if few processes have work in it.
        """
        left = self.tally.batches - self.tally.processed
        if not left or not self.tally.processed:
            return 0.0
        each, running = self.spent / self.tally.processed, self.running()
        free = sorted(max(each - seconds, 0.0) for seconds in running)
        free = [0.0] * (self.slots - len(free)) + free
        rounds, rest = divmod(max(left - len(running), 0), self.slots)
        last = free[rest - 1] + each if rest else 0.0
        return rounds * each + max(free[-1], last)


def _text(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
