"""Injected faults: a wrong status, a delay, a lost connection, a dead server, a failed operation."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from sandbox.azure.arm.requests import OperationFault

ACTIONS = (
    "status",
    "delay",
    "reset-before",
    "reset-after",
    "kill-before",
    "kill-after",
    "operation-fail",
    "operation-hang",
)
"""The actions of a fault.

``status`` answers instead of the service; ``delay`` answers later; ``reset-*`` closes the connection before the service
acts or after it has committed; ``kill-*`` does the same with SIGKILL for the whole server; ``operation-*`` decides how
the request's long-running operation ends.
"""

_MEMBERS = frozenset({"match", "skip", "times", "action", "status", "code", "message", "seconds", "headers"})


@dataclass(slots=True)
class Fault:
    """One fault: the requests that it matches, how often, and its action."""

    id: int
    method: re.Pattern[str]
    path: re.Pattern[str]
    action: str
    skip: int
    times: int
    status: int
    code: str
    message: str
    seconds: float
    headers: Mapping[str, str]
    seen: int = 0
    hits: int = 0
    removed: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def from_json(cls, number: int, data: Mapping[str, Any]) -> Self:
        """Read a posted fault.

        Raises:
            ValueError: an unknown member or action, or an invalid pattern; the text says which.
        """
        if unknown := set(data) - _MEMBERS:
            raise ValueError(f"unknown members {sorted(unknown)}; allowed: {sorted(_MEMBERS)}")
        action = data.get("action")
        if action not in ACTIONS:
            raise ValueError(f"action is {action!r}; allowed: {', '.join(ACTIONS)}")
        match = data.get("match", {})
        try:
            method = re.compile(match.get("method", ""), re.IGNORECASE)
            path = re.compile(match.get("path", ""), re.IGNORECASE)
        except re.error as error:
            raise ValueError(f"match: {error}") from error
        status = int(data.get("status", 500))
        return cls(
            number,
            method,
            path,
            action,
            skip=int(data.get("skip", 0)),
            times=int(data.get("times", 1)),
            status=status,
            code=str(data.get("code", "InjectedFault")),
            message=str(data.get("message", "injected by the sandbox's control API")),
            seconds=float(data.get("seconds", 0)),
            headers={str(name): str(value) for name, value in data.get("headers", {}).items()},
        )

    def to_json(self) -> dict[str, Any]:
        """Return the fault for the control API."""
        return {"id": self.id, "action": self.action, "seen": self.seen, "hits": self.hits, "times": self.times}

    def operation_fault(self) -> OperationFault | None:
        """Return how the request's operation ends, if this fault decides it."""
        if not self.action.startswith("operation-"):
            return None
        return OperationFault(self.action.removeprefix("operation-"), self.code, self.message)


class Faults:
    """The faults of one sandbox, in memory until the server ends."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._count = 0

    def add(self, data: Mapping[str, Any]) -> Fault:
        """Add a fault; ``Fault.from_json`` says which ones are refused."""
        self._count += 1
        fault = Fault.from_json(self._count, data)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults; requests that a ``delay`` holds continue at once."""
        for fault in self._faults:
            fault.removed.set()
        self._faults.clear()

    def all(self) -> list[Fault]:
        """Return the faults, oldest first, including exhausted ones."""
        return list(self._faults)

    def get(self, number: int) -> Fault | None:
        """Return one fault."""
        return next((fault for fault in self._faults if fault.id == number), None)

    def meet(self, method: str, target: str) -> Fault | None:
        """Return the fault for this request (``target`` is host and path), and count it.

        A fault skips its first ``skip`` requests and applies to the next ``times`` (-1: all).
        """
        for fault in self._faults:
            if not (fault.method.fullmatch(method) or not fault.method.pattern) or not fault.path.search(target):
                continue
            fault.seen += 1
            if fault.seen > fault.skip and (fault.times < 0 or fault.hits < fault.times):
                fault.hits += 1
                return fault
        return None
