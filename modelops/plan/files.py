"""The files of a folder to upload: all files, except those that belong to tools.

Left out: `__pycache__`, `*.pyc`, `.git` (a folder, or the file of a worktree or submodule, which contains a path of
this machine), and in the root `.amlignore` and `.gitignore`. The SDK would apply those two and silently drop files that
were hashed. Any other unreadable file is an error that names it.

Links to files are followed, but not out of the repository: what is released is what its history shows, and no file of
the machine that happens to release. The repository is the git checkout that has the program's folder; without one, that
folder. `.git` does not belong to it: it can have the credentials of a pipeline.
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
from modelops.plan import blob_names

_LEFT_OUT: Final = frozenset({"__pycache__", ".git"})
_LEFT_OUT_IN_ROOT: Final = frozenset({".amlignore", ".gitignore"})


class LinkOutError(PlanError):
    """A link leads out of the repository.

    Attributes:
        path: The link, or what lies behind it.
        target: Where it leads.
    """

    def __init__(self, path: Path, target: str) -> None:
        super().__init__(
            f"{path.as_posix()!r} leads out of the repository, to {target!r}. Only what is in the repository "
            "is released. Copy it there, or remove the link."
        )
        self.path = path
        self.target = target


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a tree: its path and its name in the upload."""

    path: Path
    name: str
    size: int


def files_of(source: Path) -> list[SourceFile]:
    """The files that belong to `source` (a folder or one file), sorted by their POSIX names.

    Raises:
        PlanError: the path does not exist, the folder has no files, it links to another folder, or something in it
            cannot be read.
        LinkOutError: the path, or a file in it, is a link out of the repository.
    """
    border = _border(source)
    with reading(source):
        if source.exists():
            _require_inside(source, border)
        if source.is_file():
            _require_name(source, source.name)
            return [SourceFile(source, source.name, source.stat().st_size)]
        is_folder, exists = source.is_dir(), source.exists()
    if not is_folder and exists:
        raise _unreadable(source)
    if not is_folder:
        raise PlanError(
            f"{source.as_posix()!r} does not exist. Allowed is a file or folder below the program's folder; "
            "correct the path in the stack file or put the files there."
        )
    found = sorted(_walk(source, border), key=lambda each: each.name)
    if not found:
        raise PlanError(
            f"{source.as_posix()!r} has no files to upload (__pycache__, *.pyc, .git and ignore files are left out). "
            "Put the files there."
        )
    return found


def link_out(source: Path) -> LinkOutError | None:
    """Return the first link out of the repository that `files_of` would meet; it reports all other problems."""
    try:
        files_of(source)
    except LinkOutError as error:
        return error
    except PlanError:
        return None
    return None


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn a read error of the system into a message that names the path; only for reads.

    Raises:
        PlanError: the system refused it. Keep other work outside: errors of `requests`, with which an upload fails, are
            OSErrors as well.
    """
    try:
        yield
    except OSError as error:
        raise _unreadable(path, error) from None


def _walk(root: Path, border: Path | None) -> Iterator[SourceFile]:
    def fail(error: OSError) -> None:  # os.walk would skip the folder
        raise _unreadable(Path(error.filename), error)

    for folder, folders, names in os.walk(root, onerror=fail):
        here = Path(folder)
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        for name in folders:
            if (here / name).is_symlink():
                with reading(here / name):
                    _require_inside(here / name, border)
                raise PlanError(
                    f"{(here / name).as_posix()!r} is a link to a folder. Links to folders are not allowed, because "
                    "the upload would follow them out of the tree. Copy the folder there or remove the link."
                )
        for name in names:
            if name in _LEFT_OUT or name.endswith(".pyc") or (here == root and name in _LEFT_OUT_IN_ROOT):
                continue
            path = here / name
            with reading(path):
                found = path.stat()
                if path.is_symlink():
                    _require_inside(path, border)
            if not stat.S_ISREG(found.st_mode):  # reading a pipe would wait forever
                raise _unreadable(path)
            _require_name(path, path.relative_to(root).as_posix())
            # macOS hands out decomposed names; the same tree must have the same identity everywhere.
            relative = unicodedata.normalize("NFC", path.relative_to(root).as_posix())
            yield SourceFile(path, relative, found.st_size)


def _require_name(path: Path, name: str) -> None:
    """Refuse a file whose name is not allowed for a blob."""
    why = "" if blob_names.is_text(name) else "has a name that is not UTF-8"
    why = why or (f"cannot be uploaded: {blob_names.TOO_LONG}" if blob_names.is_too_long(name) else "")
    if why:
        raise PlanError(f"{blob_names.shown(path.as_posix())!r} {why}. Rename it.")


def _border(source: Path) -> Path | None:
    """Return the repository of a path of the program; None for other paths, such as temporary folders."""
    # Not resolved: a path belongs to the program by where the stack file says it is.
    above = Path(os.path.abspath(source)).parents  # noqa: PTH100 - absolute() keeps `..`
    program = next((each for each in above if (each / "Pulumi.yaml").is_file()), None)
    if program is None:
        return None
    return next((each for each in (program, *program.parents) if (each / ".git").exists()), program).resolve()


def _require_inside(path: Path, border: Path | None) -> None:
    """Raise LinkOutError if a path leads out of the repository, and OSError if it leads nowhere."""
    target = Path(os.path.realpath(path, strict=True))
    if border is not None and (not target.is_relative_to(border) or ".git" in target.relative_to(border).parts):
        raise LinkOutError(path, target.as_posix())


def _unreadable(path: Path, error: OSError | None = None) -> PlanError:
    why = f"cannot be read ({error.strerror or error})" if error else "is not a file"
    return PlanError(
        f"{path.as_posix()!r} {why}. Every file there is uploaded, so it must be a readable file, or a link to one. "
        "Fix it or remove it."
    )
