"""Runs a scoring job: starts it, follows it, downloads its predictions."""

import contextlib
import os
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from modelops import azure
from modelops.errors import ReleaseError, UsageError

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_FINISHED: Final = "Completed"
_ENDED: Final = (_FINISHED, "Failed", "Canceled", "NotResponding")
_OUTPUT: Final = "score"
_URI: Final = re.compile(r"^(https?|azureml|wasbs?|abfss?)://", re.IGNORECASE)
_DATA_ASSET: Final = re.compile(r"^azureml:[^/]")
# The service's progress log, e.g. "2024-01-01T00:00:00.000000 Processed 41 of 200 mini batches in 0:02:14."
_PROGRESS_LOG: Final = "logs/job_progress_overview."
_PROCESSED: Final = re.compile(r"Processed (\d+) of (\d+) mini batches")


def start(ml: "MLClient", endpoint: str, deployment: str | None, source: str) -> str:
    """Start a job and return its name.

    Args:
        ml: client of the workspace.
        endpoint: physical name.
        deployment: physical name of a revision, or None for the endpoint's default. One process must not mix the two:
            the SDK keeps sending the last name.
        source: a local file or folder, a URI, or a data asset `azureml:name:version`.

    Raises:
        UsageError: the local path does not exist or is empty.
        ReleaseError: the service refused the job.
    """
    kind, path = input_kind(source)
    from azure.ai.ml import Input  # noqa: PLC0415

    named: dict[str, Any] = {"deployment_name": deployment} if deployment else {}
    with azure.step(f"starting a job on endpoint {endpoint}"):
        job = ml.batch_endpoints.invoke(
            endpoint_name=endpoint,
            input=Input(type=kind, path=path),
            **named,
        )
    return str(job.name)


def follow(ml: "MLClient", job: str, report: Callable[[str, float], None]) -> float:
    """Wait until the job ends.

    Args:
        ml: client of the workspace.
        job: its name.
        report: called after every poll with the job's state and the seconds since following started.

    Returns:
        Seconds waited.

    Raises:
        ReleaseError: it ended in another state than Completed.
    """
    begun = time.monotonic()
    pause = float(os.environ.get("AZUREML_RUN_POLLING_INTERVAL_MIN", "5"))
    while True:
        with azure.step(f"reading job {job}"):
            found = ml.jobs.get(job)
        # An enumeration if the SDK knows the state, else a plain text.
        state = str(getattr(found.status, "value", found.status))
        batches = _mini_batches(ml, job) if state == "Running" else ""
        seconds = time.monotonic() - begun
        report(f"{state}{batches}", seconds)
        if state == _FINISHED:
            return seconds
        if state in _ENDED:
            raise ReleaseError(
                f"job {job} ended in state {state} after {seconds:.0f} s{_reason(ml, job)}. Its logs: "
                f"az ml job download --name {job} --all, or the studio: {found.studio_url or '(no address)'}"
            )
        time.sleep(pause)


def download(ml: "MLClient", job: str, folder: Path) -> tuple[Path, ...]:
    """Download the job's predictions into `folder` and return the files.

    Raises:
        UsageError: `folder` already has files; predictions of two jobs must not mix.
        ReleaseError: the service refused it, or the job wrote nothing.
    """
    require_empty(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with azure.step(f"downloading the predictions of job {job}"):
        ml.jobs.download(job, download_path=folder, output_name=_OUTPUT)
    files = tuple(sorted(path for path in folder.rglob("*") if path.is_file()))
    if not files:
        raise ReleaseError(f"job {job} completed but wrote no predictions. See its logs in the studio.")
    return files


def replace(ml: "MLClient", job: str, folder: Path) -> tuple[Path, ...]:
    """Download the job's predictions beside `folder`, put them into its place, and return the files.

    Raises:
        ReleaseError: the service refused it, or the job wrote nothing; `folder` keeps what it had.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        new = Path(beside) / "new"
        files = [path.relative_to(new) for path in download(ml, job, new)]
        if folder.exists():
            folder.rename(Path(beside) / "old")
        new.rename(folder)
    return tuple(folder / file for file in files)


def require_empty(folder: Path) -> None:
    """Refuse a download folder that is not empty.

    Raises:
        UsageError: it is a file, or not empty.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise UsageError(f"--download {folder.as_posix()!r} is not empty. Name a new folder, or remove this one first.")


def _mini_batches(ml: "MLClient", job: str) -> str:
    """Return the finished mini-batches (", N of M mini-batches"); empty if the progress log cannot be read.

    The log belongs to the job's child run, and the SDK has no public way to read it; this uses the same call as its
    `stream`. A display must not end a job, so any error means no numbers.
    """
    with contextlib.suppress(Exception):
        from azure.storage.blob import BlobClient  # noqa: PLC0415

        (child, *_) = ml.jobs.list(parent_job_name=job)
        logs = ml.jobs._runs_operations.get_run_details(str(child.name)).log_files or {}  # noqa: SLF001
        newest = max(name for name in logs if name.startswith(_PROGRESS_LOG))
        text = BlobClient.from_blob_url(logs[newest]).download_blob().readall().decode()
        done, total = _PROCESSED.findall(text)[-1]
        return f", {done} of {total} mini-batches"
    return ""


def _reason(ml: "MLClient", job: str) -> str:
    """Return the service's message for a failed job (": ..."), if there is one."""
    with contextlib.suppress(Exception):
        details: Any = ml.jobs._runs_operations.get_run_details(job)  # noqa: SLF001
        return f": {details.error.error.message}"
    return ""


def input_kind(source: str) -> tuple[str, str]:
    """Return the service's type of an input, and its address.

    Raises:
        UsageError: it is neither a URI nor an existing file or folder with files.
    """
    if _URI.match(source) or _DATA_ASSET.match(source):
        return "uri_folder", source
    path = Path(source)
    if path.is_file():
        return "uri_file", str(path)
    if not path.is_dir() or not any(each.is_file() for each in path.rglob("*")):
        raise UsageError(
            f"--input {source!r} is neither an existing file, nor a folder with files, nor a URI (https://, "
            "azureml://, azureml:name:version)."
        )
    return "uri_folder", str(path)
