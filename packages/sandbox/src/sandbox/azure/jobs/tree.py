"""The files of a folder that a script filled: what blob storage takes, and what it cannot.

A blob is a file with a name that is text of up to 1024 characters
(https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata); reading a
pipe or a device might never end, and a link may lead to anything on this machine.
"""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

_NAME_CHARACTERS = 1024
_NAMED = 5
_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def is_real(folder: Path) -> bool:
    """Whether this is a folder and no link to one: what is behind a link is not the job's."""
    try:
        return stat.S_ISDIR(folder.lstat().st_mode)
    except OSError:
        return False


@dataclass(slots=True)
class Tree:
    """The regular files below a folder with their names there, and the rest, each with the reason."""

    files: list[tuple[Path, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path, prefix: str = "") -> "Tree":
        """Return what is below ``folder`` now; a blob's name begins with ``prefix``."""
        tree = cls()
        if not is_real(folder):
            tree.left_out.append(f"'{folder.name}' (the script has replaced the folder)")
            return tree
        for root, folders, names in os.walk(folder, onerror=tree._unread):
            below = os.path.relpath(root, folder)
            for name in sorted([*names, *(each for each in folders if Path(root, each).is_symlink())]):
                tree._add(Path(root, name), name if below == "." else f"{below}/{name}", prefix)
        return tree

    @property
    def told(self) -> str | None:
        """A sentence about what was left out; None if nothing was."""
        if not self.left_out:
            return None
        shown = ", ".join(sorted(self.left_out)[:_NAMED])
        more = len(self.left_out) - _NAMED
        return f"Left out, because blob storage has only files: {shown}{f' and {more} more' if more > 0 else ''}."

    def _add(self, path: Path, name: str, prefix: str) -> None:
        try:
            kind = stat.S_IFMT(path.lstat().st_mode)
        except FileNotFoundError:  # the script removed it
            return
        text = os.fsencode(name).decode(errors="backslashreplace")
        if kind != stat.S_IFREG:
            self.left_out.append(f"'{text}' ({_KINDS.get(kind, 'no file')})")
        elif text != name:
            self.left_out.append(f"'{text}' (its name is not UTF-8)")
        elif len(prefix + name) > _NAME_CHARACTERS:
            self.left_out.append(f"'{text[:40]}...' (its blob's name is longer than {_NAME_CHARACTERS} characters)")
        else:
            self.files.append((path, name))

    def _unread(self, error: OSError) -> None:
        self.left_out.append(f"'{Path(error.filename).name}' ({error.strerror})")
