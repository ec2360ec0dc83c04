"""What a job's report says of its mini-batches: `logs/sys/job_report/processed_mini-batches.csv`.

Its columns are in Microsoft's tuning guide for ParallelRunStep
(https://github.com/MicrosoftDocs/azure-docs/blob/5f49062efbf84edd98c776e5512872f87a7e7308/articles/machine-learning/how-to-tune-performance-of-parallel-run-step.md),
which also says that they may change: a column that is missing leaves out what it would have told. Microsoft's own
reader of the file (the notebook widget of azureml-widgets) takes a mini-batch without a line `RUN_DONE` for failed.
"""

import csv
import io
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

REPORT: Final = "logs/sys/job_report/processed_mini-batches.csv"
"""Name of the log file."""

_DONE: Final = "RUN_DONE"
_TIMEOUT: Final = "RUN_TIMEOUT"
_ID: Final = "mini-batch id"


@dataclass(frozen=True, slots=True)
class MiniBatch:
    """A mini-batch after its last try.

    Attributes:
        items: Number of its files.
        succeeded: Number of results, at most `items`; 0 if no try was finished.
        is_done: A try was finished.
        is_timeout: If none was: the last one took too long, and did not end by an exception.
        names: Paths of its files below the input; None if the report does not have them.
    """

    items: int
    succeeded: int
    is_done: bool
    is_timeout: bool = False
    names: tuple[str, ...] | None = None

    @property
    def missing(self) -> int:
        """Number of files without a result."""
        return self.items - self.succeeded

    @property
    def missing_names(self) -> tuple[str, ...] | None:
        """The files without a result; None if that is not known, because only some have one."""
        if not self.missing:
            return ()
        return None if self.succeeded else self.names


def about_timeouts(seconds: int, size: int, *, is_jobs_own: bool = False) -> str:
    """Return what to do about calls of `run()` that take longer than they may: part of a sentence.

    Args:
        seconds: how long a call may take.
        size: how many files it gets.
        is_jobs_own: whether the job itself was given one of these, and not the deployment.
    """
    if is_jobs_own:
        return f"raise --timeout ({seconds}), lower --mini-batch-size ({size}), or make run() faster"
    return f"raise timeoutSeconds ({seconds}) of the deployment, lower its miniBatchSize ({size}), or make run() faster"


def read(report: str) -> dict[str, MiniBatch]:
    """Return the mini-batches that a report has, by id; {} if it is empty or has other columns."""
    found: dict[str, MiniBatch] = {}
    # The names of a mini-batch's files are one cell: with some thousands it is longer than the module's own limit.
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    for row in csv.DictReader(io.StringIO(report, newline="")):
        # Microsoft's guide writes some names with a tab in them.
        line = {" ".join(name.split()).lower(): value or "" for name, value in row.items() if isinstance(name, str)}
        number = line.get(_ID, "").strip()
        tried = None if number in ("", "N/A") else _try(line)
        if tried is None:
            continue  # about a process and no mini-batch, or not readable
        last = found.get(number)
        # A try that was finished counts, also if a message was delivered again and that one failed.
        if last is None or tried.is_done or not last.is_done:
            found[number] = tried
    return found


def _try(line: Mapping[str, str]) -> MiniBatch | None:
    """Return what a line says; None if it does not have the counts."""
    try:
        items, succeeded = int(line["total"]), int(line["succeeded"])
    except (KeyError, ValueError):
        return None
    status = line.get("status", _DONE).strip()
    is_done = status == _DONE
    names = _names(line.get("mini-batch detail", ""))
    return MiniBatch(
        items,
        min(succeeded, items) if is_done else 0,
        is_done=is_done,
        is_timeout=status == _TIMEOUT,
        names=names if names is not None and len(names) == items else None,
    )


def _names(detail: str) -> tuple[str, ...] | None:
    """Return the files of a mini-batch, from its message in the queue as JSON.

    A published one has `minibatch` and `location` (https://github.com/microsoft/MLOpsPython/issues/328); that one is of
    a table, whose mini-batches are numbers. That those of files are paths, below the location or whole, is inferred.
    """
    try:
        message: Any = json.loads(detail)
        names, location = message["minibatch"], str(message.get("location") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return tuple(_below(PurePosixPath(name), location) for name in names)


def _below(path: PurePosixPath, location: str) -> str:
    is_inside = bool(location) and path.is_relative_to(location)
    return (path.relative_to(location) if is_inside else path).as_posix()
