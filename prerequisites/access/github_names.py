"""The repository and its branch: what is wrong with how the administrator wrote them."""

import re
from collections.abc import Iterator
from typing import Final

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")
_ADDRESS: Final = re.compile(r"(?:(?:https?|ssh)://)?(?:git@)?(?:www\.)?github\.com[:/]", re.IGNORECASE)
_BRANCH: Final = re.compile(r"[^\s~^:?*\[\\]+")
_PREFIX: Final = re.compile(r"refs/heads/|(?:(?:refs/)?remotes/)?origin/")
"""Of a ref, which a trust or a rule for a branch would take as a part of the branch's name."""


def is_repository(text: str) -> bool:
    """Return whether this is `OWNER/NAME`; no repository's name ends with `.git`."""
    return _REPOSITORY.fullmatch(text) is not None and not text.endswith(".git")


def problems(repository: object, branch: object) -> Iterator[str]:
    """Yield what is wrong with either, a sentence each, with what to write if that can be told; None is never wrong."""
    if repository is not None and not is_repository(text := str(repository)):
        meant = _ADDRESS.sub("", text, count=1).removesuffix("/").removesuffix(".git")
        allowed = f"Write {meant}." if is_repository(meant) else "Allowed: OWNER/NAME of a GitHub repository."
        yield f"repository is '{text}'. {allowed}"
    if branch is not None:
        text = str(branch)
        meant = _PREFIX.sub("", text, count=1) if _PREFIX.match(text) else text
        is_branch = _BRANCH.fullmatch(meant) is not None and not meant.startswith("refs/")
        if not is_branch or meant != text:
            allowed = f"Write {meant}." if is_branch else "Allowed: the name of a branch, such as main."
            yield f"branch is '{text}'. {allowed}"
