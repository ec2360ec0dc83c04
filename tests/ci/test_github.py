"""One comment and one issue, found again and edited: GitHub is a server on this machine. It does not prove GitHub's."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ci.github import GitHubError, Repository

BOT = {"login": "github-actions[bot]"}
MARKER = "<!-- x: dev -->"


class FakeGitHub(ThreadingHTTPServer):
    """Comments and issues of one repository, two on a page."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.comments: list[dict[str, Any]] = []
        self.issues: list[dict[str, Any]] = []
        self.writes: list[tuple[str, str, dict[str, Any]]] = []
        self.refuses: int | None = None

    @property
    def repository(self) -> Repository:
        """The client."""
        return Repository(f"http://127.0.0.1:{self.server_port}", "org/repo", "secret-token")


class _Handler(BaseHTTPRequestHandler):
    @property
    def github(self) -> FakeGitHub:
        assert isinstance(self.server, FakeGitHub)
        return self.server

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        listed = self.github.comments if path.endswith("/comments") else self.github.issues
        page = int((re.search(r"&page=(\d+)", query) or [0, 1])[1])
        found = [each for each in listed if each.get("state", "open") == "open"]
        more = f'<http://127.0.0.1:{self.github.server_port}{path}?per_page=2&page={page + 1}>; rel="next"'
        self._answer(200, found[2 * page - 2 : 2 * page], more if len(found) > 2 * page else "")

    def do_POST(self) -> None:
        self._write()

    def do_PATCH(self) -> None:
        self._write()

    def _write(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Authorization"] == "Bearer secret-token"
        if self.github.refuses:
            self._answer(self.github.refuses, {"message": "Resource not accessible by integration"})
            return
        self.github.writes.append((self.command, self.path, body))
        kind = self.github.comments if "comments" in self.path else self.github.issues
        if self.command == "POST":
            kind.append({"id": len(kind), "number": len(kind), "user": BOT, **body})
        else:
            kind[int(self.path.rpartition("/")[2])] |= body
        self._answer(200, {})

    def _answer(self, status: int, body: Any, link: str = "") -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if link:
            self.send_header("Link", link)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base class has it
        pass


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with FakeGitHub() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


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
