"""Outputs of several jobs in one folder of this machine, and folders for the output of a job."""

import filecmp
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.errors import ModelOpsError, UsageError
from modelops.scoring import predictions
from modelops.scoring.input_files import files_of
from modelops.scoring.inputs import JobInput

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from modelops.workspace import Workspace


def add(ml: "MLClient", job: str, own: Collection[Path], folder: Path, made: Path) -> None:
    """Add what a job wrote to a folder with an earlier output, unless both are one folder of the datastore.

    Args:
        ml: client of the workspace.
        job: the later job.
        own: the files of the first output, as paths below `folder`.
        folder: has that output, and then both; of two files with one path the later one goes into a folder `job`.
        made: a folder for the download, which does not exist.

    Raises:
        ReleaseError: the service refused it.
    """
    made.mkdir()
    predictions.copy(ml, job, made)
    new = predictions.files_in(made)
    if set(new) == set(own) and all(are_equal(made / path, folder / path) for path in new):
        return
    for path in new:
        beside(made / path, folder, path, job)


def require_no_other(folder: Path, first: Path, job: str) -> None:
    """Refuse a folder with predictions that the job did not write.

    Raises:
        UsageError: it has files of the same names and other content, or is a file.
    """
    if folder.is_file():
        raise UsageError(f"--download {folder.as_posix()!r} is a file. Name the folder of job {job}, or a new one.")
    for path in predictions.files_in(first):
        here = folder / path
        if here.exists() and not are_equal(here, first / path):
            raise UsageError(
                f"--download {folder.as_posix()!r} has another {path.as_posix()} than job {job} wrote. Name the folder "
                "of its predictions, or a new one."
            )


def require_new(workspace: "Workspace", address: str, known: Collection[str] = ()) -> None:
    """Refuse a folder of a datastore that has files, as far as it may be listed: all files there are the predictions.

    Args:
        workspace: the datastore's.
        address: of the folder, as `--output-path` has it.
        known: files, as paths below it, that may be there.

    Raises:
        UsageError: it has others.
    """
    names: tuple[str, ...] = ()
    with suppress(ModelOpsError):  # who may start a job need not be allowed to list its output
        names = files_of(workspace, JobInput("uri_folder", address)).names()
    if others := sorted(set(names) - set(known)):
        number = "1 file" if len(others) == 1 else f"{len(others)} files"
        raise UsageError(
            f"--output-path {address!r} already has {number}, such as {others[0]}, which would be taken for "
            "predictions of this job. Nothing was started. Name a new folder."
        )


def are_equal(one: Path, other: Path) -> bool:
    """Say whether `one` is a file with the content of `other`."""
    return one.is_file() and filecmp.cmp(one, other, shallow=False)


def beside(source: Path, folder: Path, path: Path, job: str) -> Path:
    """Copy a file to `path` below a folder, or if another has that path, below a folder `job` in it; return where."""
    return copied(source, folder / path if not (folder / path).exists() else folder / job / path)


def copied(source: Path, target: Path) -> Path:
    """Copy a file, unless there is a file already, and return the target."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return target
