"""Registers a version of an asset as a client of the service would, without a request."""

from typing import Any

from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest
from sandbox.azure.arm.store import Resource
from sandbox.azure.machine_learning.assets.versions import Versions


def put_version(versions: Versions, parent: Resource, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Register ``name``, NAME:VERSION, below a workspace or registry, and return its body.

    Raises:
        ArmError: the name, the version or a property is not allowed, or the version exists with other content.
    """
    asset, _, version = name.partition(":")
    its = ArmId.parse(parent.id)
    params = {"subscription": its.subscription, "group": its.group, "asset": asset, "version": version}
    params |= {"workspace": parent.name, "registry": parent.name}
    request = ArmRequest("PUT", "", parent.id, {}, {}, {"properties": properties}, None, 0, params)
    body: dict[str, Any] = versions.store(request).body
    return body
