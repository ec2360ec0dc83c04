"""Members of a body that the service supports and the sandbox does not: refused, never stored without effect.

A value that means "not used" is accepted, because clients send them: null, empty, or the service's default in the
table.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.azure.arm.errors import not_modelled

Members = Mapping[str, tuple[Any, ...]]
"""Paths such as ``properties.subnet``, each with its values without effect."""


def refuse_unmodelled(what: str, body: Mapping[str, Any], members: Members) -> None:
    """Check that a body uses none of these members; ``what`` names it, with its article.

    Raises:
        ArmError: 501; it names the member, and its value unless that is an object, which may contain keys.
    """
    for path, harmless in members.items():
        value = _at(body, path)
        if not _is_used(value) or value in harmless:
            continue
        shown = "" if isinstance(value, dict | list) else f" (it is {_spelled(value)})"
        raise not_modelled(f"'{path}' of {what}{shown}")


def _at(body: Any, path: str) -> Any:
    for member in path.split("."):
        body = body.get(member) if isinstance(body, Mapping) else None
    return body


def _is_used(value: Any) -> bool:
    """Whether a value is non-empty at any depth; a top-level false counts, because it may have a meaning."""
    if isinstance(value, Mapping):
        return any(_is_used(each) for each in value.values())
    return value is not None and value not in ("", [])


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"'{value}'"
