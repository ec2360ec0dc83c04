"""A resource's properties as rules read them: a value, not set, or not known yet.

In a preview, inputs that depend on resources that do not exist yet are unknown, and pulumi_policy raises when a rule
reads one. A rule then reports nothing: it runs again when the value is known.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final

from pulumi_policy.proxy import UnknownValueError


class Unknown(Enum):
    """The type of `UNKNOWN`, so that `is UNKNOWN` is understood by type checkers."""

    UNKNOWN = "not known before the deployment"


UNKNOWN: Final = Unknown.UNKNOWN
"""Stands for a value that the engine does not know yet."""


class Properties:
    """A resource's properties, or an object inside them, with the engine's property names (camelCase)."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        """Wrap a mapping from pulumi_policy."""
        self._raw = raw

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Yield each key, which may contain any characters, and its value as `at` returns it."""
        return ((key, _plain(_member(self._raw, key))) for key in self._raw)

    def at(self, path: str) -> Any:
        """Return the value at a dotted path; None if it is not set, UNKNOWN if that is not known yet.

        Whole numbers come as `int`, though the engine sends every number as a float; objects come as `Properties`.
        """
        value: Any = self._raw
        for key in path.split("."):
            if not isinstance(value, Mapping):
                return None
            value = _member(value, key)
            if value is UNKNOWN:
                return UNKNOWN
        return _plain(value)

    def members(self, path: str) -> Iterator[tuple[str, "Properties"]]:
        """Yield key and value of every known object inside the object at `path`; skip unknown ones."""
        holder = self.at(path)
        if isinstance(holder, Properties):
            for key, value in holder:
                if isinstance(value, Properties):
                    yield key, value

    def elements(self, path: str) -> list[Any] | Unknown:
        """Return the elements of the list at `path`; empty if there is none, UNKNOWN if the list is not known."""
        holder = self.at(path)
        if isinstance(holder, Unknown):
            return holder
        if isinstance(holder, str) or not isinstance(holder, Sequence):
            return []
        return [_plain(_member(holder, at)) for at in range(len(holder))]


def _member(holder: Any, key: Any) -> Any:
    try:
        return holder[key]
    except (KeyError, IndexError):
        return None
    except UnknownValueError:
        return UNKNOWN


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Properties(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def shown(value: object) -> str:
    """Format a value as in a stack file: `true`, `3`, `'text'`; `not set` for None."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)
