"""What GitHub Actions and Azure Pipelines tell a job in its environment, and what a job writes for people.

https://docs.github.com/actions/reference/workflows-and-actions/variables
https://learn.microsoft.com/azure/devops/pipelines/build/variables
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ci.github import Repository
from modelops.about import run_url

_BOTS: Final = "[bot]"
_COMMITS: Final = ("GITHUB_SHA", "SYSTEM_PULLREQUEST_SOURCECOMMITID", "BUILD_SOURCEVERSION")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a job runs."""

    repository: Repository | None = None
    """None outside of GitHub Actions, or without GITHUB_TOKEN."""
    pull_request: int | None = None
    may_comment: bool = False
    """Whether the token can write: not for the pull requests of forks and bots."""
    summary: Path | None = None
    """The file of the step's summary."""
    uploads: bool = False
    """Whether Azure Pipelines has to be told of that file."""
    commit: str = ""
    """Of the pull request itself, not of its merge."""
    run_url: str = ""


def read(environ: Mapping[str, str] = os.environ) -> Surroundings:
    """Read the environment; outside of a pipeline nothing is known."""
    event = _event(environ)
    asked: Mapping[str, Any] = event.get("pull_request") or {}
    token, name = environ.get("GITHUB_TOKEN", ""), environ.get("GITHUB_REPOSITORY", "")
    repository = Repository(environ.get("GITHUB_API_URL", ""), name, token) if token and name else None
    head: Mapping[str, Any] = asked.get("head") or {}
    is_own = (head.get("repo") or {}).get("full_name") == name
    is_bot = str((asked.get("user") or {}).get("login") or "").endswith(_BOTS)
    summary, uploads = _summary(environ)
    return Surroundings(
        repository,
        asked.get("number"),
        may_comment=repository is not None and bool(asked) and is_own and not is_bot,
        summary=summary,
        uploads=uploads,
        commit=str(head.get("sha") or _first(environ, *_COMMITS)),
        run_url=run_url(environ),
    )


def _summary(environ: Mapping[str, str]) -> tuple[Path | None, bool]:
    """Return the file of the step's summary, and whether Azure Pipelines has to be told of it."""
    if of_github := environ.get("GITHUB_STEP_SUMMARY"):
        return Path(of_github), False
    if environ.get("TF_BUILD") and (folder := environ.get("AGENT_TEMPDIRECTORY")):
        return Path(folder) / f"summary-{os.getpid()}.md", True
    return None, False


def _first(environ: Mapping[str, str], *names: str) -> str:
    return next((environ[each] for each in names if environ.get(each)), "")


def _event(environ: Mapping[str, str]) -> Mapping[str, Any]:
    path = environ.get("GITHUB_EVENT_PATH")
    if not path or not Path(path).is_file():
        return {}
    found = json.loads(Path(path).read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}
