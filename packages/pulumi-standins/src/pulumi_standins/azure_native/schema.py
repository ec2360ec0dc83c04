"""The generated data: inputs, outputs and nested types, read from schema.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pulumi_standins.azure_native.errors import RefusedError
from pulumi_standins.azure_native.resources import PREFIX, RESOURCES, ResourceType

# One property's type, as the generated file has it.
Kind = Mapping[str, Any]
Properties = Mapping[str, Kind]
_FILE = Path(__file__).with_name("schema.json")


@cache
def document() -> Mapping[str, Any]:
    """The whole file: `version`, `resources`, `types`."""
    content: Mapping[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return content


def sdk_version() -> str:
    """The version of pulumi-azure-native that the file was generated from."""
    return str(document()["version"])


def nested(name: str) -> Mapping[str, Any]:
    """A nested type: `properties`, and `required` if there are any."""
    found: Mapping[str, Any] = document()["types"][name]
    return found


@dataclass(frozen=True)
class Resource:
    """One resource type: the generated data and our rules."""

    token: str
    rules: ResourceType
    api_version: str
    inputs: Properties
    required: tuple[str, ...]
    defaults: Mapping[str, Any]
    outputs: Properties

    @property
    def scope(self) -> str:
        """`module:Type`, the key of `wire.wire_path`."""
        return self.token.removeprefix(PREFIX)

    @cached_property
    def body_inputs(self) -> Properties:
        """The inputs that go into the body of the PUT."""
        outside = {*self.rules.parameters, *self.rules.query}
        return {name: kind for name, kind in self.inputs.items() if name not in outside}

    @cached_property
    def replace_keys(self) -> frozenset[str]:
        """The top-level inputs whose change replaces the resource."""
        return self.rules.force_new | set(self.rules.parameters)


@cache
def resource(token: str) -> Resource:
    """Return the resource type of a token such as `azure-native:storage:StorageAccount`.

    Raises:
        RefusedError: the stand-in does not support it.
    """
    rules, described = RESOURCES.get(token), document()["resources"].get(token)
    if rules is None or described is None:
        raise RefusedError(
            f"the azure-native stand-in does not support the resource type {token}. It supports: "
            f"{', '.join(sorted(name.removeprefix(PREFIX) for name in RESOURCES))}. Nothing was sent for it. Remove "
            "it from the program, or deploy this stack to Azure with the real provider."
        )
    return Resource(
        token=token,
        rules=rules,
        api_version=described["apiVersion"],
        inputs=described["inputs"],
        required=tuple(described["required"]),
        defaults=described["defaults"],
        outputs=described["outputs"],
    )


def token_of(urn: str) -> str:
    """The type token in a URN: `urn:pulumi:stack::project::parent$type::name` -> `type`."""
    return urn.split("::")[2].rpartition("$")[2]


def name_of(urn: str) -> str:
    """The resource's name in the program, the last part of its URN."""
    return urn.split("::", 3)[3]
