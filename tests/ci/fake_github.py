"""GitHub as a server on this machine: the comments and issues of one repository. It does not prove GitHub's."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ci.github import Repository

BOT = {"login": "github-actions[bot]"}
PULL_REQUEST = {
    "pull_request": {
        "number": 7,
        "head": {"sha": "0123456789abcdef", "repo": {"full_name": "org/repo"}},
        "user": {"login": "somebody"},
    }
}
"""The event of a pull request from a branch of the repository."""


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

    def environ(self, event: Path, summary: Path) -> dict[str, str]:
        """Return what a job has in its environment; its token may write.

        Args:
            event: the file of its event.
            summary: the file of its step's summary.
        """
        return {
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_API_URL": self.repository.api,
            "GITHUB_REPOSITORY": self.repository.name,
            "GITHUB_TOKEN": self.repository.token,
        }


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


@contextmanager
def running() -> Iterator[FakeGitHub]:
    """Give a GitHub without comments and issues."""
    with FakeGitHub() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
