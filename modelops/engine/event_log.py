"""What the engine writes into its event log while it runs: operations on resources, messages, a summary.

The log is that of `pulumi --event-log`, one JSON object per line, whose members are declared in Pulumi's
sdk/go/common/apitype/events.go; Pulumi's own Automation API reads it too. Members that we do not know are ignored, so
that a newer engine can be used.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

_COLOURS: Final = re.compile(r"<\{%.*?%\}>")
"""The engine's marks for colours within texts."""

_STATES: Final[Mapping[str, Literal["began", "ended", "failed"]]] = {
    "resourcePreEvent": "began",
    "resOutputsEvent": "ended",
    "resOpFailedEvent": "failed",
}


class OfResource:
    """What the engine says of one resource, by its URN."""

    __slots__ = ()
    urn: str

    @property
    def type(self) -> str:
        """The resource's type token."""
        return type_of(self.urn)

    @property
    def kind(self) -> str:
        """The resource's type without its provider, e.g. `BatchEndpoint`."""
        return kind_of(self.urn)

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return name_of(self.urn)

    @property
    def title(self) -> str:
        """Both, for people: `BatchEndpoint digits`."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Operation(OfResource):
    """An operation on a resource: it begins, and ends or fails."""

    state: Literal["began", "ended", "failed"]
    op: str
    """The engine's word, e.g. `same`, `create`, `update`, `delete`, `replace`, `refresh`."""
    urn: str
    is_planned: bool = False
    """Whether it belongs to a preview, and nothing is done."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What else the engine says of it: `old` and `new` with `inputs` and `outputs`, `diffs`, `detailedDiff`."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the engine, of a provider or of the program."""

    severity: str
    """`info`, `info#err`, `warning` or `error`; messages for debugging are left out."""
    text: str
    urn: str = ""
    """The resource that it is about; empty for none."""
    is_ephemeral: bool = False
    """Whether it only matters until the next one."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A policy that a resource does not keep."""

    text: str
    urn: str
    policy: str
    level: str
    """`advisory` or `mandatory`."""


@dataclass(frozen=True, slots=True)
class Policies:
    """A policy pack was applied; comes again and again."""

    pack: str
    """Its name and version."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The command ended: how many resources there are, by operation."""

    changes: Mapping[str, int]
    seconds: float


Happening = Operation | Said | Violation | Policies | Summary


def type_of(urn: str) -> str:
    """Return the type token in a URN."""
    parts = urn.split("::")
    return parts[2].rpartition("$")[2] if len(parts) > 3 else ""  # noqa: PLR2004 - urn:pulumi:STACK::PROJECT::TYPES::NAME


def kind_of(urn: str) -> str:
    """Return the type in a URN without its provider."""
    return type_of(urn).rpartition(":")[2]


def name_of(urn: str) -> str:
    """Return the resource's name in a URN; it may contain `::`."""
    return urn.split("::", 3)[-1]


def decode(line: bytes) -> Happening | None:
    """Read a line of the log; None for an event that we do not use."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    for kind, state in _STATES.items():
        if isinstance(event.get(kind), dict):
            metadata = event[kind].get("metadata") or {}
            urn, op = str(metadata.get("urn", "")), str(metadata.get("op", ""))
            return Operation(state, op, urn, bool(event[kind].get("planning")), metadata)
    if said := event.get("diagnosticEvent"):
        return _said(said)
    if found := event.get("policyEvent"):
        level = str(found.get("enforcementLevel", ""))
        urn = str(found.get("resourceUrn", ""))
        return Violation(_plain(found.get("message", "")), urn, str(found.get("policyName", "")), level)
    if found := event.get("policyAnalyzeSummaryEvent"):
        return Policies(f"{found.get('policyPackName', '')}@v{found.get('policyPackVersion', '')}")
    if found := event.get("summaryEvent"):
        changes = {str(op): int(count) for op, count in (found.get("resourceChanges") or {}).items()}
        return Summary(changes, float(found.get("durationSeconds") or 0))
    return None


def _said(event: Mapping[str, Any]) -> Said | None:
    severity, text = str(event.get("severity", "")), _plain(event.get("message", ""))
    if severity == "debug" or not text:
        return None
    return Said(severity, text, str(event.get("urn", "")), bool(event.get("ephemeral")))


def _plain(text: object) -> str:
    return _COLOURS.sub("", str(text)).strip("\n")
