"""Copies that are uploaded instead of the originals, because the SDK reads what it uploads twice.

Each lies in a temporary folder of its own and is removed when it was sent; those of a killed process are removed by the
next release on the machine.
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
    """Copy `source` to a folder of its own and yield the copy, which holds exactly the bytes of `expected`.

    A folder's copy is called `folder` wherever the original lies: the name is part of a model's address in Azure, and
    of the path under which a scoring script finds it. One file keeps its own name. The copy is removed afterwards.

    Raises:
        PlanError: the content is no longer what the plan was made from.
    """
    tree = Tree(source)
    with _holder() as holder:
        root = holder if source.is_file() else holder / folder
        for each in tree.files:
            target = root / each.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with tree.open(each) as content, target.open("wb") as writing:
                shutil.copyfileobj(content, writing, CHUNK_BYTES)
        tree.require(expected)
        yield root / tree.files[0].name if source.is_file() else root


def remove_staged() -> None:
    """Remove every copy that is still there; for a process that is about to leave without unwinding."""
    for holder in list(_staged):
        shutil.rmtree(holder, ignore_errors=True)


def remove_abandoned() -> None:
    """Remove the copies of processes that were killed; those of living ones are locked."""
    with contextlib.suppress(OSError):
        for holder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            with contextlib.suppress(OSError), _locked(holder):  # in use, or somebody else's
                shutil.rmtree(holder)


@contextlib.contextmanager
def _holder() -> Iterator[Path]:
    """A new temporary folder, locked for as long as it exists: the system unlocks it when the process is killed."""
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
        except OSError:  # no locks in this file system, so nobody removes anything either
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
