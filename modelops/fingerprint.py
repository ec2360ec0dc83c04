"""Content identity: a digest of exactly the files that an upload sends.

The digest covers the sorted POSIX paths, the sizes and the contents, with lengths between them, so that no two
different trees feed the hash the same bytes (the SDK's own model hash does for crafted trees and serves only as an
upload address). Times, owners and modes are not part of it.

Left out, and therefore not uploaded either: `__pycache__`, `*.pyc`, `.git`, and in the root `.amlignore` and
`.gitignore`. The SDK obeys those two and would silently drop files that were hashed.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Final

from modelops.errors import PlanError

_LEFT_OUT_FOLDERS: Final = frozenset({"__pycache__", ".git"})
_LEFT_OUT_IN_ROOT: Final = frozenset({".amlignore", ".gitignore"})
_LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/"
_CHUNK: Final = 1 << 20

_staged: set[Path] = set()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a tree: where it lies and what it is called in the upload."""

    path: Path
    name: str
    size: int


def files_of(source: Path) -> list[SourceFile]:
    """The files that belong to `source` (a folder or one file), sorted by their POSIX names.

    Raises:
        PlanError: nothing is there, the folder holds no file, or it links to another folder.
    """
    if source.is_file():
        return [SourceFile(source, source.name, source.stat().st_size)]
    if not source.is_dir():
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


def digest(source: Path) -> str:
    """SHA-256 of a folder's or a file's content identity, 64 hex digits.

    Raises:
        PlanError: see `files_of`; or a file is a Git LFS pointer instead of its content.
    """
    tree = Tree(source)
    for each in tree.files:
        with tree.open(each) as file:
            while file.read(_CHUNK):
                pass
    return tree.digest()


class Tree:
    """The files below `source`, to be read once and in order; what was read goes into the digest on the way.

    So that what is hashed is what is sent, without a second look at files that may have changed in between.

    Raises:
        PlanError: see `files_of`.
    """

    def __init__(self, source: Path) -> None:
        self.source: Final = source
        self.files: Final = files_of(source)
        self._content = hashlib.sha256(f"{'file' if source.is_file() else 'folder'} {len(self.files)}\n".encode())

    @contextlib.contextmanager
    def open(self, each: SourceFile) -> Iterator["HashedFile"]:
        """Open the next one of `files`.

        Raises:
            PlanError: it is a Git LFS pointer instead of its content.
        """
        with each.path.open("rb") as stream:
            if stream.peek(len(_LFS_POINTER)).startswith(_LFS_POINTER):
                raise PlanError(
                    f"{each.path.as_posix()!r} is a Git LFS pointer, not the file itself. Run `git lfs pull` and try "
                    "again."
                )
            name = each.name.encode()
            self._content.update(f"{len(name)} {each.size}\n".encode())
            self._content.update(name)
            yield HashedFile(stream, each, self._content)

    def digest(self) -> str:
        """SHA-256 of what was read, 64 hex digits: the content identity once every file was read to its end."""
        return self._content.hexdigest()

    def require(self, expected: str) -> None:
        """Compare what was read with the plan.

        Raises:
            PlanError: the content is no longer what the plan was made from.
        """
        if self.digest() != expected:
            raise _changed(self.source)


class HashedFile:
    """A file of a tree, as many bytes as it had when the tree was listed; it can only be read forwards."""

    def __init__(self, stream: BufferedReader, listed: SourceFile, content: "hashlib._Hash") -> None:
        self._stream = stream
        self._listed = listed
        self._left = listed.size
        self._content = content

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes (all that are left if negative); empty at the end.

        Raises:
            PlanError: the file is shorter by now.
        """
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._stream.read(wanted)
        if len(data) < wanted:
            raise _changed(self._listed.path)
        self._left -= wanted
        self._content.update(data)
        return data


@contextlib.contextmanager
def staged(source: Path, folder: str, expected: str) -> Iterator[Path]:
    """Copy `source` to a folder of its own and yield the copy, which holds exactly the bytes of `expected`.

    A folder's copy is called `folder` wherever the original lies: the name is part of a model's address in Azure, and
    of the path under which a scoring script finds it. One file keeps its own name. The copy is removed afterwards.

    Raises:
        PlanError: the content is no longer what the plan was made from.
    """
    tree = Tree(source)
    holder = Path(tempfile.mkdtemp(prefix="azureml-batch-"))
    _staged.add(holder)
    try:
        root = holder if source.is_file() else holder / folder
        for each in tree.files:
            target = root / each.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with tree.open(each) as reading, target.open("wb") as writing:
                shutil.copyfileobj(reading, writing, _CHUNK)
        tree.require(expected)
        yield root / tree.files[0].name if source.is_file() else root
    finally:
        shutil.rmtree(holder, ignore_errors=True)
        _staged.discard(holder)


def remove_staged() -> None:
    """Remove every copy that is still there; for a process that is about to leave without unwinding."""
    for holder in list(_staged):
        shutil.rmtree(holder, ignore_errors=True)


def check_image(image: str) -> str | None:
    """Why `image` cannot be part of a revision, or None: it needs a tag other than `latest`, or a digest.

    Without one the same plan would run different software from one day to the next.
    """
    if "@sha256:" in image:
        return None
    _, colon, tag = image.rpartition(":")
    if not colon or not tag or "/" in tag or tag == "latest":
        return (
            f"image {image!r}: allowed is an image with a fixed tag (not `latest`) or an `@sha256:` digest, "
            "so that the same plan runs the same software"
        )
    return None


def require_fixed_image(image: str) -> None:
    """Refuse an image that `check_image` finds fault with.

    Raises:
        PlanError: with that text.
    """
    if problem := check_image(image):
        raise PlanError(f"{problem}. Nothing was changed; correct the stack file.")


def _walk(root: Path) -> Iterator[SourceFile]:
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = [name for name in folders if name not in _LEFT_OUT_FOLDERS]
        for name in folders:
            if (here / name).is_symlink():
                raise PlanError(
                    f"{(here / name).as_posix()!r} is a link to a folder. Links to folders are not followed, because "
                    "the upload would follow them out of the tree; copy the folder there or remove the link."
                )
        for name in names:
            if name.endswith(".pyc") or (here == root and name in _LEFT_OUT_IN_ROOT):
                continue
            path = here / name
            # macOS hands out decomposed names; the same tree must have the same identity everywhere.
            relative = unicodedata.normalize("NFC", path.relative_to(root).as_posix())
            yield SourceFile(path, relative, path.stat().st_size)


def _changed(path: Path) -> PlanError:
    return PlanError(
        f"{path.as_posix()!r} is not what the plan was made from: it changed in the meantime. "
        "It was not released. Run `pulumi up` again to release what is there now."
    )
