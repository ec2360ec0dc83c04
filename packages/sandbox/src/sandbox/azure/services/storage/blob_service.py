"""The blob service of a storage account and its containers, as ARM shows them. The blobs are sandbox/azure/blobs."""

from http import HTTPStatus
from typing import Any

from sandbox.azure.arm.errors import ArmError, resource_not_found
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.arm.types import BLOB_CONTAINER, STORAGE_ACCOUNT
from sandbox.azure.services.declared import Declared, fill, kept
from sandbox.azure.services.storage.accounts import PATH, account_of
from sandbox.azure.world import World

_CONTAINER = {
    "leaseStatus": "Unlocked",
    "leaseState": "Available",
    "hasImmutabilityPolicy": False,
    "hasLegalHold": False,
}


def _fill_container(world: World, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
    account = account_of(world, request)
    properties = body["properties"]
    fill(properties, {"publicAccess": "None"})
    if properties["publicAccess"] != "None" and not account.body["properties"]["allowBlobPublicAccess"]:
        raise ArmError(409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.")
    properties |= _CONTAINER | {"lastModifiedTime": kept(old, "properties", "lastModifiedTime", make=now_iso)}
    world.blobs.create_container(account.name, body["name"])


def _containers(world: World, request: ArmRequest) -> list[dict[str, Any]]:
    """Return an account's containers: those that were made here, and those that came in through the data plane."""
    service = f"{account_of(world, request).id}/blobServices/default"
    declared = [each.body for each in world.store.children(service, BLOB_CONTAINER)]
    names = {body["name"] for body in declared}
    others = [name for name in world.blobs.containers(request.params["account"]) if name not in names]
    shown = {"type": BLOB_CONTAINER, "properties": {"publicAccess": "None", **_CONTAINER}}
    return [*declared, *({"id": f"{service}/containers/{name}", "name": name, **shown} for name in others)]


_CONTAINERS = Declared(
    type=BLOB_CONTAINER,
    template=PATH + "/blobServices/default/containers/{container}",
    fill=_fill_container,
    name=(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "3 to 63 lower-case letters, digits and single hyphens"),
    tracked=False,
)


def _fill_blob_service(world: World, request: ArmRequest, _: Resource | None, body: dict[str, Any]) -> None:
    body["sku"] = account_of(world, request).body["sku"]
    fill(body["properties"], _BLOB_SERVICE_DEFAULTS)


_BLOB_SERVICE = Declared(
    type=STORAGE_ACCOUNT + "/blobServices",
    template=PATH + "/blobServices/default",
    fill=_fill_blob_service,
    tracked=False,
)
_BLOB_SERVICE_DEFAULTS = {
    "cors": {"corsRules": []},
    "deleteRetentionPolicy": {"enabled": False, "allowPermanentDelete": False},
    "containerDeleteRetentionPolicy": {"enabled": False},
}


class BlobServices:
    """``blobServices/default`` is there with its account: GET answers defaults, PUT replaces, DELETE does not exist."""

    def __init__(self, world: World) -> None:
        self._world = world

    def register(self) -> None:
        """Add the routes."""
        self._world.router.add("PUT", _BLOB_SERVICE.template, self.put)
        self._world.router.add("GET", _BLOB_SERVICE.template, self.get)

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Replace the settings: 200, the first time too."""
        return ArmResponse(200, _BLOB_SERVICE.put(self._world, request).body)

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer the settings, or the defaults."""
        account = account_of(self._world, request)
        service_id = account.id + "/blobServices/default"
        service = self._world.store.get(service_id)
        if service is not None:
            return ArmResponse(200, service.body)
        named = {"id": service_id, "name": "default", "type": _BLOB_SERVICE.type}
        return ArmResponse(200, named | {"sku": account.body["sku"], "properties": _BLOB_SERVICE_DEFAULTS})


class Containers:
    """Containers: PUT declares one; GET and list also answer those that came in through the data plane."""

    def __init__(self, world: World) -> None:
        self._world = world

    def register(self) -> None:
        """Add the routes."""
        router = self._world.router
        router.add("DELETE", _CONTAINERS.template, self.delete)
        router.add("GET", _CONTAINERS.template, self.get)
        router.add("GET", _CONTAINERS.template.rsplit("/", 1)[0], self.list)
        _CONTAINERS.register(self._world)

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete a container and its blobs."""
        answer = _CONTAINERS.delete(self._world, request)
        if answer.status == HTTPStatus.OK:
            self._world.blobs.delete_container(request.params["account"], request.params["container"])
        return answer

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a container."""
        wanted = _CONTAINERS.resource_id(request)
        for body in _containers(self._world, request):
            if body["id"].lower() == wanted.lower():
                return ArmResponse(200, body)
        raise resource_not_found(wanted)

    async def list(self, request: ArmRequest) -> ArmResponse:
        """Answer an account's containers."""
        return ArmResponse(200, {"value": _containers(self._world, request)})
