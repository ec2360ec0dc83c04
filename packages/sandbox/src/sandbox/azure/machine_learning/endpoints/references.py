"""Ids in a request that must exist: models, codes, environments, computes."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.azure.arm.errors import bad_request
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.store import Resource
from sandbox.azure.machine_learning.registries.scope import ASSET_ID, asset_in, how_to_fill, registry_named
from sandbox.azure.machine_learning.scope import COMPUTES, WORKSPACES
from sandbox.azure.world import World

_CURATED = re.compile(r"azureml://registries/azureml/environments/|.*/environments/AzureML-", re.IGNORECASE)


def asset_ids(properties: Mapping[str, Any]) -> tuple[str | None, ...]:
    """Return the ids of a model deployment's assets; None for what it does not have."""
    code = properties.get("codeConfiguration") or {}
    return (properties["model"]["assetId"], code.get("codeId"), properties.get("environmentId"))


def referenced_asset(world: World, workspace: Resource, asset_id: str, collection: str, member: str) -> Resource:
    """Return the asset version that a batch deployment names, by its id.

    Raises:
        ArmError: 400 if there is no such version, or it is a curated environment (see ``Switches``).
    """
    if _CURATED.match(asset_id) and world.switches.curated_environments_refused:
        # https://learn.microsoft.com/azure/machine-learning/how-to-use-batch-model-deployments
        raise bad_request(
            f"'{member}' is '{asset_id}', a curated environment, which batch deployments do not support. Register an"
            " environment of your own; it may have the curated one's image as its base.",
            "UserError",
        )
    return existing_asset(world, workspace, asset_id, collection, member)


def existing_asset(world: World, workspace: Resource, asset_id: str, collection: str, member: str) -> Resource:
    """Return the asset version of an id, which must belong to this workspace or to a registry.

    Raises:
        ArmError: 400 if the id has another form, or does not exist.
    """
    shared = ASSET_ID.fullmatch(asset_id)
    if shared is not None:
        return _of_registry(world, shared, collection, member)
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


def _of_registry(world: World, shared: re.Match[str], collection: str, member: str) -> Resource:
    registry = registry_named(world, shared["registry"])
    found = asset_in(world, registry, shared) if registry else None
    if found is None or shared["collection"].lower() != collection:
        what = "version" if registry else "registry"
        raise bad_request(
            f"'{member}' is '{shared[0]}', and there is no such {what}. In the sandbox,"
            f" {how_to_fill(shared['registry'])}",
            "UserError",
        )
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
