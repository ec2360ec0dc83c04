"""The release's pipe: each message comes out as it went in, and nothing else comes out."""

import json

import pytest

from modelops.runner.protocol import (
    Done,
    Event,
    Failed,
    Prepare,
    PreviewRequest,
    ProtocolError,
    ReleaseRequest,
    Request,
    Step,
    Stop,
    Stopping,
    Switching,
    decode_event,
    decode_request,
    encode,
)

REQUESTS: list[Request | Stop] = [
    ReleaseRequest("digits", {"schema": 1}, root="/program", previous="mlp-01234567", released={"schema": 1}),
    ReleaseRequest("digits", {"schema": 1}, root="/program"),
    PreviewRequest("digits", {"schema": 1}, "/root", released={"schema": 1}),
    PreviewRequest("digits", {"schema": 1}, "/root"),
    Stop("digits"),
]
EVENTS: list[Event] = [
    Step("digits", "create revisions", "größer\nals", switch_sent=True, restored=True),
    Step("digits", "try out", "job a: 12 of 40 items", subject="mlp-01234567", items=[12, 40]),
    Switching("digits", "switch the default"),
    Stopping("digits", "create revisions", restored=True),
    Stopping("digits", "try out", jobs="Job a is canceled; the next release starts another."),
    Done("digits", "nothing to do", {"created": []}),
    Done("digits", "nothing to do"),
    Failed("digits", "registration refused", "register models"),
    Failed("digits", "a module is missing", "read what is live", refused=True),
    Failed("digits", ""),
]


@pytest.mark.parametrize("request_", [*REQUESTS, Prepare()])
def test_a_request_comes_out_as_it_went_in(request_: Request | Stop | Prepare) -> None:
    line = encode(request_)
    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    assert decode_request(line) == request_


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_comes_out_as_it_went_in(event: Event) -> None:
    line = encode(event)
    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    assert decode_event(line) == event


@pytest.mark.parametrize("message", [*REQUESTS, *EVENTS])
def test_every_message_names_its_plan(message: Request | Stop | Event) -> None:
    assert json.loads(encode(message))["id"] == "digits"


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"oops", b"[1]", b"1", b"\xff", b"{}", b'{"kind": "step"}', b'{"kind": "none", "id": "a"}'),
        b'{"kind": ["done"], "id": "a", "text": "b"}',
        b'{"kind": "done", "text": "no plan"}',
        b'{"kind": "done", "id": "a", "text": 1}',
        b'{"kind": "done", "id": "a", "text": "b", "report": "c"}',
        b'{"kind": "done", "id": "a", "text": "b", "more": 1}',
        b'{"kind": "step", "id": "a", "step": "b", "text": "c", "restored": "yes"}',
        encode(REQUESTS[0]),
    ],
)
def test_what_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_event(line)


@pytest.mark.parametrize(
    "line",
    [
        b'{"kind": "release", "id": "a", "plan": [], "root": "."}',
        b'{"kind": "release", "id": "a", "plan": {}}',
        encode(EVENTS[0]),
    ],
)
def test_what_is_no_request_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_request(line)
