"""A job's output: put together from the workers' files, and brought into the datastore."""

import glob
import os
import random
import shutil
from pathlib import Path

from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.jobs.failures import output_exists
from sandbox.azure.jobs.request import OutputLocation


def check_free(blobs: BlobStore, output: OutputLocation) -> None:
    """Refuse an output file that is there already.

    Raises:
        JobFailed: it is.
    """
    name = f"{output.prefix}{output.file_name}"
    if name in blobs.list(output.account, output.container, name):
        raise output_exists(f"{output.container}/{name}")


def merge(folder: Path, file_name: str) -> None:
    """Put every ``temp_*_*_<file name>`` of the folder into ``<file name>``, worker after worker, and remove them."""
    parts = list(folder.glob(f"temp_*_*_{glob.escape(file_name)}"))
    random.shuffle(parts)  # the service names no order
    with (folder / file_name).open("wb") as out:
        for part in parts:
            with part.open("rb") as rows:
                shutil.copyfileobj(rows, out, 1 << 20)
            part.unlink()


def upload(blobs: BlobStore, folder: Path, output: OutputLocation) -> int:
    """Move every file below the folder into the datastore; return how many. Links are no files in blob storage."""
    count = 0
    for root, _, names in os.walk(folder):
        for name in names:
            file = Path(root, name)
            if file.is_symlink():
                continue
            blob = f"{output.prefix}{file.relative_to(folder).as_posix()}"
            blobs.adopt(output.account, output.container, blob, file)
            count += 1
    return count
