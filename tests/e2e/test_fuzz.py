"""Random requests with a fixed seed: none makes the sandbox fail, and it works afterwards."""

import json
import re
from pathlib import Path

import pytest

from tools.fuzz import judge
from tools.fuzz.__main__ import main
from tools.fuzz.exchange import Answer, Request
from tools.fuzz.routes import routes

A_MINUTE = 20_000
"""Requests that a free machine of two cores answers in about a minute."""


@pytest.mark.parametrize("requests", [300, pytest.param(A_MINUTE, marks=pytest.mark.long(part="series"))])
def test_random_requests_find_no_defect(tmp_path: Path, capsys: pytest.CaptureFixture[str], requests: int) -> None:
    words = ["--seed", "1", "--requests", str(requests)]
    code = main([*words, "--home", str(tmp_path / "home"), "--out", str(tmp_path / "defects")])
    out = capsys.readouterr().out
    assert code == 0, out
    assert "defects: 0" in out
    # A host whose requests are all refused before they are read would have no defect either.
    taken = re.findall(r"^\| (.+?) \| \d+ \| \d+ \| \d+ \| (\d+) \|", out, re.MULTILINE)
    assert {host for host, count in taken if int(count)} >= {"Resource Manager", "blobs", "control API", "sign-in"}


def test_all_routes_are_known() -> None:
    assert len(routes()) > 250
    assert sum(each.schema is not None for each in routes()) > 50


@pytest.mark.parametrize(
    ("host", "answer", "words"),
    [
        ("management.azure.com", Answer(404, body=b'{"error": {"code": "a", "message": "b"}}'), ""),
        (
            "management.azure.com",
            Answer(404, body=b'{"error": {"code": "a"}}'),
            "status 404 without a code and a message",
        ),
        ("127.0.0.1", Answer(404, body=b'{"error": "not found"}'), "status 404 without a code and a message"),
        ("management.azure.com", Answer(200, {"content-type": "application/json"}, b"NaN"), "the body is not JSON"),
        ("management.azure.com", Answer(500, body=b"{}"), "status 500"),
        ("management.azure.com", Answer(0, lost="no answer in 30 s"), "no answer: no answer in 30 s"),
        ("a.blob.core.windows.net", Answer(0, lost="closed"), ""),
        ("a.blob.core.windows.net", Answer(404, body=b"<Error>"), "status 404 without well-formed XML"),
    ],
)
def test_what_counts_as_a_defect(host: str, answer: Answer, words: str) -> None:
    assert judge.defect(Request("GET", host, "/"), answer) == words


def test_the_text_of_an_internal_error_is_a_defect() -> None:
    message = "The sandbox failed on request 7: KeyError('a'). The traceback is in log/server.log."
    body = json.dumps({"error": {"code": "SandboxDefect", "message": message}}).encode()
    assert (
        judge.defect(Request("GET", "management.azure.com", "/"), Answer(501, body=body)) == "SandboxDefect: KeyError"
    )


def test_a_request_survives_its_file(tmp_path: Path) -> None:
    made = Request("PUT", "h", "/a?b=%ff", (("A", "b"), ("A", "c")), b"\xff", chunked=True, principal="", kind="bytes")
    made.write(tmp_path / "file.json", Answer(200), {"estate": 0})
    assert Request.from_text((tmp_path / "file.json").read_text()) == made
    assert made.raw("", 0).startswith(
        b"PUT /a?b=%ff HTTP/1.1\r\nHost: h\r\nA: b\r\nA: c\r\nTransfer-Encoding: chunked\r\n"
    )
