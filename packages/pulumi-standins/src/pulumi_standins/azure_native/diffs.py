"""What Diff answers: old inputs against new inputs, and which differences replace the resource.

Outputs do not matter, but for one old special case. A create-only property of a nested type does *not* replace: only
top-level ones and the names in the path do (azure-native's own rule; a program asks for more by `replace_on_changes`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pulumi_standins.azure_native import schema
from pulumi_standins.azure_native.names import CREATE_BEFORE_DELETE
from pulumi_standins.azure_native.schema import Kind, Resource

Change = Literal["add", "delete", "update"]
# Lists of objects that the specifications compare by these members, not by position (`x-ms-identifiers`). INFERRED.
_IDENTIFIERS: Mapping[str, tuple[str, ...]] = {
    "keyvault:AccessPolicyEntry": ("tenantId", "objectId", "applicationId"),
    "storage:ResourceAccessRule": ("tenantId", "resourceId"),
}


@dataclass
class Difference:
    """The answer to one Diff.

    Attributes:
        changes: path of a property (`properties.defaults`, `tags.env`, `scopes[0]`) -> the change.
        replaces: the paths among them that replace the resource.
        delete_first: a replacement deletes the old resource before it creates the new one.
    """

    changes: dict[str, Change] = field(default_factory=dict)
    replaces: list[str] = field(default_factory=list)
    delete_first: bool = False


def difference(
    resource: Resource, olds: Mapping[str, Any], news: Mapping[str, Any], state: Mapping[str, Any]
) -> Difference:
    """Compare the inputs of the last deployment with the new ones.

    Args:
        resource: the resource type.
        olds: the inputs in the state.
        news: the checked inputs.
        state: the outputs in the state, for the one special case.
    """
    result = Difference()
    for name in sorted({*olds, *news}):
        if name.startswith("__") or _same_by_rule(name, olds, news):
            continue
        found = _changes(name, resource.inputs.get(name, {}), olds.get(name), news.get(name))
        if found == {name: "add"} and _is_default(resource, name, news):
            continue
        result.changes |= found
        # The top-level input replaces, with everything below it.
        if name in resource.replace_keys and not (found == {name: "add"} and state.get(name) == news.get(name)):
            result.replaces += found
    result.delete_first = bool(result.replaces) and olds.get(CREATE_BEFORE_DELETE) is not True
    return result


def _is_default(resource: Resource, name: str, news: Mapping[str, Any]) -> bool:
    return name in resource.defaults and news[name] == resource.defaults[name]


def _same_by_rule(name: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Compare locations and resource group names case-insensitively, locations also without spaces."""
    old, new = olds.get(name), news.get(name)
    if not isinstance(old, str) or not isinstance(new, str):
        return False
    if name == "location":
        return old.replace(" ", "").lower() == new.replace(" ", "").lower()
    return name == "resourceGroupName" and old.lower() == new.lower()


def _changes(path: str, kind: Kind, old: Any, new: Any) -> dict[str, Change]:
    if new is None or old is None:
        return {} if old is new else {path: "add" if old is None else "delete"}
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        found: dict[str, Change] = {}
        for name in sorted({*old, *new}):
            found |= _changes(_join(path, name), _member(kind, name), old.get(name), new.get(name))
        return found
    if isinstance(old, list) and isinstance(new, list):
        return _lists(path, kind.get("items", {}), old, new)
    # An unknown new value never equals an old one, so that the preview shows the change.
    return {} if type(old) is type(new) and old == new else _scalar(path, old, new)


def _scalar(path: str, old: Any, new: Any) -> dict[str, Change]:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (old, new))
    return {} if numbers and old == new else {path: "update"}


def _lists(path: str, kind: Kind, old: list[Any], new: list[Any]) -> dict[str, Change]:
    identifiers = _IDENTIFIERS.get(kind.get("ref", ""))
    pairs = _keyed(old, new, identifiers) if identifiers else _by_position(old, new)
    found: dict[str, Change] = {}
    for index, before, after in pairs:
        found |= _changes(f"{path}[{index}]", kind, before, after)
    return found


def _by_position(old: list[Any], new: list[Any]) -> list[tuple[int, Any, Any]]:
    longest = max(len(old), len(new))
    return [
        (index, old[index] if index < len(old) else None, new[index] if index < len(new) else None)
        for index in range(longest)
    ]


def _keyed(old: list[Any], new: list[Any], identifiers: tuple[str, ...]) -> list[tuple[int, Any, Any]]:
    """Pair the elements with the same identifying members; the index is the new one, or the old one if removed."""

    def key(item: Any) -> tuple[str, ...]:
        return tuple(str(item.get(name, "")).lower() if isinstance(item, Mapping) else "" for name in identifiers)

    left = {key(item): item for item in old}
    right = {key(item): item for item in new}
    pairs = [(index, left.get(key(item)), item) for index, item in enumerate(new)]
    return pairs + [(index, item, None) for index, item in enumerate(old) if key(item) not in right]


def _member(kind: Kind, name: str) -> Kind:
    if "ref" in kind:
        found: Kind = schema.nested(kind["ref"])["properties"].get(name, {})
        return found
    inner: Kind = kind.get("values", {})
    return inner


def _join(path: str, name: str) -> str:
    """The engine's path syntax: a member name that is not a plain word is put into brackets and quotes."""
    return f"{path}.{name}" if name.replace("_", "a").isalnum() else f'{path}["{name}"]'
