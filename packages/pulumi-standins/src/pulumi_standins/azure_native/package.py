"""The package schema that the engine asks for when it writes programs for imported resources."""

import json
from collections.abc import Mapping
from typing import Any

from pulumi_standins.azure_native import schema
from pulumi_standins.azure_native.resources import PREFIX
from pulumi_standins.azure_native.schema import Kind, Properties

_ANY = "pulumi.json#/Any"


def package_schema() -> str:
    """The JSON text of a Pulumi package schema with the resource types served here, their inputs and outputs."""
    document = schema.document()
    resources = {token: _resource(described) for token, described in document["resources"].items()}
    types = {f"{PREFIX}{name}": _object(described) for name, described in document["types"].items()}
    return json.dumps(
        {"name": PREFIX.rstrip(":"), "version": schema.sdk_version(), "resources": resources, "types": types}
    )


def _resource(described: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "inputProperties": _properties(described["inputs"]),
        "requiredInputs": described["required"],
        "properties": _properties(described["outputs"]),
    }


def _object(described: Mapping[str, Any]) -> dict[str, Any]:
    members = {"type": "object", "properties": _properties(described["properties"])}
    return {**members, "required": described.get("required", [])}


def _properties(properties: Properties) -> dict[str, Any]:
    return {name: _type(kind) for name, kind in properties.items()}


def _type(kind: Kind) -> dict[str, Any]:
    if "const" in kind:
        return {"type": "string", "const": kind["const"]}
    if "type" in kind:
        return {"type": kind["type"]}
    if "items" in kind:
        return {"type": "array", "items": _type(kind["items"])}
    if "values" in kind:
        return {"type": "object", "additionalProperties": _type(kind["values"])}
    if "stringSet" in kind:
        return {"type": "array", "items": {"type": "string"}}
    if "ref" in kind:
        return {"$ref": _reference(kind["ref"])}
    if "oneOf" in kind:
        return {"oneOf": [{"$ref": _reference(name)} for name in kind["oneOf"]]}
    return {"$ref": _ANY}


def _reference(name: str) -> str:
    return f"#/types/{PREFIX}{name}"
