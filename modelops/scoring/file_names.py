"""Names of blobs and logs, as paths of files on this machine."""

from pathlib import PurePosixPath


def is_below(name: str) -> bool:
    """Say whether a name can be the path of a file in a folder: a blob's name can lead out of it."""
    path = PurePosixPath(name)
    return bool(path.parts) and ".." not in path.parts and not path.is_absolute()
