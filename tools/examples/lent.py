"""A copy of an example in which it may write, without copying the whole checkout."""

import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath


def lend(checkout: Path, copy: Path, folder: str, made: Iterable[str] = ()) -> None:
    """Make ``copy`` look like the checkout: ``folder`` is copied, everything beside it is a symbolic link.

    Beside ``folder``, the places of ``made`` (files of ours, relative to the checkout) stay free. All of them get real
    folders above them, so that nothing is ever written into the checkout.
    """
    places = {PurePosixPath(each) for each in made}
    _lend(checkout, copy, PurePosixPath(), PurePosixPath(folder), places)
    for each in places:
        (copy / each).parent.mkdir(parents=True, exist_ok=True)


def _lend(checkout: Path, copy: Path, here: PurePosixPath, folder: PurePosixPath, made: set[PurePosixPath]) -> None:
    (copy / here).mkdir(parents=True, exist_ok=True)
    for entry in (checkout / here).iterdir():
        place = here / entry.name
        if place in made or entry.name == ".git":
            continue
        if place == folder:
            shutil.copytree(entry, copy / place)
        elif any(place in each.parents for each in {folder, *made}):
            _lend(checkout, copy, place, folder, made)
        else:
            (copy / place).symlink_to(entry)
