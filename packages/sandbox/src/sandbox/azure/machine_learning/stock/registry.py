"""Content of registries: made on first use, with a resource group and a storage account each."""

import hashlib
from pathlib import Path
from typing import Any

from sandbox.azure.arm.errors import bad_request
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.arm.types import STORAGE_ACCOUNT
from sandbox.azure.machine_learning.assets.kinds import ENVIRONMENTS, MODELS
from sandbox.azure.machine_learning.assets.versions import Versions
from sandbox.azure.machine_learning.registries.scope import (
    NAME,
    REGISTRIES,
    REGISTRY_ASSETS,
    REGISTRY_PATH,
    registry_named,
)
from sandbox.azure.machine_learning.scope import GROUP_PATH
from sandbox.azure.machine_learning.stock.entry import copy_in, digest_of
from sandbox.azure.machine_learning.stock.registering import put_version
from sandbox.azure.world import World

_LOCATION = "westeurope"


def uploaded(world: World, registry: Resource, source: Path) -> str:
    """Copy a file or folder into a registry, and return its URL; call it in a thread, because it takes time.

    The container is named after the content: adding the same again changes nothing.
    """
    account, container = ArmId.parse(registry.body["properties"]["storageAccount"]).name, digest_of(source)[:32]
    copy_in(world.blobs, account, container, "" if source.is_file() else f"{source.name}/", source)
    return f"https://{account}.blob.core.windows.net/{container}/{source.name}"


def add_model(world: World, registry: Resource, name: str, uri: str, type_: str) -> dict[str, Any]:
    """Register a model, NAME:VERSION, whose files are at a URL.

    Raises:
        ArmError: the name or the version is not allowed, or exists.
    """
    properties = {"modelUri": uri, "modelType": type_}
    models = Versions(world, MODELS, REGISTRY_ASSETS)
    return put_version(models, registry, name, properties)


def add_environment(world: World, registry: Resource, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Register an environment, NAME:VERSION, with ``image`` and ``condaFile`` or with ``build``.

    Raises:
        ArmError: the name or the version is not allowed, or exists with other content.
    """
    environments = Versions(world, ENVIRONMENTS, REGISTRY_ASSETS)
    return put_version(environments, registry, name, properties)


def registry(world: World, name: str) -> Resource:
    """Return the registry of a name; make it if there is none.

    Raises:
        ArmError: 400, the name is not allowed.
    """
    found = registry_named(world, name)
    if found is not None:
        return found
    if not NAME.fullmatch(name):
        raise bad_request(
            f"'{name}' is not a valid registry name: 2 to 33 letters, digits, '-' and '_', the first a letter or digit."
        )
    group = GROUP_PATH.format(subscription=world.subscription_id, group=f"registry-{name}")
    account = "reg" + hashlib.sha256(name.lower().encode()).hexdigest()[:16]
    storage = f"{group}/providers/{STORAGE_ACCOUNT}/{account}"
    its = REGISTRY_PATH.format(subscription=world.subscription_id, group=f"registry-{name}", registry=name)
    world.blobs.create_container(account, "assets")
    with world.store.transaction():
        _put(world, group, "Microsoft.Resources/resourceGroups", {})
        _put(world, storage, STORAGE_ACCOUNT, {"allowSharedKeyAccess": False})
        return _put(world, its, REGISTRIES, {"storageAccount": storage, "creationTime": now_iso()})


def _put(world: World, resource_id: str, type_: str, properties: dict[str, Any]) -> Resource:
    body = {**ArmId.parse(resource_id).named(type_), "location": _LOCATION, "tags": {}}
    body["properties"] = {**properties, "provisioningState": "Succeeded"}
    return world.store.put(resource_id, type_, body)
