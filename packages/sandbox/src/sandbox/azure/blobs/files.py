"""The store on disk: checksums, blobs in several parts, and what a killed server leaves."""

import base64
import errno
import hashlib
import os
import shutil
from io import FileIO
from pathlib import Path

from sandbox.azure.blobs.index import Index

_MOST = 1 << 30
_PIECE = 1 << 20
_CANNOT = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.ENOTSUP})
"""The kernel or a file system cannot copy between these files by itself."""


def md5_of(file: Path) -> str:
    """Return a file's MD5 as the service's headers have it, in base64."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).digest()
    return base64.b64encode(digest).decode()


def copy(source: str | Path, target: str | Path) -> None:
    """Copy a file's bytes into a new file, which anybody may change without changing the source.

    File systems with shared extents (Btrfs, XFS, bcachefs) copy nothing until then.

    Raises:
        OSError: also FileExistsError, if the target exists.
    """
    with open(source, "rb", buffering=0) as taken, open(target, "xb", buffering=0) as out:  # noqa: PTH123 - 20,000 times
        _append(taken, out)


def join(sources: list[Path], target: Path) -> None:
    """Concatenate the sources; an empty list makes an empty file."""
    with target.open("wb", buffering=0) as out:
        for source in sources:
            with source.open("rb", buffering=0) as part:
                _append(part, out)
    target.chmod(0o444)


def _append(source: FileIO, out: FileIO) -> None:
    """Add a file's bytes to another one, inside the kernel where it can."""
    try:
        while os.copy_file_range(source.fileno(), out.fileno(), _MOST):
            pass
    except AttributeError:  # macOS
        shutil.copyfileobj(source, out, _PIECE)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        shutil.copyfileobj(source, out, _PIECE)  # from where it stopped


def remove_leftovers(root: Path, index: Index) -> None:
    """Remove what no blob uses: files, and folders of deleted containers."""
    known = {(container.account, container.name) for container in index.containers()}
    for folder in root.glob("*/*/"):
        key = (folder.parent.name, folder.name)
        if key not in known:
            shutil.rmtree(folder, ignore_errors=True)
            continue
        used = index.files(*key)
        for file in folder.iterdir():
            if file.name not in used:
                file.unlink()
