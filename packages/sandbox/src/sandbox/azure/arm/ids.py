"""ARM ids: parsed in one place, compared case-insensitively.

``/subscriptions/S/resourceGroups/G/providers/NAMESPACE/TYPE/NAME[/TYPE/NAME...]``; an extension's id continues with
another ``/providers/`` (https://learn.microsoft.com/azure/azure-resource-manager/management/extension-resource-types).
"""

from dataclasses import dataclass
from typing import Self

_PAIR = 2


@dataclass(frozen=True, slots=True, eq=False)
class ArmId:
    """The segments of an id, or of a scope above one, in the original case.

    Missing parts are "" or empty; any text can be parsed, because requests can contain invalid ids.
    """

    segments: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an id; leading and trailing slashes are ignored."""
        stripped = text.strip("/")
        return cls(tuple(stripped.split("/")) if stripped else ())

    def __str__(self) -> str:
        return "".join(f"/{segment}" for segment in self.segments)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArmId) and str(self).lower() == str(other).lower()

    def __hash__(self) -> int:
        return hash(str(self).lower())

    @property
    def subscription(self) -> str:
        """The subscription's GUID."""
        return self._after("subscriptions", 0)

    @property
    def group(self) -> str:
        """The resource group's name."""
        return self._after("resourcegroups", _PAIR)

    @property
    def type(self) -> str:
        """The ARM type, ``NAMESPACE/TYPE[/TYPE...]``, of the part after the last ``/providers/``."""
        namespace, *pairs = self._below_provider() or ("",)
        return "/".join((namespace, *pairs[::_PAIR]))

    @property
    def names(self) -> tuple[str, ...]:
        """The names after the last ``/providers/``, from the outermost resource to this one."""
        return self._below_provider()[_PAIR::_PAIR]

    @property
    def name(self) -> str:
        """The last segment."""
        return self.segments[-1] if self.segments else ""

    @property
    def scope(self) -> Self:
        """The resource's scope: the id before the last ``/providers/``, or the whole id without one."""
        below = self._below_provider()
        return type(self)(self.segments[: len(self.segments) - len(below) - 1]) if below else self

    @property
    def parent(self) -> Self:
        """The parent: a nested type's resource, a top-level type's scope, or the scope above a resource group."""
        below = self._below_provider()
        if below and len(below) <= 1 + _PAIR:
            return self.scope
        return type(self)(self.segments[:-_PAIR])

    def is_within(self, scope: Self) -> bool:
        """Whether this is the scope itself, or below it."""
        above = tuple(segment.lower() for segment in scope.segments)
        return tuple(segment.lower() for segment in self.segments[: len(above)]) == above

    def named(self, type_: str) -> dict[str, str]:
        """Return ``id``, ``name`` and ``type`` of a body; the type in the service's spelling."""
        return {"id": str(self), "name": self.name, "type": type_}

    def _after(self, word: str, index: int) -> str:
        found = self.segments[index : index + _PAIR]
        return found[1] if len(found) == _PAIR and found[0].lower() == word else ""

    def _below_provider(self) -> tuple[str, ...]:
        """Return the segments after the last ``providers``."""
        lowered = [segment.lower() for segment in self.segments]
        if "providers" not in lowered:
            return ()
        return self.segments[len(lowered) - lowered[::-1].index("providers") :]
