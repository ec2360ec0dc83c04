"""Which files changed since a revision was released: git tells, if that release had exactly a commit's files.

A plan has only the digest of a folder: without git, the files are not known.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from modelops import git
from modelops.release import provenance

_SECONDS: Final = 5.0
"""A preview has only 20 s for all that it reads."""


def since(released: Mapping[str, str], root: Path, folder: str) -> list[str]:
    """Return the names of the files that differ, relative to the folder; none if that is not known.

    Args:
        released: the properties of the released deployment.
        root: the program's folder.
        folder: what to compare, relative to it.
    """
    commit = released.get(provenance.COMMIT)
    if not commit or commit.startswith("-") or released.get(provenance.CLEAN) != "true":
        return []
    differing = _named(root / folder, "diff", "--name-only", "--relative", "-z", commit, "--", ".")
    added = _named(root / folder, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    return [] if differing is None or added is None else sorted({*differing, *added})


def _named(folder: Path, *words: str) -> list[str] | None:
    """Return the names that git prints; None if it fails: another clone may not have the commit."""
    said = git.output(folder, *words, seconds=_SECONDS)
    return None if said is None else [each for each in said.split("\0") if each]
