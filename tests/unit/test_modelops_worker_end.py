"""The worker's input ends at the worst moment; everything else about workers is in tests/modelops."""

import io
import os
import queue
import threading
from collections.abc import Iterator
from typing import BinaryIO, cast

import pytest

from modelops.plan.reader import UNKNOWN
from modelops.release.gate import Gate
from modelops.runner import worker
from modelops.runner.protocol import Done, PreviewRequest, Request, decode_event, decode_request, encode
from tests.unit.plans import plan_json


class Answers(io.BytesIO):
    """A pipe whose lines a test can wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def write(self, line: bytes) -> int:  # type: ignore[override]
        """Take one line."""
        self.lines.put(line)
        return len(line)


def test_an_end_of_input_while_a_request_is_read_is_not_answered_without_its_id(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, ended = threading.Event(), threading.Event()
    request = PreviewRequest("digits", {**plan_json(), "workspace": UNKNOWN}, "/")

    def decode(line: bytes) -> Request:
        reading.set()
        assert ended.wait(30)
        return decode_request(line)

    def lines() -> Iterator[bytes]:
        yield encode(request)
        assert reading.wait(30)

    monkeypatch.setattr(Gate, "install", lambda _self: None)
    monkeypatch.setattr(worker, "decode_request", decode)
    monkeypatch.setattr(os, "_exit", lambda _code: ended.set())
    answers = Answers()
    threading.Thread(target=worker.Worker(cast("BinaryIO", lines()), answers).run, daemon=True).start()
    answer = decode_event(answers.lines.get(timeout=60))
    assert isinstance(answer, Done)
    assert answer.id == "digits"
