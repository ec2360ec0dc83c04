"""Temporary folders of releases; in most are copies to upload instead of the originals, which the SDK reads twice.

Each is removed after its use; the next release on the machine removes those of a killed process.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from modelops.plan.fingerprint import CHUNK_BYTES, Tree

_PREFIX: Final = "azureml-batch-copy-"

_staged: set[Path] = set()


@contextlib.contextmanager
def staged(source: Path, folder: str, expected: str) -> Iterator[Path]:
    """Copy `source` to its own folder and yield the copy, which has exactly the bytes of `expected`.

    A folder's copy is always called `folder`: the name is part of a model's address in Azure, and of the path where a
    scoring script finds it. A single file keeps its name. The copy is removed afterwards.

    Raises:
        PlanError: the content changed since the plan was made.
    """
    tree = Tree(source)
    with temporary_folder() as holder:
        root = holder if source.is_file() else holder / folder
        for each in tree.files:
            target = root / each.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with tree.open(each) as content, target.open("wb") as writing:
                shutil.copyfileobj(content, writing, CHUNK_BYTES)
        tree.require(expected)
        yield root / tree.files[0].name if source.is_file() else root


def remove_staged() -> None:
    """Remove all remaining copies; for a process that is about to exit without unwinding."""
    for holder in list(_staged):
        shutil.rmtree(holder, ignore_errors=True)


def remove_abandoned() -> None:
    """Remove the copies of processes that were killed; those of living ones are locked."""
    with contextlib.suppress(OSError):
        for holder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            with contextlib.suppress(OSError), _locked(holder):  # in use, or somebody else's
                shutil.rmtree(holder)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new folder for files that are removed at the end, or by the next release if the process is killed.

    It is locked while it exists: the system unlocks it if the process is killed.
    """
    with contextlib.ExitStack() as held:
        holder = _locked_folder(held)
        _staged.add(holder)
        held.callback(_staged.discard, holder)
        held.callback(shutil.rmtree, holder, ignore_errors=True)
        yield holder


def _locked_folder(held: contextlib.ExitStack) -> Path:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        try:
            held.enter_context(_locked(folder))
        except (BlockingIOError, FileNotFoundError):
            continue  # another process found it before it was locked, and removes it
        except OSError:  # this file system has no locks, so nothing is removed either
            return folder
        if folder.exists():
            return folder


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder.

    Raises:
        OSError: somebody else holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
