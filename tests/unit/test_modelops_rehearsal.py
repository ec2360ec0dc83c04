"""What a rehearsal is asked, and what happens when it does not answer; the sandbox is not needed for that."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, cast

import pytest

from modelops import rehearsal
from modelops.errors import RehearsalError

ASKED = [{"endpoint": "digits", "deployment": "mlp"}]


class Answers(HTTPServer):
    """Answers every request with `answer`, and keeps what was asked."""

    status = 200
    answer: Any = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, Any]] = []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = cast("Answers", self.server)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.asked.append((self.path, body))
        self.send_response(server.status)
        self.end_headers()
        self.wfile.write(json.dumps(server.answer).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[Answers]:
    with Answers() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(server: Answers) -> list[str]:
    # The proxy leads nowhere: it must not be asked for an address of this machine.
    proxy = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    return rehearsal.ask(ASKED, {"REHEARSAL_URL": f"http://127.0.0.1:{server.server_port}/ask?token=t"} | proxy)


def test_it_is_asked_about_every_deployment(server: Answers) -> None:
    server.answer = {"sentences": ["digits.mlp: fine"]}
    assert ask(server) == ["digits.mlp: fine"]
    assert server.asked == [("/ask?token=t", {"deployments": ASKED})]


def test_without_a_rehearsal_nothing_is_asked() -> None:
    assert rehearsal.ask(ASKED, {}) == []


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [(401, {"error": "no"}, "401: {'error': 'no'}"), (200, {}, "'sentences'"), (200, [], "list indices must be")],
)
def test_an_answer_that_is_none_is_one_error(server: Answers, status: int, answer: Any, said: str) -> None:
    server.status, server.answer = status, answer
    with pytest.raises(RehearsalError) as caught:
        ask(server)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/ask", "nonsense", "http://127.0.0.1:port/"])
def test_nobody_there_is_the_same_error(address: str) -> None:
    with pytest.raises(RehearsalError):
        rehearsal.ask(ASKED, {"REHEARSAL_URL": address})


def test_it_is_asked_about_the_input_of_a_job(server: Answers) -> None:
    server.answer = {"sentences": ["not here"]}
    environ = {"REHEARSAL_URL": f"http://127.0.0.1:{server.server_port}/ask?token=t"}
    assert rehearsal.ask_about_input("https://a.b/c/", environ) == ["not here"]
    assert server.asked == [("/ask?token=t", {"inputs": ["https://a.b/c/"]})]
    assert rehearsal.ask_about_input("https://a.b/c/", {}) == []
