"""What a scoring script may not reach, though it runs on the machine that emulates: our packages, read-only folders.

It runs on Python 3.8 and later: the deployment chooses its version.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = frozenset({"os.remove", "os.rename", "os.truncate", "os.chmod", "os.rmdir", "os.mkdir", "os.link"})

_NOT_THE_JOBS = frozenset({"sandbox", "pulumi_standins"})
"""Packages of the machine that emulates: the service has no such thing in a deployment's environment."""


class OwnOnly(MetaPathFinder):
    """Keeps the emulator's packages from the scoring script, unless the code snapshot has one of that name itself."""

    def __init__(self, code_dir: str) -> None:
        self._code_dir = code_dir

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Leave all other names to the finders behind this one.

        Raises:
            ModuleNotFoundError: the name is the emulator's.
        """
        if path is not None or fullname not in _NOT_THE_JOBS:
            return None
        found = PathFinder.find_spec(fullname, [self._code_dir], target)
        if found is None:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return found


def protect(folders: list[str]) -> None:
    """Make writing below ``folders`` fail as on a read-only mount, also for root, which ignores file modes."""
    below = tuple(f"{os.path.realpath(folder)}{os.sep}" for folder in folders)

    def check(path: Any) -> None:
        if path is None or isinstance(path, int):
            return
        where = os.fsdecode(path)
        if os.path.abspath(where).startswith(below):  # noqa: PTH100 - in an audit hook nothing slow may happen
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), where)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if flags & _WRITING:
                check(path)
        elif event in _CHANGES:
            for path in arguments[:2]:
                if isinstance(path, (str, bytes, os.PathLike)):
                    check(path)

    sys.addaudithook(hook)
