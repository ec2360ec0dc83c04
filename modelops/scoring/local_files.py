"""What is special about the files of a local input, said before they are uploaded and scored."""

import os
from pathlib import Path
from typing import Final

from modelops.errors import UsageError

_NAMED: Final = 3
_EXCLUDING: Final = (".amlignore", ".gitignore")


def notes(path: Path) -> list[str]:
    """Return sentences about the files of a folder that are scored in another way than one may expect, or not at all.

    Args:
        path: a local file or folder.

    Raises:
        UsageError: nothing of the folder would be uploaded, or a link in it leads nowhere.
    """
    if path.is_file():
        return ["The file is empty."] if not path.stat().st_size else []
    files, ignored_by, left_out = uploaded(path)
    if not files:
        raise UsageError(f"all files of {path} are excluded by its {ignored_by}, so nothing would be uploaded.")
    if broken := [each for each in files if not (path / each).exists()]:
        raise UsageError(
            f"{path} has links to files that do not exist: {_names(broken)}. Nothing was uploaded. Remove or fix the "
            "links, then run the command again."
        )
    nested = [each for each in files if "/" in each]
    hidden = [each for each in files if any(part.startswith(".") for part in each.split("/"))]
    empty = [each for each in files if not (path / each).stat().st_size]
    about = [
        (left_out, f"excluded by {ignored_by} and not uploaded"),
        (nested, "in sub-folders: Azure's documentation says that these are not scored; move them up"),
        (hidden, "hidden, and uploaded and scored like all others"),
        (empty, "empty, and scored like all others"),
    ]
    return [f"{_count(some)} {_are(some)} {what}: {_names(some)}." for some, what in about if some]


def uploaded(folder: Path) -> tuple[list[str], str, list[str]]:
    """Return the files that azure-ai-ml uploads, the name of the file that excludes others ("" if none), and those."""
    every = sorted(
        (Path(root) / name).relative_to(folder).as_posix()
        for root, _, names in os.walk(folder, followlinks=True)
        for name in names
    )
    # Only in the folder itself: azure-ai-ml reads no other, and the first of the two.
    excluding = next((name for name in _EXCLUDING if name in every), "")
    left_out = set(_excluded(folder, every)) if excluding else set()
    return [each for each in every if each not in left_out], excluding, sorted(left_out)


def _excluded(folder: Path, files: list[str]) -> list[str]:
    from azure.ai.ml._utils._asset_utils import get_ignore_file  # noqa: PLC0415 - takes a second

    rules, real = get_ignore_file(folder), folder.resolve()
    return [each for each in files if rules.is_file_excluded((real / each).as_posix())]


def _count(files: list[str]) -> str:
    return "1 file" if len(files) == 1 else f"{len(files)} files"


def _are(files: list[str]) -> str:
    return "is" if len(files) == 1 else "are"


def _names(files: list[str]) -> str:
    more = len(files) - _NAMED
    return ", ".join(files[:_NAMED]) + (f" and {more} more" if more > 0 else "")
