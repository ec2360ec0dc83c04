"""What a step says on a pull request when it fails before its own result; nothing is deployed or previewed here."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError
from typer.testing import CliRunner, Result

from ci import commands, engine
from ci.sandboxed import SandboxError
from ci.seen import Seen
from modelops.engine.running import Ended
from tests.ci import fake_github
from tests.ci.fake_github import BOT, PULL_REQUEST, FakeGitHub

MARKER = "<!-- azureml-batch-endpoint preview: dev -->\n"
FOOTER = "\n\n<sub>commit `01234567`</sub>"
UNFINISHED = "Rehearsal: did not finish; see the run"


@pytest.fixture(name="github")
def _github() -> Iterator[FakeGitHub]:
    """Give a GitHub whose pull request has the comment of an earlier push."""
    with fake_github.running() as server:
        server.comments.append({"id": 0, "user": BOT, "body": f"{MARKER}### dev: no changes"})
        yield server


@pytest.fixture(name="folder", autouse=True)
def _folder(tmp_path: Path, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a new folder, as a job of a pull request."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps(PULL_REQUEST), encoding="utf-8")
    for name in ("GITHUB_RUN_ID", "GITHUB_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**github.environ(event, tmp_path / "summary.md"), "NO_PROXY": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(engine, "versions", dict)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(*words: str) -> Result:
    return CliRunner().invoke(commands.app, [*words, "--stack", "dev"])


@contextmanager
def _refused() -> Iterator[None]:
    raise ClientAuthenticationError("GitHub gives no token")
    yield


@contextmanager
def _taken() -> Iterator[None]:
    yield


def test_a_login_that_fails_is_in_the_comment(github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "signed_in", _refused)
    done = _run("preview")
    assert (done.exit_code, done.stderr) == (1, "error: GitHub gives no token\n")
    said = f"{MARKER}### dev: preview failed\n\n```text\nGitHub gives no token\n```{FOOTER}"
    assert [each["body"] for each in github.comments] == [said]


def test_a_preview_without_a_login_of_the_engine_says_how_to_get_one(
    github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = "PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions"
    monkeypatch.setattr(commands, "signed_in", _taken)
    monkeypatch.setattr(engine, "run", lambda *_, **__: Ended(3, f"error: {error}\n"))
    assert _run("preview").exit_code == 1
    hint = "Set `PULUMI_BACKEND_URL` (`azblob://state?storage_account=NAME`) or run `pulumi login`."
    said = f"{MARKER}### dev: preview failed\n\n```text\n{error}\n```\n\n{hint}{FOOTER}"
    assert [each["body"] for each in github.comments] == [said]


def test_a_preview_without_its_rehearsal_says_so(
    github: FakeGitHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def preview(stack: str, program: Path, seen: Seen) -> Ended:
        del stack, program, seen
        return Ended(0, "")

    monkeypatch.setattr(commands, "signed_in", _taken)
    monkeypatch.setattr(engine, "preview", preview)
    assert _run("preview").exit_code == 0
    assert UNFINISHED not in github.comments[0]["body"]
    (folder / "empty").mkdir()
    for place in ("empty", "missing"):
        github.comments[0]["body"] = MARKER
        assert _run("preview", "--rehearsal", place).exit_code == 0
        assert github.comments[0]["body"] == f"{MARKER}### dev: no changes\n\n{UNFINISHED}{FOOTER}"


def test_the_comment_of_a_rehearsal_that_did_not_finish(github: FakeGitHub) -> None:
    assert _run("comment", "--rehearsal", "missing").exit_code == 0
    assert github.comments[0]["body"] == f"{MARKER}### dev: not rehearsed\n\n{UNFINISHED}{FOOTER}"


def test_a_base_commit_that_does_not_exist_is_in_the_rehearsal_s_comment(folder: Path, github: FakeGitHub) -> None:
    done = _run("rehearse", "--base", "nowhere", "--output", "out")
    why = (
        "commit 'nowhere' is not in this clone, so nothing was rehearsed. Allowed: a commit that git has here. In CI, "
        "check out with fetch-depth: 2; elsewhere name it: --base COMMIT"
    )
    assert (done.exit_code, done.stderr) == (1, f"error: {why}\n")
    said = f"{MARKER}### dev: rehearsal failed\n\n```text\n{why}\n```{FOOTER}"
    assert (folder / "summary.md").read_text(encoding="utf-8") == f"{said}\n\n"
    assert (folder / "out" / "rehearsal.md").read_text(encoding="utf-8") == (
        f"Rehearsal: **failed**\n\n```text\n{why}\n```"
    )
    assert _run("comment", "--rehearsal", "out").exit_code == 0
    assert [each["body"] for each in github.comments] == [said]


def test_a_sandbox_that_does_not_start_is_in_the_rehearsal_s_comment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise SandboxError("no port is free")

    monkeypatch.setattr(commands, "base_of", lambda *_: "fedcba9876543210")
    monkeypatch.setattr(commands, "rehearsed", fails)
    done = _run("rehearse", "--output", "out")
    assert (done.exit_code, done.stderr) == (1, "error: no port is free\n")
    assert (folder / "out" / "comment.md").read_text(encoding="utf-8") == (
        f"{MARKER}### dev: rehearsal failed\n\n```text\nno port is free\n```\n\n"
        "<sub>commit `01234567`, previewed in the sandbox against `fedcba98`</sub>"
    )
