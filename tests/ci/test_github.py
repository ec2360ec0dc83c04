"""One comment and one issue, found again and edited: GitHub is a server on this machine. It does not prove GitHub's."""

from collections.abc import Iterator

import pytest

from ci.github import GitHubError
from tests.ci.fake_github import BOT, FakeGitHub, running

MARKER = "<!-- x: dev -->"


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running() as server:
        yield server


def test_a_comment_is_created_once_and_then_edited(github: FakeGitHub) -> None:
    say = github.repository.say
    assert [say(7, MARKER, f"{MARKER}\n{each}") for each in ("a", "a", "b")] == ["created", "unchanged", "edited"]
    assert github.writes == [
        ("POST", "/repos/org/repo/issues/7/comments", {"body": f"{MARKER}\na"}),
        ("PATCH", "/repos/org/repo/issues/comments/0", {"body": f"{MARKER}\nb"}),
    ]


def test_it_is_found_on_a_later_page_among_others_that_look_like_it(github: FakeGitHub) -> None:
    somebody = {"login": "somebody"}
    bodies = [(somebody, MARKER), (BOT, f"> {MARKER}"), (BOT, "<!-- x: prod -->"), (BOT, None), (BOT, MARKER)]
    github.comments = [{"id": at, "user": user, "body": body} for at, (user, body) in enumerate(bodies)]
    assert github.repository.say(7, MARKER, f"{MARKER}\nnew") == "edited"
    assert github.writes == [("PATCH", "/repos/org/repo/issues/comments/4", {"body": f"{MARKER}\nnew"})]


def test_a_token_that_may_not_write_is_said(github: FakeGitHub) -> None:
    github.refuses = 403
    with pytest.raises(GitHubError) as refused:
        github.repository.say(7, MARKER, MARKER)
    assert str(refused.value) == ("POST /repos/org/repo/issues/7/comments: 403 Resource not accessible by integration")
    assert refused.value.is_forbidden
    assert "secret-token" not in str(refused.value)


def test_no_answer_is_said_without_the_token(github: FakeGitHub) -> None:
    nowhere = github.repository
    github.shutdown()
    github.server_close()
    with pytest.raises(
        GitHubError, match=r"^GET /repos/org/repo/issues/7/comments\?per_page=100: no answer from GitHub"
    ):
        nowhere.say(7, MARKER, MARKER)


def test_an_issue_is_opened_edited_and_closed(github: FakeGitHub) -> None:
    github.issues = [{"number": 0, "pull_request": {}, "title": "t", "body": "b"}]
    report = github.repository.report
    bodies = ["one", "one", "two", None, None]
    assert [report("drift-prod", "Drift", each) for each in bodies] == [
        "created",
        "unchanged",
        "edited",
        "closed",
        "none",
    ]
    assert [(method, path) for method, path, _ in github.writes] == [
        ("POST", "/repos/org/repo/issues"),
        ("PATCH", "/repos/org/repo/issues/1"),
        ("PATCH", "/repos/org/repo/issues/1"),
    ]
    assert github.issues[1]["state"] == "closed"
