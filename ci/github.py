"""GitHub's REST API, as far as comments and issues need it: one of each, found again and edited in place.

https://docs.github.com/rest/issues/comments, https://docs.github.com/rest/issues/issues
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import requests

_SECONDS: Final = 30
_PAGE: Final = 100
_NEXT: Final = re.compile(r'<([^>]+)>; rel="next"')


class GitHubError(Exception):
    """GitHub refused a request, or did not answer; the text says what was asked."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status
        """The answer's status; None without an answer."""

    @property
    def is_forbidden(self) -> bool:
        """Whether the token may not do it, as that of a fork's pull request or of a bot's."""
        return self.status in (401, 403, 404)


@dataclass(frozen=True)
class Repository:
    """A repository on GitHub."""

    api: str
    """Address of the API: GITHUB_API_URL."""
    name: str
    """OWNER/NAME."""
    token: str
    author: str = "github-actions[bot]"
    """Whose comments are edited: a workflow's own. Anybody can write a comment that looks like one of them."""

    def say(self, pull_request: int, marker: str, body: str) -> str:
        """Write a comment on a pull request, or edit the one that has the marker; return what was done.

        Raises:
            GitHubError: it was refused.
        """
        found = next((each for each in self._comments(pull_request) if self._is_ours(each, marker)), None)
        if found is None:
            self._send("POST", f"issues/{pull_request}/comments", {"body": body})
            return "created"
        if found["body"] == body:
            return "unchanged"
        self._send("PATCH", f"issues/comments/{found['id']}", {"body": body})
        return "edited"

    def report(self, label: str, title: str, body: str | None) -> str:
        """Keep one open issue with the label: open it, edit it, or close it without a body; return what was done.

        Raises:
            GitHubError: it was refused.
        """
        found = next(
            (each for each in self._pages(f"issues?state=open&labels={label}&per_page={_PAGE}") if _is_issue(each)),
            None,
        )
        if body is None:
            if found is not None:
                self._send("PATCH", f"issues/{found['number']}", {"state": "closed", "state_reason": "completed"})
            return "closed" if found else "none"
        if found is None:
            self._send("POST", "issues", {"title": title, "body": body, "labels": [label]})
            return "created"
        if (found["title"], found["body"]) == (title, body):
            return "unchanged"
        self._send("PATCH", f"issues/{found['number']}", {"title": title, "body": body})
        return "edited"

    def _comments(self, pull_request: int) -> Iterator[Any]:
        yield from self._pages(f"issues/{pull_request}/comments?per_page={_PAGE}")

    def _is_ours(self, comment: Any, marker: str) -> bool:
        author = (comment.get("user") or {}).get("login")
        return author == self.author and str(comment.get("body") or "").startswith(marker)

    def _pages(self, path: str) -> Iterator[Any]:
        url: str | None = f"{self.api}/repos/{self.name}/{path}"
        while url:
            answer = self._request("GET", url, None)
            yield from answer.json()
            found = _NEXT.search(answer.headers.get("Link", ""))
            url = found[1] if found else None

    def _send(self, method: str, path: str, body: Any) -> None:
        self._request(method, f"{self.api}/repos/{self.name}/{path}", body)

    def _request(self, method: str, url: str, body: Any) -> requests.Response:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        asked = f"{method} {url.removeprefix(self.api)}"
        try:
            answer = requests.request(
                method, url, data=None if body is None else json.dumps(body), headers=headers, timeout=_SECONDS
            )
        except requests.RequestException as error:
            raise GitHubError(f"{asked}: no answer from GitHub ({type(error).__name__})") from error
        if not answer.ok:
            raise GitHubError(f"{asked}: {answer.status_code} {_message(answer)}", answer.status_code)
        return answer


def _message(answer: requests.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason


def _is_issue(found: Any) -> bool:
    """GitHub lists pull requests among the issues."""
    return "pull_request" not in found
