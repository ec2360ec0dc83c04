"""The predictions of a scoring job, on this machine."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from modelops import azure
from modelops.errors import ReleaseError, UsageError

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_OUTPUT: Final = "score"


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
