"""Where a release comes from: the git commit, and the run of GitHub Actions or Azure Pipelines.

It only describes a release: it belongs neither to the plan nor to the identity of a revision.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from modelops import git

_GIT_SECONDS: Final = 30.0
_COMMIT: Final = "# branch.oid "
_NO_COMMIT: Final = "(initial)"


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a release's origin."""

    commit: str = ""
    """The whole hash; empty outside a git repository."""
    clean: bool | None = None
    """Whether the working tree had no changes and no new files beside the commit; None if git did not say."""
    run_url: str = ""
    """Address of the run; empty on a person's machine."""

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> Self:
        """Read what `texts` returned; what is missing is not known."""
        clean = {"true": True, "false": False}.get(texts.get("clean", ""))
        return cls(texts.get("commit", ""), clean, texts.get("runUrl", ""))

    def texts(self) -> dict[str, str]:
        """Return plain texts, of what is known."""
        clean = "" if self.clean is None else str(self.clean).lower()
        found = {"commit": self.commit, "clean": clean, "runUrl": self.run_url}
        return {name: value for name, value in found.items() if value}


@cache
def current(folder: Path) -> About:
    """Return where a release of the program in `folder` comes from, as of the first call."""
    return read(folder, os.environ)


def read(folder: Path, environ: Mapping[str, str]) -> About:
    """Ask git and the environment; nothing of it is an error.

    Args:
        folder: one of the repository.
        environ: the environment variables.
    """
    commit, clean = _git(folder, environ)
    # Sources without a repository, such as a downloaded archive.
    commit = commit or environ.get("GITHUB_SHA") or environ.get("BUILD_SOURCEVERSION") or ""
    return About(commit, clean, run_url(environ))


def _git(folder: Path, environ: Mapping[str, str]) -> tuple[str, bool | None]:
    """Return the commit, and whether the working tree has no changes; ignored files do not count."""
    said = git.output(folder, "status", "--porcelain=v2", "--branch", seconds=_GIT_SECONDS, environ=environ)
    if said is None:
        return "", None
    lines = said.splitlines()
    commit = next((line.removeprefix(_COMMIT) for line in lines if line.startswith(_COMMIT)), _NO_COMMIT)
    return ("", None) if commit == _NO_COMMIT else (commit, all(line.startswith("#") for line in lines))


def run_url(environ: Mapping[str, str]) -> str:
    """Return the address of the run.

    Sources: https://docs.github.com/actions/reference/workflows-and-actions/variables and
    https://learn.microsoft.com/azure/devops/pipelines/build/variables
    """
    if run := environ.get("GITHUB_RUN_ID"):
        server = environ.get("GITHUB_SERVER_URL", "https://github.com")
        return f"{server}/{environ.get('GITHUB_REPOSITORY', '')}/actions/runs/{run}"
    if build := environ.get("BUILD_BUILDID"):
        project = quote(environ.get("SYSTEM_TEAMPROJECT", ""))
        return f"{environ.get('SYSTEM_COLLECTIONURI', '').rstrip('/')}/{project}/_build/results?buildId={build}"
    return ""
