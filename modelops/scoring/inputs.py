"""What a job scores: local files, addresses and data assets."""

import re
from pathlib import Path
from typing import Final, NamedTuple

from modelops.errors import UsageError

_URI: Final = re.compile(r"^(https?|azureml|wasbs?|abfss?)://", re.IGNORECASE)
_DATA_ASSET: Final = re.compile(r"^azureml:[^/]")


class JobInput(NamedTuple):
    """The input of a job.

    Attributes:
        kind: `uri_file` or `uri_folder`, the types that a batch endpoint takes.
        path: a local path, an address, or a data asset.
    """

    kind: str
    path: str


def read(source: str) -> JobInput:
    """Return the input that a command line or a stack file names.

    Raises:
        UsageError: it is neither a URI nor an existing file or folder with files.
    """
    if _URI.match(source) or _DATA_ASSET.match(source):
        return JobInput("uri_folder", source)
    path = Path(source)
    if path.is_file():
        return JobInput("uri_file", str(path))
    if not path.is_dir() or not any(each.is_file() for each in path.rglob("*")):
        raise UsageError(
            f"--input {source!r} is neither an existing file, nor a folder with files, nor a URI (https://, "
            "azureml://, azureml:name:version)."
        )
    return JobInput("uri_folder", str(path))
