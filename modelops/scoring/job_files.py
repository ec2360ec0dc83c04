"""All log files of a job, its own and those of its step."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from modelops.errors import ReleaseError
from modelops.scoring import file_names
from modelops.scoring.job_logs import JobLogs

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


class Saved(NamedTuple):
    """What became of a job's log files.

    Attributes:
        files: those that were written.
        failed: a sentence about each of the others: which, and why.
    """

    files: list[Path]
    failed: list[str]


def of(ml: "MLClient", job: str) -> dict[str, JobLogs]:
    """Return the names of the files, in order, with the logs that have them: of two with one name, the step's.

    Raises:
        ReleaseError: the service refused to list them.
    """
    both = JobLogs(ml, job, of_step=False), JobLogs(ml, job)
    found = {name: logs for logs in both for name in logs.listed()}
    return {name: found[name] for name in sorted(found)}


def save(ml: "MLClient", job: str, folder: Path) -> Saved:
    """Write the files below a folder.

    Raises:
        ReleaseError: the service refused to list them.
    """
    saved = Saved([], [])
    for name, logs in of(ml, job).items():
        if not file_names.is_below(name):
            saved.failed.append(f"log {name!r} was not saved: its name leads out of {folder}.")
            continue
        file = folder / name
        try:
            text = logs.read(name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except ReleaseError as error:
            saved.failed.append(str(error))
        except OSError as error:
            saved.failed.append(f"log {name!r} was not saved: {error.strerror or error}.")
        else:
            saved.files.append(file)
    return saved
