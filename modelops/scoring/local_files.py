"""What is special about the files of a local input, said before they are uploaded and scored."""

import os
import stat
from pathlib import Path
from typing import Final

from modelops.errors import UsageError
from modelops.plan import blob_names

_NAMED: Final = 3
_EXCLUDING: Final = (".amlignore", ".gitignore")
_KINDS: Final = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def notes(path: Path) -> list[str]:
    """Return sentences about the files of a folder that are scored in another way than one may expect, or not at all.

    Args:
        path: a local file or folder.

    Raises:
        UsageError: nothing of the folder would be uploaded, or something in it cannot be.
    """
    if path.is_file():
        return ["The file is empty."] if not path.stat().st_size else []
    files, ignored_by, left_out = uploaded(path)
    if not files:
        raise UsageError(f"all files of {path} are excluded by its {ignored_by}, so nothing would be uploaded.")
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
    """Return the files that azure-ai-ml uploads, the name of the file that excludes others ("" if none), and those.

    Raises:
        UsageError: something there is no file, or has a name that no blob can have: the upload would stop at it, or
            never end, waiting for the other end of a pipe.
    """
    every, unread = _walked(folder)
    # Only in the folder itself: azure-ai-ml reads no other, and the first of the two.
    excluding = next((name for name in _EXCLUDING if name in every), "")
    left_out = set(_excluded(folder, every)) if excluding else set()
    files = [each for each in every if each not in left_out]
    if broken := [each for each in files if (folder / each).is_symlink() and not (folder / each).exists()]:
        raise UsageError(
            f"{folder} has links to files that do not exist: {_names(broken)}. Nothing was uploaded. Remove or fix the "
            "links, then run the command again."
        )
    odd = unread + [f"{each} ({why})" for each in files if (why := _oddity(folder, each))]
    if odd:
        raise UsageError(
            f"{folder} has what cannot be uploaded: {_names(odd)}. Nothing was uploaded. Remove it, then run the "
            "command again."
        )
    return files, excluding, sorted(left_out)


def _walked(folder: Path) -> tuple[list[str], list[str]]:
    """Return the names below a folder, through links to folders as azure-ai-ml goes, and the folders not to enter."""
    found: list[str] = []
    odd: list[str] = []

    def unread(error: OSError) -> None:
        odd.append(f"{os.path.relpath(error.filename, folder)} ({error.strerror})")

    for root, folders, names in os.walk(folder, followlinks=True, onerror=unread):
        here = Path(root)
        for name in [each for each in folders if (here / each).is_symlink() and _leads_back(here / each, folder)]:
            folders.remove(name)
            odd.append(f"{(here / name).relative_to(folder).as_posix()} (a link to a folder that it is in)")
        found += [(here / name).relative_to(folder).as_posix() for name in names]
    return sorted(found), odd


def _leads_back(link: Path, folder: Path) -> bool:
    target = link.resolve()
    between = [link.parent, *(each for each in link.parent.parents if each.is_relative_to(folder))]
    return any(each.resolve().is_relative_to(target) for each in between)


def _oddity(folder: Path, name: str) -> str:
    """Return why a file cannot become a blob, "" if it can."""
    kind = stat.S_IFMT((folder / name).stat().st_mode)
    if kind != stat.S_IFREG:
        return _KINDS.get(kind, "no file")
    if not blob_names.is_text(name):
        return "its name is not UTF-8"
    if blob_names.is_too_long(f"{folder.name}/{name}"):
        return blob_names.TOO_LONG
    return ""


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
    return ", ".join(blob_names.shown(each) for each in files[:_NAMED]) + (f" and {more} more" if more > 0 else "")
