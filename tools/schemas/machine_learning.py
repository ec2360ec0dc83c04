"""Write machine_learning.json: strict request schemas for Microsoft.MachineLearningServices.

They are derived from the typed request models that azure-ai-ml ships, which its authors generate from the service's
public specification: each member's wire name, type, enum, and whether it may be written. Run it after a change of the
pinned package:

    .venv/bin/python -m tools.schemas.machine_learning
"""

import datetime as dt
import enum
import sys
import types
import typing
from typing import Any

from azure.ai.ml._restclient.arm_ml_service import models
from azure.ai.ml._restclient.arm_ml_service._utils import model_base

from tools.schemas.schema_file import PRIMITIVES, SANDBOX, documented, run, text_of

FILE = SANDBOX / "machine_learning.json"

# The sandbox's name of a body: the model that describes it.
BODIES = {
    "workspace": "Workspace",
    "workspace patch": "WorkspaceUpdateParameters",
    "compute": "ComputeResource",
    "compute patch": "ClusterUpdateParameters",
    "datastore": "Datastore",
    "datastore secrets": "SecretExpiry",
    "model container": "ModelContainer",
    "model version": "ModelVersion",
    "environment container": "EnvironmentContainer",
    "environment version": "EnvironmentVersion",
    "code container": "CodeContainer",
    "code version": "CodeVersion",
    "data container": "DataContainer",
    "data version": "DataVersionBase",
    "component container": "ComponentContainer",
    "component version": "ComponentVersion",
    "job": "JobBase",
    "pending upload": "PendingUploadRequestDto",
    "batch endpoint": "BatchEndpoint",
    "batch endpoint patch": "PartialMinimalTrackedResourceWithIdentity",
    "batch deployment": "BatchDeployment",
    "batch deployment patch": "PartialBatchDeploymentPartialMinimalTrackedResourceWithProperties",
}

# The cases of a discriminated type that the sandbox models; a service answers "not modelled" for the others by name.
CASES = {
    "Compute": ("AmlCompute",),
    "DatastoreProperties": ("AzureBlob", "AzureFile", "AzureDataLakeGen2"),
    "DatastoreCredentials": ("AccountKey", "None", "Sas", "ServicePrincipal"),
    "DatastoreSecrets": ("AccountKey", "Sas", "ServicePrincipal"),
    "JobBaseProperties": ("Pipeline",),
    "DataVersionBaseProperties": ("uri_file", "uri_folder", "mltable"),
}

# Free-form maps of strings: the service turns numbers and booleans in them into strings, as its SDK relies on.
TEXT_MAPS = {"properties", "environment_variables", "settings"}

# Members whose values the service refuses when they are null ("Tag values must not be null or empty").
NOT_NULL = {"tags"}

_PRIMITIVES: dict[Any, dict[str, Any]] = PRIMITIVES | {
    dt.timedelta: {"type": "string", "format": "duration"},
    dt.datetime: {"type": "string", "format": "date-time"},
    dt.date: {"type": "string"},
}


def generate() -> str:
    """Return the text of the file: the request schema of every body in ``BODIES``."""
    found = {}
    for name, model in BODIES.items():
        schema = _model(getattr(models, model))
        # ARM accepts and ignores the read-only members of its own answers.
        answered = {key: {"type": "any", "readOnly": True} for key in ("id", "name", "type", "systemData", "etag")}
        schema["members"] = answered | schema["members"]
        found[name] = schema
    return text_of(found)


def _model(cls: type) -> dict[str, Any]:
    """Return an object's schema; a model without its own members accepts any (a free-form map)."""
    members: dict[str, Any] = {}
    required = []
    for attribute, field, hint in _fields(cls):
        # The generated models have no public form of a member's wire name and visibility.
        name = _wire_name(attribute, field)
        if field._visibility == ["read"]:  # noqa: SLF001
            members[name] = {"type": "any", "readOnly": True}
            continue
        schema = _schema(hint)
        if attribute in TEXT_MAPS and schema.get("values") == {"type": "string"}:
            schema = {"type": "map", "values": {"type": "text"}}
        if attribute in NOT_NULL:
            schema = schema | {"nullable": False, "values": {"type": "string", "nullable": False}}
        members[name] = schema
        if not _optional(hint):
            required.append(name)
    result: dict[str, Any] = {"type": "object", "members": members}
    if required:
        result["required"] = sorted(required)
    return result


def _fields(cls: type) -> list[tuple[str, Any, Any]]:
    """Return (attribute, field, type hint) of a model and its bases."""
    found: dict[str, tuple[str, Any, Any]] = {}
    for base in reversed(cls.__mro__):
        if not issubclass(base, model_base.Model):
            continue
        namespace = vars(sys.modules[base.__module__]) | vars(models) | {"_models": models}
        hints = typing.get_type_hints(base, namespace)
        for attribute, field in vars(base).items():
            if isinstance(field, model_base._RestField):  # noqa: SLF001
                found[attribute] = (attribute, field, hints[attribute])
    return list(found.values())


def _wire_name(attribute: str, field: Any) -> str:
    return field._rest_name_input or attribute  # noqa: SLF001


def _optional(hint: Any) -> bool:
    return type(None) in typing.get_args(hint) or hint is Any


def _schema(hint: Any) -> dict[str, Any]:
    """Translate a type hint of a model's member."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in _PRIMITIVES:
        result = _PRIMITIVES[hint]
    elif origin is typing.Union or origin is types.UnionType:
        result = documented([_schema(argument) for argument in arguments if argument is not type(None)])
    elif origin is typing.Literal:
        result = {"type": "string", "enum": [_text(value) for value in arguments]}
    elif origin is list:
        result = {"type": "array", "items": _schema(arguments[0])}
    elif origin is dict:
        result = {"type": "map", "values": _schema(arguments[1])}
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        result = {"type": "string", "enum": [_text(member) for member in hint]}
    elif isinstance(hint, type) and issubclass(hint, model_base.Model):
        result = _discriminated(hint) or _model(hint)
    else:
        msg = f"no schema for {hint!r}"
        raise TypeError(msg)
    return result


def _text(value: Any) -> str:
    return str(value.value if isinstance(value, enum.Enum) else value)


def _discriminated(cls: type) -> dict[str, Any] | None:
    """Return the union of a discriminated base class, or None when ``cls`` is a plain object or one of the cases."""
    mapping = vars(cls).get("__mapping__")
    if not mapping:
        return None
    discriminator = next(
        _wire_name(attribute, field)
        for attribute, field, _ in _fields(cls)
        if field._is_discriminator  # noqa: SLF001
    )
    chosen = CASES.get(cls.__name__, tuple(mapping))
    cases = {case: _discriminated(mapping[case]) or _model(mapping[case]) for case in sorted(chosen)}
    return {"type": "union", "discriminator": discriminator, "cases": cases}


if __name__ == "__main__":
    raise SystemExit(run("machine_learning", FILE, generate))
