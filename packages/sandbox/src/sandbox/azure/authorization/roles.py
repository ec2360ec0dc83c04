"""Role definitions, built-in and custom, with wildcards in their actions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Self


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Compile an action with wildcards.

    ``*`` is any text, slashes included. ``/*/`` is also a single slash: ``workspaces/*/write`` of AzureML Data
    Scientist covers ``workspaces/write``, otherwise that role would not need to exclude the latter (inferred).
    """
    escaped = re.escape(text.lower()).replace(r"/\*/", "/(?:.*/)?").replace(r"\*", ".*")
    return re.compile(escaped)


def action_matches(pattern: str, action: str) -> bool:
    """Whether an action matches ``pattern``, case-insensitively."""
    return _pattern(pattern).fullmatch(action.lower()) is not None


def _matches(patterns: Sequence[str], action: str) -> bool:
    return any(action_matches(each, action) for each in patterns)


@dataclass(frozen=True, slots=True)
class Permission:
    """The permissions in one entry of a definition: ``actions`` minus ``not_actions``, and the same for data."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """Read an entry of ``properties.permissions``."""
        members = ("actions", "notActions", "dataActions", "notDataActions")
        return cls(*(tuple(body.get(member) or ()) for member in members))

    def to_body(self) -> dict[str, list[str]]:
        """Return the entry as ARM returns it."""
        return {
            "actions": list(self.actions),
            "notActions": list(self.not_actions),
            "dataActions": list(self.data_actions),
            "notDataActions": list(self.not_data_actions),
        }

    def allows(self, action: str, *, data: bool) -> bool:
        """Whether the entry allows an action (of the data plane with ``data``)."""
        if data:
            return _matches(self.data_actions, action) and not _matches(self.not_data_actions, action)
        return _matches(self.actions, action) and not _matches(self.not_actions, action)


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A role: its entries are evaluated separately, so one may allow what another excludes."""

    name: str
    permissions: tuple[Permission, ...]

    def allows(self, action: str, *, data: bool = False) -> bool:
        """Whether this role allows ``action``."""
        return any(each.allows(action, data=data) for each in self.permissions)
