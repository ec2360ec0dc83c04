"""The store on disk: checksums, blobs in several parts, and what a killed server leaves."""

import base64
import hashlib
import os
import shutil
from pathlib import Path

from sandbox.azure.blobs.index import Index


def md5_of(file: Path) -> str:
    """Return a file's MD5 as the service's headers have it, in base64."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).digest()
    return base64.b64encode(digest).decode()


def join(sources: list[Path], target: Path) -> None:
    """Concatenate the sources, inside the kernel; an empty list makes an empty file."""
    with target.open("wb") as out:
        for source in sources:
            with source.open("rb") as part:
                left = os.fstat(part.fileno()).st_size
                while left:
                    left -= os.copy_file_range(part.fileno(), out.fileno(), left)
    target.chmod(0o400)


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
