"""All log files of a job, its own and those of its step."""

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from modelops.scoring.job_logs import JobLogs

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


def of(ml: "MLClient", job: str) -> dict[str, JobLogs]:
    """Return the names of the files, in order, with the logs that have them; empty if none can be read."""
    both = JobLogs(ml, job, of_step=False), JobLogs(ml, job)
    return dict(sorted((name, logs) for logs in both for name in logs.names()))


def save(ml: "MLClient", job: str, folder: Path) -> list[Path]:
    """Write the files below a folder and return them."""
    files = []
    for name, logs in of(ml, job).items():
        if ".." in PurePosixPath(name).parts or name.startswith("/"):
            continue
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(logs.text(name), encoding="utf-8")
        files.append(file)
    return files
