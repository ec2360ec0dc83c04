"""Names that the program did not give: azure-native's three kinds, and the engine's autonaming settings."""

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

# A hidden input: the name was made up, so a replacement may be created before the old resource is deleted.
CREATE_BEFORE_DELETE = "__createBeforeDelete"
_SUFFIX_DIGITS = 8


@dataclass(frozen=True)
class Autonaming:
    """What the engine's `pulumi:autonaming` setting says for one resource."""

    mode: Literal["propose", "enforce", "disable"]
    proposed: str = ""


def default_name(
    parameter: str, kind: str, logical: str, olds: Mapping[str, Any], *, seed: bytes, autonaming: Autonaming | None
) -> dict[str, Any]:
    """The inputs to add for a name that the program left out; empty when autonaming is disabled.

    Args:
        parameter: the input that carries the name.
        kind: `random`, `uuid` or `copy`, the kind that azure-native gives this resource type.
        logical: the resource's name in the program.
        olds: the inputs of the last deployment; the name in them stays.
        seed: the engine's random seed; the same seed gives the same name, so that a preview can agree with the update.
        autonaming: the engine's setting, None when it sent none.
    """
    if parameter in olds:
        return _named(parameter, olds[parameter], made_up=olds.get(CREATE_BEFORE_DELETE) is True)
    if autonaming is not None:
        if autonaming.mode == "disable":
            return {}
        if autonaming.mode == "enforce" or kind != "uuid":
            return _named(parameter, autonaming.proposed, made_up=True)
    if kind == "copy":
        return _named(parameter, logical, made_up=False)
    digits = _digits(seed)
    name = str(uuid.UUID(digits[:32])) if kind == "uuid" else f"{logical}{digits[:_SUFFIX_DIGITS]}"
    return _named(parameter, name, made_up=True)


def _named(parameter: str, name: Any, *, made_up: bool) -> dict[str, Any]:
    return {parameter: name, CREATE_BEFORE_DELETE: True} if made_up else {parameter: name}


def _digits(seed: bytes) -> str:
    """64 hex digits that depend on the seed alone, or on chance without one."""
    return hashlib.sha256(seed).hexdigest() if seed else secrets.token_hex(32)
