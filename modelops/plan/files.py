"""Which files of a folder are uploaded: all that lie there, but for what is a tool's own.

Left out: `__pycache__`, `*.pyc`, `.git` (a folder, or the file that a worktree or submodule has, which holds a path of
this machine), and in the root `.amlignore` and `.gitignore`. The SDK obeys those two and would silently drop files that
were hashed. Whatever else cannot be read is an error that names it.
"""

import contextlib
import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modelops.errors import PlanError

_LEFT_OUT: Final = frozenset({"__pycache__", ".git"})
_LEFT_OUT_IN_ROOT: Final = frozenset({".amlignore", ".gitignore"})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a tree: where it lies and what it is called in the upload."""

    path: Path
    name: str
    size: int


def files_of(source: Path) -> list[SourceFile]:
    """The files that belong to `source` (a folder or one file), sorted by their POSIX names.

    Raises:
        PlanError: nothing is there, the folder holds no file, it links to another folder, or something in it cannot
            be read.
    """
    with reading(source):
        if source.is_file():
            return [SourceFile(source, source.name, source.stat().st_size)]
        is_folder = source.is_dir()
    if not is_folder:
        raise PlanError(
            f"{source.as_posix()!r} does not exist. Allowed is a file or folder below the program's folder; "
            "correct the path in the stack file or put the files there."
        )
    found = sorted(_walk(source), key=lambda each: each.name)
    if not found:
        raise PlanError(
            f"{source.as_posix()!r} holds no file that would be uploaded. Left out are __pycache__, *.pyc, .git and "
            "ignore files; put the files there."
        )
    return found


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Tell what the system says about a path in a sentence that names it; for the reading alone.

    Raises:
        PlanError: the system refused it. What fails between two reads must stay outside: errors of `requests`, with
            which an upload fails, are OSErrors as well.
    """
    try:
        yield
    except OSError as error:
        raise _unreadable(path, error) from None


def _walk(root: Path) -> Iterator[SourceFile]:
    def fail(error: OSError) -> None:  # os.walk would pass over the folder
        raise _unreadable(Path(error.filename), error)

    for folder, folders, names in os.walk(root, onerror=fail):
        here = Path(folder)
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        for name in folders:
            if (here / name).is_symlink():
                raise PlanError(
                    f"{(here / name).as_posix()!r} is a link to a folder. Links to folders are not followed, because "
                    "the upload would follow them out of the tree; copy the folder there or remove the link."
                )
        for name in names:
            if name in _LEFT_OUT or name.endswith(".pyc") or (here == root and name in _LEFT_OUT_IN_ROOT):
                continue
            path = here / name
            with reading(path):
                found = path.stat()
            if not stat.S_ISREG(found.st_mode):  # to read a pipe would wait for ever
                raise _unreadable(path)
            # macOS hands out decomposed names; the same tree must have the same identity everywhere.
            relative = unicodedata.normalize("NFC", path.relative_to(root).as_posix())
            yield SourceFile(path, relative, found.st_size)


def _unreadable(path: Path, error: OSError | None = None) -> PlanError:
    why = f"cannot be read ({error.strerror or error})" if error else "is no file"
    return PlanError(
        f"{path.as_posix()!r} {why}. Allowed are files that can be read, and links to them, because all that lies "
        "there is uploaded; mend it or remove it."
    )
