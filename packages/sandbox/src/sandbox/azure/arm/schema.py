"""Strict validation of request bodies: an unknown member, a wrong type or a value outside an enum is refused.

A schema is plain data (a JSON file under sandbox/azure/arm/schema_files/, or a literal):

- ``{"type": "object", "members": {name: schema}, "required": [name]}``: no other members are allowed;
- ``{"type": "map", "values": schema}``: any member names;
- ``{"type": "array", "items": schema}``;
- ``{"type": "string", "enum": [...], "pattern": "...", "format": "duration"}``: enums are case-insensitive and returned
    in the service's case; the one format that is checked is an ISO 8601 duration;
- ``{"type": "text"}``: a string, or a number or boolean, which becomes one;
- ``{"type": "integer" | "number", "minimum": n, "maximum": n}``, ``{"type": "boolean"}``, ``{"type": "any"}``; an
    integer with ``"asText": true`` may also be a string of digits, and becomes a number;
- ``{"type": "union", "discriminator": name, "cases": {value: object schema}}``: the discriminator is case-insensitive;
- ``"readOnly": true``: accepted and dropped, as ARM does with what a GET answered; ``"nullable": false``: null is
  refused.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.azure.arm.durations import parse_duration
from sandbox.azure.arm.errors import ArmError

Schema = Mapping[str, Any]

_DIGITS = re.compile(r"-?[0-9]{1,18}")


def validate(schema: Schema, value: Any, path: str = "") -> Any:
    """Return a copy of ``value`` with read-only members dropped and enums in canonical case.

    Raises:
        ArmError: 400 ``InvalidRequestContent``; the message names the member's path, its value and the allowed values.
    """
    if value is None:
        if schema.get("nullable", True):
            return None
        raise _refused(f"'{path or '.'}' must not be null")
    kind = schema.get("type", "any")
    check = _CHECKS.get(kind)
    if check is None:
        msg = f"unknown schema type {kind!r} at {path!r}"
        raise ValueError(msg)
    return check(schema, value, path)


def settable(schema: Schema, answer: Any) -> Any:
    """Return the part of a GET's answer that a PUT could send: nothing read-only, null or unknown."""
    if answer is None:
        return None
    kind = schema.get("type", "any")
    if kind == "union":
        name = schema["discriminator"]
        return settable(schema["cases"][answer[name]], answer) | {name: answer[name]}
    if kind == "object":
        members = {name: each for name, each in schema.get("members", {}).items() if not each.get("readOnly")}
        found = {name: settable(each, answer.get(name)) for name, each in members.items()}
        return {name: value for name, value in found.items() if value is not None}
    if kind == "map":
        return {name: settable(schema.get("values", {}), value) for name, value in answer.items()}
    if kind == "array":
        return [settable(schema.get("items", {}), value) for value in answer]
    return answer


def _refused(text: str) -> ArmError:
    return ArmError(400, "InvalidRequestContent", f"The request content was invalid: {text}.")


def _object(schema: Schema, value: Any, path: str) -> Any:
    if not isinstance(value, dict):
        raise _refused(f"'{path or '.'}' must be an object, not {type(value).__name__}")
    members: Mapping[str, Schema] = schema.get("members", {})
    result = {}
    for name, item in value.items():
        where = f"{path}.{name}" if path else name
        if name not in members:
            allowed = ", ".join(sorted(members)) or "no member"
            # Azure ML answers with its JSON library's sentence, seen in Azure/azure-sdk-for-python#47478.
            raise _refused(f"Could not find member '{name}'. Path '{where}'; allowed here: {allowed}")
        if members[name].get("readOnly"):
            continue
        result[name] = validate(members[name], item, where)
    missing = [name for name in schema.get("required", ()) if result.get(name) is None]
    if missing:
        raise _refused(f"required member '{f'{path}.' if path else ''}{missing[0]}' is missing")
    return result


def _map(schema: Schema, value: Any, path: str) -> Any:
    if not isinstance(value, dict):
        raise _refused(f"'{path}' must be an object, not {type(value).__name__}")
    return {name: validate(schema.get("values", {}), item, f"{path}.{name}") for name, item in value.items()}


def _array(schema: Schema, value: Any, path: str) -> Any:
    if not isinstance(value, list):
        raise _refused(f"'{path}' must be an array, not {type(value).__name__}")
    return [validate(schema.get("items", {}), item, f"{path}[{index}]") for index, item in enumerate(value)]


def _string(schema: Schema, value: Any, path: str) -> Any:
    if not isinstance(value, str):
        raise _refused(f"'{path}' must be a string, not {type(value).__name__}")
    if "enum" in schema:
        for allowed in schema["enum"]:
            if allowed.lower() == value.lower():
                return allowed
        raise _refused(f"'{path}' is '{value}'; allowed: {', '.join(schema['enum'])}")
    if schema.get("format") == "duration":
        _check_duration(value, path)
    if "pattern" in schema and not re.search(schema["pattern"], value):
        raise _refused(f"'{path}' is '{value}', which does not match {schema['pattern']}")
    return value


def _text(_: Schema, value: Any, path: str) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise _refused(f"'{path}' must be a string, not {type(value).__name__}")
    return str(value)


def _check_duration(value: str, path: str) -> None:
    try:
        parse_duration(value)
    except ValueError as error:
        raise _refused(f"'{path}': {error}") from error


def _number(schema: Schema, value: Any, path: str) -> Any:
    whole = schema["type"] == "integer"
    if schema.get("asText") and isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        # JSON has one number type: 10.0 is also an integer.
        if not (whole and isinstance(value, float) and value.is_integer()):
            raise _refused(f"'{path}' must be {'an integer' if whole else 'a number'}, not {value!r}")
        value = int(value)
    low, high = schema.get("minimum"), schema.get("maximum")
    if (low is not None and value < low) or (high is not None and value > high):
        least, most = "..." if low is None else low, "..." if high is None else high
        raise _refused(f"'{path}' is {value}; allowed: {least} to {most}")
    return value


def _boolean(_: Schema, value: Any, path: str) -> Any:
    if not isinstance(value, bool):
        raise _refused(f"'{path}' must be true or false, not {value!r}")
    return value


def _union(schema: Schema, value: Any, path: str) -> Any:
    name = schema["discriminator"]
    chosen = value.get(name) if isinstance(value, dict) else None
    for case, inner in schema["cases"].items():
        if isinstance(chosen, str) and case.lower() == chosen.lower():
            return _object(inner, value, path) | {name: case}
    allowed = ", ".join(schema["cases"])
    raise _refused(f"'{path}.{name}' is {chosen!r}; allowed: {allowed}")


_CHECKS: dict[str, Callable[[Schema, Any, str], Any]] = {
    "object": _object,
    "map": _map,
    "array": _array,
    "string": _string,
    "text": _text,
    "integer": _number,
    "number": _number,
    "boolean": _boolean,
    "union": _union,
    "any": lambda _schema, value, _path: value,
}
