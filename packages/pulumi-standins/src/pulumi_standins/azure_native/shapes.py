"""Converts between the program's property format and ARM's.

Four ways: inputs to the body of a PUT; an answer to outputs; outputs to the inputs that they correspond to (for a
refresh); an answer to inputs (for an import). Unknown properties are dropped, in every direction, as in azure-native.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from pulumi_standins.azure_native import schema
from pulumi_standins.azure_native.errors import ProviderError
from pulumi_standins.azure_native.schema import Kind, Properties, Resource
from pulumi_standins.azure_native.values import UNKNOWN
from pulumi_standins.azure_native.wire import wire_path

_Object = Callable[[str, Mapping[str, Any]], dict[str, Any] | None]
_SCALARS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": (int, float),
    "number": (int, float),
}


def resource_id(resource: Resource, subscription: str, inputs: Mapping[str, Any]) -> str:
    """Return the ARM id for these inputs.

    Raises:
        ProviderError: a name in the path is missing or is not a string.
    """
    path = resource.rules.path.replace("{subscriptionId}", quote(subscription, safe=""))
    for name in resource.rules.parameters:
        value = inputs.get(name)
        if not isinstance(value, str):
            raise ProviderError(f"expected string value for path parameter '{name}', got {type(value).__name__}")
        path = path.replace(f"{{+{name}}}", value.strip("/")).replace(f"{{{name}}}", quote(value, safe=""))
    return path


def path_values(resource: Resource, arm_id: str) -> dict[str, str]:
    """Return the inputs in an ARM id, for an import.

    Raises:
        ProviderError: the id does not belong to this resource type.
    """
    given, pattern = arm_id.strip("/").split("/"), resource.rules.path.strip("/").split("/")
    values: dict[str, str] = {}
    if pattern[0].startswith("{+"):  # a scope takes all remaining segments
        count = len(given) - len(pattern) + 1
        values[pattern[0][2:-1]] = "/".join(given[: max(count, 0)])
        given, pattern = given[max(count, 0) :], pattern[1:]
    matches = len(given) == len(pattern) and all(
        expected.startswith("{") or expected.lower() == segment.lower()
        for expected, segment in zip(pattern, given, strict=False)
    )
    if not matches:
        raise ProviderError(
            f"'{arm_id}' is not an id of a {resource.token}: it must have the form {resource.rules.path}"
        )
    values |= {e[1:-1]: unquote(s) for e, s in zip(pattern, given, strict=True) if e.startswith("{")}
    values.pop("subscriptionId", None)
    return values


def to_body(resource: Resource, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a PUT: all inputs, nothing else."""
    return _write(resource.scope, resource.body_inputs, inputs, flat=resource.rules.flat) or {}


def to_outputs(resource: Resource, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state for an answer, with its API version."""
    outputs = _read(resource.scope, resource.outputs, answer, flat=resource.rules.flat) or {}
    return {**outputs, "azureApiVersion": resource.api_version}


def to_inputs(resource: Resource, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs that correspond to inputs of the body, in the inputs' format, without read-only members."""
    return _project(resource.body_inputs, outputs) or {}


def imported_inputs(resource: Resource, arm_id: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs that would produce this answer, without empty maps and lists."""
    body = _read(resource.scope, resource.body_inputs, answer, flat=resource.rules.flat) or {}
    body.pop("id", None)
    kept = {name: filled for name, value in body.items() if (filled := _filled(value)) is not None}
    return {**path_values(resource, arm_id), **kept}


def preview(resource: Resource, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs that follow from the inputs; everything else is unknown until the real call."""
    known = {name: kind for name, kind in resource.outputs.items() if name != "azureApiVersion"}
    return _preview(known, inputs)


def _write(scope: str, properties: Properties, values: Mapping[str, Any], *, flat: bool = False) -> Any:
    result: dict[str, Any] = {}
    for name, kind in properties.items():
        if name not in values:
            continue
        if "const" in kind and values[name] != kind["const"]:
            return None
        *containers, member = wire_path(scope, name, flat=flat)
        target = result
        for container in containers:
            target = target.setdefault(container, {})
        target[member] = _convert(kind, values[name], lambda ref, value: _write(ref, _members(ref), value))
    return result


def _read(scope: str, properties: Properties, answer: Mapping[str, Any], *, flat: bool = False) -> Any:
    result: dict[str, Any] = {}
    for name, kind in properties.items():
        *containers, member = wire_path(scope, name, flat=flat)
        source: Any = answer
        for container in containers:
            source = source.get(container) if isinstance(source, Mapping) else None
        value = source.get(member) if isinstance(source, Mapping) else None
        if value is None:
            continue
        if "const" in kind and value != kind["const"]:
            return None
        result[name] = _convert(kind, value, lambda ref, inner: _read(ref, _members(ref), inner))
    return result


def _project(properties: Properties, outputs: Mapping[str, Any]) -> Any:
    result: dict[str, Any] = {}
    for name, kind in properties.items():
        if name not in outputs:
            continue
        if "const" in kind and outputs[name] != kind["const"]:
            return None
        result[name] = _convert(kind, outputs[name], lambda ref, value: _project(_members(ref), value))
    return result


def _members(ref: str) -> Properties:
    members: Properties = schema.nested(ref)["properties"]
    return members


def _convert(kind: Kind, value: Any, convert_object: _Object) -> Any:
    """Walk one value along its type; `convert_object` returns None if a union's alternative does not fit."""
    if isinstance(value, Mapping):
        for ref in kind.get("oneOf", ()):
            fitting = convert_object(ref, value)
            if fitting is not None:
                return fitting
        if "ref" in kind:
            return convert_object(kind["ref"], value)
        if "values" in kind:
            return {name: _convert(kind["values"], item, convert_object) for name, item in value.items()}
        return list(value) if "stringSet" in kind else value
    if isinstance(value, list):
        if "stringSet" in kind:
            return {item: {} for item in value if isinstance(item, str)}
        return [_convert(kind.get("items", {}), item, convert_object) for item in value]
    return value


def _filled(value: Any) -> Any:
    """Return the value without empty maps and lists, None if nothing is left."""
    if isinstance(value, Mapping):
        return {name: kept for name, item in value.items() if (kept := _filled(item)) is not None} or None
    if isinstance(value, list):
        return [kept for item in value if (kept := _filled(item)) is not None] or None
    return value


def _preview(properties: Properties, inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _preview_value(kind, inputs.get(name, UNKNOWN)) for name, kind in properties.items()}


def _preview_value(kind: Kind, value: Any) -> Any:
    if "const" in kind:
        return kind["const"]
    if "type" in kind:
        fits = isinstance(value, _SCALARS[kind["type"]]) and (kind["type"] == "boolean") == isinstance(value, bool)
        return value if fits else UNKNOWN
    if "items" in kind and isinstance(value, list):
        return [_preview_value(kind["items"], item) for item in value]
    if isinstance(value, Mapping):
        if "ref" in kind:
            return _preview(_members(kind["ref"]), value)
        if "values" in kind:
            return {name: _preview_value(kind["values"], item) for name, item in value.items()}
    if not kind or ("oneOf" in kind and isinstance(value, Mapping)):
        return value
    return UNKNOWN
