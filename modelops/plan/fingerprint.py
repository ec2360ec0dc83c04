"""Content identity: a digest of exactly the files that an upload sends.

The digest covers the sorted POSIX paths, the sizes and the contents, with lengths between them, so that two different
trees never give the hash the same bytes (the SDK's model hash can collide for crafted trees; it is only an upload
address). Times, owners and modes are not part of it.

Which files belong to a tree: `modelops.plan.files`.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Final

from modelops.errors import PlanError
from modelops.plan.files import SourceFile, files_of, reading

_LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/"
CHUNK_BYTES: Final = 1 << 20
"""Bytes to read at once."""


def digest(source: Path) -> str:
    """Return the SHA-256 of a folder's or a file's content identity, 64 hex digits.

    Raises:
        PlanError: see `files_of`; or a file is a Git LFS pointer instead of its content.
    """
    tree = Tree(source)
    for each in tree.files:
        with tree.open(each) as file:
            while file.read(CHUNK_BYTES):
                pass
    return tree.digest()


def require(source: Path, expected: str) -> None:
    """Compare the content of a folder or a file with the plan.

    Raises:
        PlanError: see `digest`; or the content changed since the plan was made.
    """
    if digest(source) != expected:
        raise _changed(source)


class Tree:
    """The files below `source`, to be read once and in order; reading them updates the digest.

    So the hashed bytes are the sent bytes, without reading files twice that may have changed in between.

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
            PlanError: it is a Git LFS pointer instead of its content, or cannot be read.
        """
        with reading(each.path):
            opened = each.path.open("rb")
        with opened as stream:
            with reading(each.path):
                is_pointer = stream.peek(len(_LFS_POINTER)).startswith(_LFS_POINTER)
            if is_pointer:
                raise PlanError(
                    f"{each.path.as_posix()!r} is a Git LFS pointer, not the file itself. Run `git lfs pull` and try "
                    "again."
                )
            name = each.name.encode()
            self._content.update(f"{len(name)} {each.size}\n".encode())
            self._content.update(name)
            yield HashedFile(stream, each, self._content)

    def digest(self) -> str:
        """SHA-256 of the bytes that were read, 64 hex digits: the content identity after reading every file."""
        return self._content.hexdigest()

    def require(self, expected: str) -> None:
        """Compare the content with the plan.

        Raises:
            PlanError: the content changed since the plan was made.
        """
        if self.digest() != expected:
            raise _changed(self.source)


class HashedFile:
    """A file of a tree, with as many bytes as when the tree was listed; it can only be read forwards."""

    def __init__(self, stream: BufferedReader, listed: SourceFile, content: "hashlib._Hash") -> None:
        self._stream = stream
        self._listed = listed
        self._left = listed.size
        self._content = content

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes (all that are left if negative); empty at the end.

        Raises:
            PlanError: the file is shorter now, or cannot be read.
        """
        wanted = self._left if size < 0 else min(size, self._left)
        with reading(self._listed.path):
            data = self._stream.read(wanted)
        if len(data) < wanted:
            raise _changed(self._listed.path)
        self._left -= wanted
        self._content.update(data)
        return data


def _changed(path: Path) -> PlanError:
    return PlanError(
        f"{path.as_posix()!r} changed after the plan was made, so it was not released. Another release "
        "takes the current files."
    )
