"""What a refresh would find: Azure compared with a stack's state, resource by resource.

`pulumi refresh --preview-only --json` writes nothing, takes no lock and runs no program. Its document has a step for
each resource: `refresh` if it is as in the state, `update` or `delete` if not. It ends with 0 either way, and with 1 if
a resource cannot be read: that one is among the diagnostics, and the others have their steps anyway [seen with
3.276; with `--expect-no-changes` a difference is exit code 7, and the document is the same].
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from modelops.engine.command import answer
from modelops.engine.event_log import OfResource
from modelops.errors import ReleaseError

Change = Literal["changed", "deleted", "unreadable"]

_OPERATIONS: Final[Mapping[str, Change]] = {"update": "changed", "delete": "deleted"}
_HIDDEN: Final = "__"
"""What the names of inputs begin with that are the provider's own."""


@dataclass(frozen=True, slots=True)
class Member:
    """One input that differs; if both values are the same, they are secret, or only the provider knows them."""

    path: str
    """`properties.defaults`, `tags["a b"]`, `ipRules[0].value`."""
    state: Any
    """None if the state does not have it."""
    live: Any
    """None if Azure does not have it."""

    @property
    def top(self) -> str:
        """The name of the input that it belongs to."""
        return re.split(r"[.\[]", self.path, maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class Drifted(OfResource):
    """A resource that is not in Azure as in the state."""

    urn: str
    change: Change
    id: str = ""
    """Its ARM id; empty if it cannot be read."""
    members: tuple[Member, ...] = ()
    ignored: tuple[str, ...] = ()
    """Inputs whose changes the program ignores."""
    reason: str = ""
    """Why it cannot be read."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result: the resources that differ, and how many were compared."""

    drifted: tuple[Drifted, ...]
    compared: int
    """Resources in Azure that were read, or are gone."""
    missed: int
    """Resources that were not asked about, because another one could not be read."""


def compared(stack: str | None, folder: Path, resources: Sequence[Mapping[str, Any]]) -> Comparison:
    """Compare Azure with a stack's state.

    Args:
        stack: its name; None takes the one that is selected in `folder`.
        folder: the program's folder.
        resources: those of the state, from `pulumi stack export`.

    Raises:
        UsageError: no such stack, or no `pulumi`.
        ReleaseError: nothing could be compared.
    """
    return read(answer(["refresh", "--preview-only", "--json"], stack, folder, may_fail=True), resources)


def read(document: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> Comparison:
    """Read the document of a refresh that was previewed; see `compared`."""
    errors = [each for each in document.get("diagnostics") or [] if each.get("severity") == "error"]
    unreadable = [
        Drifted(str(each["urn"]), "unreadable", reason=_reason(each["message"])) for each in errors if each.get("urn")
    ]
    if errors and not unreadable:
        said = "; ".join(_reason(each["message"]) for each in errors)
        raise ReleaseError(f"Azure cannot be compared with the stack's state: {said}")
    steps = {str(each["urn"]): each for each in document.get("steps") or []}
    drifted = [_drifted(each) for each in steps.values() if each["op"] in _OPERATIONS]
    asked = {str(each["urn"]) for each in resources if is_of_azure(each)}
    seen = asked & steps.keys()
    failed = {each.urn for each in unreadable}
    return Comparison((*drifted, *unreadable), len(seen - failed), len(asked - seen - failed))


def is_of_azure(resource: Mapping[str, Any]) -> bool:
    """Whether a resource of the state is one that a refresh asks Azure about."""
    return str(resource.get("type")).startswith("azure-native:") and not resource.get("delete")


def _drifted(step: Mapping[str, Any]) -> Drifted:
    old, new = step.get("oldState") or {}, step.get("newState") or {}
    change = _OPERATIONS[step["op"]]
    members: list[Member] = []
    if change == "changed":
        found = _members("", old.get("inputs") or {}, new.get("inputs") or {})
        members = [each for each in found if not each.path.startswith(_HIDDEN)]
        # The provider compares, and not we: what it alone sees is named without its values.
        members = members or [Member(path, None, None) for path in step.get("diffReasons") or []]
    return Drifted(
        str(step["urn"]), change, str(old.get("id") or ""), tuple(members), tuple(old.get("ignoreChanges") or ())
    )


def _members(path: str, state: Any, live: Any) -> Iterator[Member]:
    """Yield the smallest parts that differ."""
    if isinstance(state, Mapping) and isinstance(live, Mapping):
        for name in sorted({*state, *live}):
            yield from _members(_join(path, name), state.get(name), live.get(name))
    elif isinstance(state, list) and isinstance(live, list) and len(state) == len(live):
        for index, pair in enumerate(zip(state, live, strict=True)):
            yield from _members(f"{path}[{index}]", *pair)
    elif state != live:
        yield Member(path, state, live)


def _join(path: str, name: str) -> str:
    if not name.replace("_", "a").isalnum():
        return f'{path}["{name}"]'
    return f"{path}.{name}" if path else name


def _reason(message: str) -> str:
    return " ".join(message.split()).removeprefix("error: ").removeprefix("Preview failed: ")
