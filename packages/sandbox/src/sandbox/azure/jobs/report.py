"""``logs/sys/job_report/processed_mini-batches.csv``: one line for each try of a mini-batch.

Public sources give the columns (Microsoft's tuning guide for ParallelRunStep; ``Node`` from its place between ``Picked
Count`` and ``Process``), the states ``RUN_DONE``, ``RUN_EXCEPTION`` and ``RUN_TIMEOUT``, and ``N/A`` for what is not
known (the notebook widget of azureml-widgets, which reads the file). The detail of a mini-batch is its message in the
queue as JSON, of which https://github.com/microsoft/MLOpsPython/issues/328 shows one; that ``minibatch`` has the names
of the files below ``location`` is inferred from the guide,
https://github.com/MicrosoftDocs/azure-docs/blob/5f49062efbf84edd98c776e5512872f87a7e7308/articles/machine-learning/how-to-tune-performance-of-parallel-run-step.md
"""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

from sandbox.azure.jobs.batches import Attempt, MiniBatch
from sandbox.azure.jobs.logs import JobLogs, timestamp
from sandbox.azure.jobs.worker import Place

PROCESSED = "logs/sys/job_report/processed_mini-batches.csv"
COLUMNS = (
    "Mini-batch Id",
    "Picked Count",
    "Node",
    "Process",
    "Start Time",
    "Total",
    "Succeeded",
    "Failed",
    "Elapsed Seconds",
    "Process Seconds",
    "Run Method Seconds",
    "Status",
    "Error Category",
    "Error Message",
    "Mini-batch Detail",
)
_NOT_KNOWN = "N/A"


@dataclass(frozen=True, slots=True)
class Report:
    """Writes the table of one job; ``location`` is the folder of the input that scripts see."""

    logs: JobLogs
    location: Path

    def begin(self) -> None:
        """Write the names of the columns."""
        self._write(COLUMNS)

    def add(self, batch: MiniBatch, attempt: Attempt, place: Place) -> None:
        """Write a finished try; ``batch.attempts`` does not count it yet."""
        total, failed = len(batch.items), attempt.error is not None
        succeeded = attempt.succeeded(total)
        measured = (_NOT_KNOWN, _NOT_KNOWN) if failed else (f"{attempt.cpu:.6f}", f"{attempt.seconds:.6f}")
        category = attempt.error.partition(":")[0] if attempt.trace and attempt.error else _NOT_KNOWN
        self._write(
            (
                *(str(batch.id), str(batch.attempts + 1), str(place.node), place.name, timestamp(attempt.started)),
                *(str(total), str(succeeded), str(total - succeeded)),
                *(f"{attempt.elapsed:.6f}", *measured, attempt.status),
                *(category, attempt.error or _NOT_KNOWN, self._detail(batch)),
            )
        )

    def _detail(self, batch: MiniBatch) -> str:
        location = str(self.location)
        message = {
            "id": batch.id,
            "dequeue_count": batch.attempts + 1,
            "minibatch": [item.removeprefix(f"{location}/") for item in batch.items],
            "location": location,
        }
        return json.dumps(message)

    def _write(self, row: tuple[str, ...]) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(row)
        self.logs.write(PROCESSED, line.getvalue())
