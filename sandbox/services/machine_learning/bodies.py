"""Request bodies: validated against sandbox/schemas/machine_learning.json, made from the service's own models."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.arm.durations import format_duration, parse_duration
from sandbox.arm.errors import ArmError, not_modelled
from sandbox.arm.schema import Schema, validate
from sandbox.switches import Switches

_FILE = Path(__file__).resolve().parents[2] / "schemas" / "machine_learning.json"


@cache
def schemas() -> dict[str, Schema]:
    """Return the request schemas by the names that scripts/generate_ml_schemas.py gives them."""
    loaded: dict[str, Schema] = json.loads(_FILE.read_text())
    return loaded


def checked(name: str, body: Any) -> dict[str, Any]:
    """Return a validated copy of a request body, its ``properties`` an object.

    Raises:
        ArmError: 400, naming the member that is wrong, what it is and what is allowed.
    """
    if body is None:
        raise ArmError(400, "InvalidRequestContent", "The request content was invalid: there is no body.")
    valid: dict[str, Any] = validate(schemas()[name], body)
    if valid.get("properties") is None:
        valid["properties"] = {}
    return valid


def refuse_other_cases(body: Any, member: str, discriminator: str, others: tuple[str, ...], what: str) -> None:
    """Refuse, by name, a case of a discriminated member that Azure has and the sandbox has not.

    Raises:
        ArmError: 501 when ``body[member][discriminator]`` is one of ``others``.
    """
    part = body.get(member) if isinstance(body, dict) else None
    value = part.get(discriminator) if isinstance(part, dict) else None
    if isinstance(value, str) and value.lower() in {each.lower() for each in others}:
        raise not_modelled(f"{what} of type '{value}'")


def respelled(switches: Switches, duration: str) -> str:
    """Return a duration as the service answers it (see ``Switches.durations_respelled``)."""
    return format_duration(parse_duration(duration)) if switches.durations_respelled else duration
