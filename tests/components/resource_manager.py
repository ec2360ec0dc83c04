"""Azure Resource Manager as the preflight sees it: answers below azure-core, which so does its retries for real."""

import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from azure.core.pipeline.transport import RequestsTransport

Answer = Callable[[str], requests.Response]
"""Given the address, answers or raises as `requests` does."""


def answer(body: object, status: int = 200, **headers: str) -> requests.Response:
    """Return an answer with a body as JSON, or as it is if it is text."""
    response = requests.Response()
    response.status_code = status
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    response.raw = io.BytesIO((body if isinstance(body, str) else json.dumps(body)).encode())
    return response


class ResourceManagerDouble:
    """What was asked, with which token and time limits, and the pauses between attempts, which take no time."""

    def __init__(self, patch: pytest.MonkeyPatch, answers: Answer) -> None:
        self.asked: list[str] = []
        self.tokens: set[str] = set()
        self.waits: list[tuple[float, float]] = []
        self.pauses: list[float] = []
        self._answers = answers
        patch.setattr(requests.Session, "request", self._request)
        patch.setattr(RequestsTransport, "sleep", lambda _, pause: self.pauses.append(pause))

    def _request(self, method: str, url: str, **options: Any) -> requests.Response:
        assert method == "GET"
        assert options["allow_redirects"] is False
        self.asked.append(unquote(url))
        self.tokens.add(options["headers"]["Authorization"])
        self.waits.append(options["timeout"])
        return self._answers(url)
