"""Registries: their path, the registry of a request or a name, and the ids of their assets."""

import re
from collections.abc import Iterable

from sandbox.azure.arm.actions import Need
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest
from sandbox.azure.arm.store import Resource
from sandbox.azure.arm.types import ML_REGISTRY
from sandbox.azure.machine_learning.assets.parents import AssetParent
from sandbox.azure.machine_learning.scope import GROUP_PATH
from sandbox.azure.world import World

REGISTRIES = ML_REGISTRY
REGISTRY_PATH = f"{GROUP_PATH}/providers/{REGISTRIES}/{{registry}}"
HOST = "{region}.api.azureml.ms"
DATA_PLANE = "/mferp/managementfrontend" + REGISTRY_PATH

# https://learn.microsoft.com/azure/machine-learning/how-to-manage-registries
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{1,32}")

ASSET_ID = re.compile(
    r"azureml://registries/(?P<registry>[^/]+)/(?P<collection>[^/]+)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)",
    re.IGNORECASE,
)
"""The id of a version, as clients and the registry itself write it."""


def registry_named(world: World, name: str) -> Resource | None:
    """Return the registry of a name, which is unique in Azure, or None."""
    return next((each for each in world.store.of_type(REGISTRIES) if each.name.lower() == name.lower()), None)


def registry_of(world: World, request: ArmRequest) -> Resource:
    """Return the registry in a request's path.

    Raises:
        ArmError: 404 if it does not exist.
    """
    name = request.params["registry"]
    found = registry_named(world, name)
    if found is None:
        raise ArmError(
            404,
            "ResourceNotFound",
            f"The registry '{name}' was not found. In the sandbox, python -m sandbox registry create {name} makes it,"
            f" and {how_to_fill(name)}",
        )
    return found


def asset_in(world: World, registry: Resource, asset: re.Match[str]) -> Resource | None:
    """Return the version that a match of ``ASSET_ID`` names in a registry, or None."""
    return world.store.get(f"{registry.id}/{asset['collection']}/{asset['name']}/versions/{asset['version']}")


def registry_ids(world: World, asset_ids: Iterable[str | None]) -> tuple[str, ...]:
    """Return the ARM ids of the registries that have some of these assets, each once."""
    names = {match["registry"] for each in asset_ids if (match := ASSET_ID.fullmatch(each or ""))}
    found = (registry_named(world, name) for name in sorted(names))
    return tuple(dict.fromkeys(each.id for each in found if each is not None))


def how_to_fill(name: str) -> str:
    """Return the end of a message about something that a registry does not have."""
    return (
        f"registries have what you add: python -m sandbox registry add model {name}/NAME:VERSION FOLDER, or registry"
        f" add environment {name}/NAME:VERSION --image IMAGE --conda FILE."
    )


def need(method: str) -> Need:
    """Return what a method on an asset of a registry requires (role AzureML Registry User)."""
    verb = {"GET": "read", "DELETE": "delete"}.get(method, "write")
    return Need(f"{REGISTRIES}/assets/{verb}", REGISTRY_PATH)


def asset_id(stored: str) -> str:
    """Return the id of a registry's asset as the registry answers it."""
    parts = ArmId.parse(stored).segments
    return "azureml://registries/" + "/".join(parts[parts.index("registries") + 1 :])


# azure-ai-ml always sends it for a model.
REGISTRY_ASSETS = AssetParent(REGISTRIES, HOST, DATA_PLANE, registry_of, need, asset_id, ("system_metadata",))
