"""What a CI service does for a job without a secret: it issues a token whenever the job asks for one."""

import base64
import contextlib
import json
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

AUDIENCE = "api://AzureADTokenExchange"


SUBJECT = "repo:example/scoring:environment:dev"


def assertion(seconds: float, audience: str = AUDIENCE, subject: str = SUBJECT) -> str:
    """Return a token as GitHub issues one for a job of an environment, valid for so many seconds."""
    claims = {
        "iss": "https://token.actions.githubusercontent.com",
        "sub": subject,
        "aud": audience,
        "exp": int(time.time() + seconds),
        "jti": str(uuid.uuid4()),
    }
    parts = [json.dumps(each).encode() for each in ({"typ": "JWT", "alg": "RS256"}, claims)]
    head, body = (base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts)
    return f"{head}.{body}.{base64.urlsafe_b64encode(b'a signature that nobody here can check').decode()}"


@dataclass(frozen=True)
class Asked:
    """A request for a token."""

    method: str
    path: str
    query: dict[str, str]


@dataclass
class CiService:
    """Issues tokens to a job that shows its token; GET as GitHub does, POST as Azure DevOps does."""

    address: str
    bearer: str = "the-job-s-own-token"
    asked: list[Asked] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    """Those of the requests, as they were sent, without the address."""
    refuses: int | None = None
    """The status with which it gives no token."""

    @property
    def github(self) -> dict[str, str]:
        """The variables of a GitHub job with `id-token: write`, without those of the identity."""
        return {
            "ARM_USE_OIDC": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.address}/github?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.bearer,
        }

    @property
    def devops(self) -> dict[str, str]:
        """The variables of a task of Azure DevOps with a service connection, without those of the identity."""
        return {
            "SYSTEM_OIDCREQUESTURI": f"{self.address}/devops/oidctoken",
            "SYSTEM_ACCESSTOKEN": self.bearer,
            "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "the-connection",
        }

    def answer(self, method: str, url: str, bearer: str) -> tuple[int, dict[str, Any]]:
        """Answer one request, and note it."""
        found = urlsplit(url)
        query = dict(parse_qsl(found.query))
        self.asked.append(Asked(method, found.path, query))
        self.urls.append(url)
        if self.refuses:
            return self.refuses, {}
        if bearer != f"Bearer {self.bearer}":
            return 401, {"message": "not the job's own token"}
        if method == "GET":
            return 200, {"count": 1, "value": assertion(300, query["audience"])}
        return 200, {"oidcToken": assertion(600)}


@contextlib.contextmanager
def running() -> Iterator[CiService]:
    """Serve on a free port of this machine until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._handle()

        def do_POST(self) -> None:
            self._handle()

        def _handle(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = service.answer(self.command, self.path, self.headers.get("Authorization", ""))
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service = CiService(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
