"""The messages on the pipe between Pulumi's hook and the release's process: one JSON object per line.

Requests go in, events come out. The process carries out several plans at once. Each message has the id of its plan, so
that events of different plans are never mixed up. The answers to a request are steps and finally `Done` or `Failed`; or
`Stopping`, once a `Stop` with its id was sent, or the input was closed. A plan that is stopped finishes its requests to
Azure that are in flight, cancels the jobs of its try-outs, and starts no other request. Closing the input stops every
plan; then the process ends.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """Carry out a plan."""

    id: str
    plan: Mapping[str, Any]
    """In its JSON form, complete."""
    root: str
    """Folder that the plan's paths are relative to."""
    previous: str | None = None
    """The default that the last release set."""
    nodes: Mapping[str, int] = field(default_factory=dict)
    """Most nodes of the plan's clusters, by their ARM ids in lower case; of some nothing may be known."""
    state_default: str | None = None
    """The deployment that the endpoint's Pulumi state names as default; it is never deleted."""
    about: Mapping[str, str] = field(default_factory=dict)
    """Where the release comes from: commit and run, as plain texts. They do not belong to the plan."""
    stack: str | None = None
    """The stack's name, for commands that are printed."""
    released: Mapping[str, Any] | None = None
    """The plan that was released last: the history says why a revision is another one."""


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """Report what a release would do, and change nothing."""

    id: str
    plan: Mapping[str, Any]
    """In its JSON form; leaves may be unknown."""
    root: str
    """Folder that the plan's paths are relative to."""
    released: Mapping[str, Any] | None = None
    """The plan that was released last."""
    nodes: Mapping[str, int] = field(default_factory=dict)
    """As of a release."""
    state_default: str | None = None
    """As of a release."""
    stack: str | None = None
    """As of a release."""
    prices: Mapping[str, float] = field(default_factory=dict)
    """What a node costs in an hour, by deployment; of some nothing may be known."""
    currency: str = ""
    """Of the prices."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop one plan, and leave the others alone. A plan that has ended is not stopped, and nothing is answered."""

    id: str


@dataclass(frozen=True, slots=True)
class Prepare:
    """A release will probably follow: import what it needs. Nothing is answered."""


Request = ReleaseRequest | PreviewRequest
"""What starts a plan."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a release starts, or continues."""

    id: str
    step: str
    text: str
    """What is being done, for users."""
    switch_sent: bool = False
    """Whether the request that moves the default was sent."""
    restored: bool = False
    """Whether the default of the last release, which somebody had moved, was restored."""
    subject: str = ""
    """What it is about: a revision, a model's name, or "" for the endpoint."""
    items: list[int] | None = None
    """Of a try-out, how many are done, and how many there are."""
    outcome: str = ""
    """What came of it for its subject: "", or one of those in modelops/release/steps.py."""


@dataclass(frozen=True, slots=True)
class Switching:
    """The request that moves the default is being sent."""

    id: str
    step: str


@dataclass(frozen=True, slots=True)
class Stopping:
    """The plan is stopped; this is its last event. See `Step` for the other fields."""

    id: str
    step: str
    switch_sent: bool = False
    restored: bool = False
    jobs: str = ""
    """What became of the jobs that the release waited for, for users; empty without one."""


@dataclass(frozen=True, slots=True)
class Done:
    """The plan was carried out, or previewed."""

    id: str
    text: str
    """What was or would be done, for users: one or more lines."""
    report: Mapping[str, Any] | None = None
    """The release's report; of a preview `Outlook.to_json`."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The plan was not carried out."""

    id: str
    """Empty if the worker could not read the request."""
    message: str
    step: str | None = None
    """The step that failed."""
    refused: bool = False
    """Whether the plan was refused before anything was made; a preview that is answered so fails."""
    explained: bool = False
    """Whether the message also says what serves and what to run next."""


Event = Step | Switching | Stopping | Done | Failed


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """There was no event of a plan for a while. Pulumi's end creates it; it is never sent over the pipe."""

    id: str
    step: str


@dataclass(frozen=True, slots=True)
class Limit:
    """Pulumi gives up an operation on a resource of one type after so long. Only in the channel."""

    id: str
    """The resource's type token."""
    minutes: int


Told = Event | Heartbeat | Limit
"""What the channel has (modelops/runner/channel.py)."""

Progress = Step | Switching | Heartbeat
"""The events of a plan before its end."""

_REQUESTS: Final[Mapping[str, type[Request | Stop | Prepare]]] = {
    "release": ReleaseRequest,
    "preview": PreviewRequest,
    "stop": Stop,
    "prepare": Prepare,
}
_EVENTS: Final[Mapping[str, type[Event]]] = {
    "step": Step,
    "switching": Switching,
    "stopping": Stopping,
    "done": Done,
    "failed": Failed,
}
_TOLD: Final[Mapping[str, type[Told]]] = {**_EVENTS, "heartbeat": Heartbeat, "limit": Limit}
_NAMES: Final = {kind: name for kinds in (_REQUESTS, _TOLD) for name, kind in kinds.items()}

_Message = TypeVar("_Message", Request | Stop | Prepare, Event, Told)


class ProtocolError(ValueError):
    """A line that is not a valid message."""


def encode(message: Request | Stop | Prepare | Told) -> bytes:
    """Write a message as one line, with its end."""
    plain = {"kind": _NAMES[type(message)], **asdict(message)}
    return json.dumps(plain, ensure_ascii=False).encode() + b"\n"


def decode_request(line: bytes) -> Request | Stop | Prepare:
    """Read a request.

    Raises:
        ProtocolError: the line is not valid.
    """
    return _decode(line, _REQUESTS)


def decode_event(line: bytes) -> Event:
    """Read an event.

    Raises:
        ProtocolError: the line is not valid.
    """
    return _decode(line, _EVENTS)


def decode_told(line: bytes) -> Told:
    """Read a line of the channel.

    Raises:
        ProtocolError: the line is not valid.
    """
    return _decode(line, _TOLD)


def _decode(line: bytes, kinds: Mapping[str, type[_Message]]) -> _Message:
    try:
        found = json.loads(line)
        kind = kinds[found.pop("kind")]
        message = kind(**found)
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
    ) as error:  # no JSON object, or an unknown kind or field
        raise ProtocolError(f"{type(error).__name__}: {error}") from None
    for name, hint in get_type_hints(kind).items():
        if not _fits(getattr(message, name), hint):
            raise ProtocolError(f"{name} is {getattr(message, name)!r}")
    return message


def _fits(value: object, hint: Any) -> bool:
    allowed = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return any(isinstance(value, get_origin(each) or each) for each in allowed)
