"""Ids in a request that must exist: models, codes, environments, computes."""

import re
from typing import Any

from sandbox.azure.arm.errors import bad_request, not_modelled
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.store import Resource
from sandbox.azure.machine_learning.scope import COMPUTES, WORKSPACES
from sandbox.azure.world import World

_REGISTRY = re.compile(r"azureml://registries/", re.IGNORECASE)


def referenced_asset(world: World, workspace: Resource, asset_id: str, collection: str, member: str) -> Resource:
    """Return the asset version of an id, which must belong to this workspace.

    Raises:
        ArmError: 400 if the id has another form, or does not exist; 501 for a registry's asset.
    """
    if _REGISTRY.match(asset_id):
        raise not_modelled(f"an asset of a registry: '{member}' is '{asset_id}'")
    found = world.store.get(asset_id.removeprefix("azureml:"))
    wanted = f"{WORKSPACES}/{collection}/versions".lower()
    if found is None or found.type.lower() != wanted:
        raise bad_request(
            f"'{member}' is '{asset_id}', and there is no such version; an id looks like"
            f" {workspace.id}/{collection}/<name>/versions/<version>.",
            "UserError",
        )
    if not ArmId.parse(found.id).is_within(ArmId.parse(workspace.id)):
        raise bad_request(f"'{member}' is '{asset_id}', which is not of the workspace '{workspace.name}'.", "UserError")
    return found


def compute_of(world: World, workspace: Resource, properties: dict[str, Any]) -> Resource:
    """Return a deployment's cluster.

    Raises:
        ArmError: 400 if it is not set, or does not exist in the workspace.
    """
    compute_id = properties.get("compute")
    if not compute_id:
        raise bad_request("required member 'properties.compute' is missing", "UserError")
    found = world.store.get(compute_id)
    if found is None or found.type != COMPUTES or not ArmId.parse(found.id).is_within(ArmId.parse(workspace.id)):
        raise bad_request(
            f"'properties.compute' is '{compute_id}', and the workspace '{workspace.name}' has no such compute.",
            "UserError",
        )
    return found
