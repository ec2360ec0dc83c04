"""Environments that are registered in the sandbox, by the names that a stack file uses."""

from collections.abc import Mapping
from typing import Any

from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.store import Resource, Store

_NAMESPACE = "Microsoft.MachineLearningServices"


def registered(store: Store, environment: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the properties of the environment with a ``name`` and a ``version`` (absent: any), or None.

    Without a ``registry`` it is one of any workspace: a preview does not know which.
    """
    parents = "registries" if environment.get("registry") else "workspaces"
    found = store.of_type(f"{_NAMESPACE}/{parents}/environments/versions")
    properties = (each.body["properties"] for each in found if _is(each, environment))
    return next(properties, None)


def _is(resource: Resource, environment: Mapping[str, Any]) -> bool:
    parent, name, version = ArmId.parse(resource.id).names
    asked = (environment.get("registry", parent), environment["name"], environment.get("version", version))
    return [each.lower() for each in asked] == [parent.lower(), name.lower(), version.lower()]
