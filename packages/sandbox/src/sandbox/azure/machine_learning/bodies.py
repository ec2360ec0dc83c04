"""Request bodies: validated against schemas that are generated from the service's models."""

from typing import Any

from sandbox.azure.arm.durations import format_duration, parse_duration
from sandbox.azure.arm.errors import ArmError, not_modelled
from sandbox.azure.arm.schema import validate
from sandbox.azure.arm.schemas import machine_learning_schemas
from sandbox.azure.readings import Switches


def checked(name: str, body: Any) -> dict[str, Any]:
    """Return a validated copy of a request body, its ``properties`` an object.

    Raises:
        ArmError: 400, naming the wrong member, its value and the allowed values.
    """
    if body is None:
        raise ArmError(400, "InvalidRequestContent", "The request content was invalid: there is no body.")
    valid: dict[str, Any] = validate(machine_learning_schemas()[name], body)
    if valid.get("properties") is None:
        valid["properties"] = {}
    return valid


def refuse_other_cases(body: Any, member: str, discriminator: str, others: tuple[str, ...], what: str) -> None:
    """Refuse a case of a discriminated member that Azure supports and the sandbox does not.

    Raises:
        ArmError: 501 if ``body[member][discriminator]`` is one of ``others``.
    """
    part = body.get(member) if isinstance(body, dict) else None
    value = part.get(discriminator) if isinstance(part, dict) else None
    if isinstance(value, str) and value.lower() in {each.lower() for each in others}:
        raise not_modelled(f"{what} of type '{value}'")


def respelled(switches: Switches, duration: str) -> str:
    """Return a duration as the service returns it (see ``Switches.durations_respelled``)."""
    return format_duration(parse_duration(duration)) if switches.durations_respelled else duration
