"""Automatic names: azure-native's three kinds, and the engine's autonaming settings."""

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

# A hidden input: the name was generated, so a replacement may be created before the old resource is deleted.
CREATE_BEFORE_DELETE = "__createBeforeDelete"
_SUFFIX_DIGITS = 8


@dataclass(frozen=True)
class Autonaming:
    """The engine's `pulumi:autonaming` setting for one resource."""

    mode: Literal["propose", "enforce", "disable"]
    proposed: str = ""


def default_name(
    parameter: str, kind: str, logical: str, olds: Mapping[str, Any], *, seed: bytes, autonaming: Autonaming | None
) -> dict[str, Any]:
    """Return the inputs to add for a missing name; empty if autonaming is disabled.

    Args:
        parameter: the input with the name.
        kind: `random`, `uuid` or `copy`, azure-native's kind for this resource type.
        logical: the resource's name in the program.
        olds: the inputs of the last deployment, whose name is kept.
        seed: the engine's random seed; the same seed gives the same name, so that the preview matches the update.
        autonaming: the engine's setting, None if it sent none.
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
    """64 hex digits that depend only on the seed, or random ones without a seed."""
    return hashlib.sha256(seed).hexdigest() if seed else secrets.token_hex(32)
