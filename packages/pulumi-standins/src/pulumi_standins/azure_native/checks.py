"""The validation of Check: required inputs, types, lengths, patterns. The texts are azure-native's.

Extra inputs are accepted but never sent, like in the provider: refusing them in the sandbox would promise a check that
Azure does not have. Unknown values are skipped.
"""

import re
from collections.abc import Mapping
from typing import Any

from pulumi_standins.azure_native import schema
from pulumi_standins.azure_native.resources import Rule
from pulumi_standins.azure_native.schema import Kind, Resource
from pulumi_standins.azure_native.values import Unknown

_LOCATION_HINT = ". Either set it explicitly or configure it with 'pulumi config set azure-native:location <value>'."


def failures(resource: Resource, inputs: Mapping[str, Any]) -> list[str]:
    """Return all reasons why these inputs cannot be sent; empty if they can."""
    parameters = set(resource.rules.parameters)
    required = {*resource.required, *parameters, *({"location"} if resource.rules.located else ())}
    found = _missing("", sorted(required), inputs)
    for name, kind in resource.inputs.items():
        if name in inputs:
            found += _value(name, kind, inputs[name])
    for name, rule in resource.rules.rules.items():
        if isinstance(inputs.get(name), str):
            found += _string_rule(name, rule, inputs[name])
    return found


def _missing(base: str, required: list[str], values: Mapping[str, Any]) -> list[str]:
    paths = [f"{base}{name}" for name in required if name not in values]
    return [f"missing required property '{path}'{_LOCATION_HINT if path == 'location' else ''}" for path in paths]


def _value(path: str, kind: Kind, value: Any) -> list[str]:
    if isinstance(value, Unknown | bool) or value is None or not kind:
        return []
    if isinstance(value, Mapping):
        return _object(path, kind, value)
    if isinstance(value, list):
        if "items" not in kind and "stringSet" not in kind:
            return [_wrong_type(path, kind, "an array")]
        items: Kind = kind.get("items", {"type": "string"})
        return [text for index, item in enumerate(value) for text in _value(f"{path}[{index}]", items, item)]
    if isinstance(value, str):
        return [] if kind.get("type") == "string" else [_wrong_type(path, kind, "a string")]
    if kind.get("type") not in {"integer", "number"}:
        return [_wrong_type(path, kind, "a number")]
    if kind["type"] == "integer" and not float(value).is_integer():
        return [f"'{path}' must be an integer but got {float(value):f}"]
    return []


def _object(path: str, kind: Kind, value: Mapping[str, Any]) -> list[str]:
    """Only values with a certain type are checked: not unions, and not maps."""
    if "ref" not in kind:
        return []
    described = schema.nested(kind["ref"])
    found = _missing(f"{path}.", described.get("required", []), value)
    for name, inner in described["properties"].items():
        if name in value:
            found += _value(f"{path}.{name}", inner, value[name])
    return found


def _wrong_type(path: str, kind: Kind, got: str) -> str:
    expected = kind.get("type") or ("array" if "items" in kind or "stringSet" in kind else "object")
    return f"'{path}' should be of type '{expected}' but got {got}"


def _string_rule(path: str, rule: Rule, value: str) -> list[str]:
    found = []
    length = len(value.encode())
    if rule.low is not None and length < rule.low:
        found.append(f"'{path}' is too short ({length}): at least {rule.low} characters required")
    if rule.high is not None and length > rule.high:
        found.append(f"'{path}' is too long ({length}): at most {rule.high} characters allowed")
    if rule.pattern is not None and not re.search(rule.pattern, value):
        found.append(f"'{path}' does not match expression '{rule.pattern}'")
    return found
