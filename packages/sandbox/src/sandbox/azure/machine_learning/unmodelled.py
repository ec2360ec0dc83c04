"""Members of a body that the service acts on and the sandbox has not: refused by name, never stored without effect.

A value that says "not used" passes, because clients send such: null, nothing in it, or what the table of the members
gives as harmless, which is the service's default.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.azure.arm.errors import not_modelled

Members = Mapping[str, tuple[Any, ...]]
"""Paths such as ``properties.subnet``, each with the values that have no effect."""


def refuse_unmodelled(what: str, body: Mapping[str, Any], members: Members) -> None:
    """Do nothing for a body that uses none of the members; ``what`` names it, with its article.

    Raises:
        ArmError: 501; it names the member, and its value if that is no object: an object may hold keys.
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
    """Whether there is anything in a value, however deep; false counts, at the top, because it may say something."""
    if isinstance(value, Mapping):
        return any(_is_used(each) for each in value.values())
    return value is not None and value not in ("", [])


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"'{value}'"
