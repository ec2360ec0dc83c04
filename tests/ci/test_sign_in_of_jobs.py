"""The token file that the engine reads: fresh for as long as a command runs, and gone afterwards."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError

from ci.sign_in import signed_in


class Tokens(ThreadingHTTPServer):
    """GitHub's own service of tokens: a new one for each request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.third = threading.Event()
        self.refuses = False

    @property
    def environ(self) -> dict[str, str]:
        """A job's variables."""
        return {
            "ARM_USE_OIDC": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{self.server_port}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer",
            "AZURE_CLIENT_ID": "client",
            "AZURE_TENANT_ID": "tenant",
            "AZURE_SUBSCRIPTION_ID": "subscription",
        }


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Tokens)
        self.server.asked.append(self.path)
        count = len(self.server.asked)
        body = b"{}" if self.server.refuses else json.dumps({"value": f"token-{count}"}).encode()
        self.send_response(403 if self.server.refuses else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if count >= 3:
            self.server.third.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        pass


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tokens]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Tokens() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_the_file_has_a_token_and_then_newer_ones(tokens: Tokens) -> None:
    environ = tokens.environ
    with signed_in(environ, seconds=0.01):
        file = Path(environ["AZURE_FEDERATED_TOKEN_FILE"])
        assert file.stat().st_mode & 0o777 == 0o600
        assert tokens.third.wait(30)
        assert int(file.read_text(encoding="utf-8").removeprefix("token-")) >= 2
    assert not file.exists()
    assert "AZURE_FEDERATED_TOKEN_FILE" not in environ
    assert set(tokens.asked) == {"/token?audience=api://AzureADTokenExchange&api-version=2.0"}


def test_the_provider_gets_the_same_identity(tokens: Tokens) -> None:
    environ = tokens.environ
    with signed_in(environ):
        arm = {name: value for name, value in environ.items() if name.startswith("ARM_")}
    assert arm == {
        "ARM_USE_OIDC": "true",
        "ARM_CLIENT_ID": "client",
        "ARM_TENANT_ID": "tenant",
        "ARM_SUBSCRIPTION_ID": "subscription",
    }


def test_elsewhere_nothing_is_asked(tokens: Tokens) -> None:
    for name in ("ARM_USE_OIDC", "ACTIONS_ID_TOKEN_REQUEST_URL"):
        environ = tokens.environ
        del environ[name]
        with signed_in(environ):
            assert "AZURE_FEDERATED_TOKEN_FILE" not in environ
    assert tokens.asked == []


def test_a_job_that_gets_no_token_is_told_why(tokens: Tokens) -> None:
    tokens.refuses = True
    with (
        pytest.raises(
            ClientAuthenticationError,
            match=r"^GitHub gave no token for Azure \(HTTP 403\). The job needs `id-token: write`.$",
        ),
        signed_in(tokens.environ),
    ):
        pass
