"""What a job on GitHub knows of its pull request, and whether its token may write there."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ci.surroundings import Surroundings, read

OWN = {"number": 7, "head": {"sha": "abc", "repo": {"full_name": "org/repo"}}, "user": {"login": "octocat"}}


def _read(folder: Path, pull_request: dict[str, Any] | None, **more: str) -> Surroundings:
    event = folder / "event.json"
    event.write_text(json.dumps({} if pull_request is None else {"pull_request": pull_request}))
    environ = {
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_TOKEN": "token",
        "GITHUB_REPOSITORY": "org/repo",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_RUN_ID": "5",
        "GITHUB_SHA": "merge",
    }
    return read({**environ, **more})


def test_outside_of_github_nothing_is_known() -> None:
    assert read({}) == Surroundings()


def test_a_pull_request_of_the_repository_s_own_branches(tmp_path: Path) -> None:
    found = _read(tmp_path, OWN, GITHUB_STEP_SUMMARY="/summary")
    assert (found.pull_request, found.may_comment, found.commit) == (7, True, "abc")
    assert found.run_url == "https://github.com/org/repo/actions/runs/5"
    assert found.summary == Path("/summary")


@pytest.mark.parametrize(
    "change",
    [
        {"head": {"sha": "abc", "repo": {"full_name": "fork/repo"}}},
        {"head": {"sha": "abc", "repo": None}},
        {"user": {"login": "dependabot[bot]"}},
    ],
    ids=["fork", "deleted fork", "bot"],
)
def test_the_token_of_a_fork_or_a_bot_cannot_write(tmp_path: Path, change: dict[str, Any]) -> None:
    assert not _read(tmp_path, {**OWN, **change}).may_comment


def test_a_push_has_no_pull_request(tmp_path: Path) -> None:
    found = _read(tmp_path, None)
    assert (found.pull_request, found.may_comment, found.commit) == (None, False, "merge")
    assert not _read(tmp_path, OWN, GITHUB_TOKEN="").may_comment


def test_a_job_of_azure_pipelines_uploads_its_summary(tmp_path: Path) -> None:
    found = read(
        {
            "TF_BUILD": "True",
            "AGENT_TEMPDIRECTORY": str(tmp_path),
            "BUILD_SOURCEVERSION": "merge",
            "SYSTEM_PULLREQUEST_SOURCECOMMITID": "abc",
        }
    )
    assert found == Surroundings(summary=tmp_path / f"summary-{os.getpid()}.md", uploads=True, commit="abc")
