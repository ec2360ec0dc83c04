"""The blob service of a storage account and its containers, in ARM. The blobs are sandbox/azure/blobs."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from sandbox.azure.arm.bodies import fill
from sandbox.azure.arm.errors import ArmError, resource_not_found
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.arm.types import BLOB_CONTAINER, STORAGE_ACCOUNT
from sandbox.azure.blobs.names import CONTAINER_NAME
from sandbox.azure.services.declared import Declared, kept
from sandbox.azure.services.storage.accounts import PATH, Accounts
from sandbox.azure.world import World

_CONTAINER = {
    "leaseStatus": "Unlocked",
    "leaseState": "Available",
    "hasImmutabilityPolicy": False,
    "hasLegalHold": False,
}
_BLOB_SERVICE_DEFAULTS = {
    "cors": {"corsRules": []},
    "deleteRetentionPolicy": {"enabled": False, "allowPermanentDelete": False},
    "containerDeleteRetentionPolicy": {"enabled": False},
}


def register(world: World) -> None:
    """Serve the blob service of storage accounts, and its containers."""
    _BlobServices(world).register()
    _Containers(world).register()


class _BlobServices(Declared):
    """``blobServices/default`` exists with its account: GET returns defaults, PUT replaces, there is no DELETE."""

    type = f"{STORAGE_ACCOUNT}/blobServices"
    template = PATH + "/blobServices/default"
    tracked = False

    def register(self) -> None:
        """Add the routes."""
        self._world.router.add("PUT", self.template, self.put)
        self._world.router.add("GET", self.template, self.get)

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        del old
        body["sku"] = Accounts(self._world).existing(request).body["sku"]
        fill(body["properties"], _BLOB_SERVICE_DEFAULTS)

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Replace the settings: 200, also the first time."""
        return ArmResponse(200, (await super().put(request)).body)

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer the settings, or the defaults."""
        account = Accounts(self._world).existing(request)
        service_id = account.id + "/blobServices/default"
        service = self._world.store.get(service_id)
        if service is not None:
            return ArmResponse(200, service.body)
        named = {"id": service_id, "name": "default", "type": self.type}
        return ArmResponse(200, named | {"sku": account.body["sku"], "properties": _BLOB_SERVICE_DEFAULTS})


class _Containers(Declared):
    """Containers: PUT declares one; GET and list also return those created through the data plane."""

    type = BLOB_CONTAINER
    template = PATH + "/blobServices/default/containers/{container}"
    name_rule = CONTAINER_NAME
    tracked = False

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        account = Accounts(self._world).existing(request)
        properties = body["properties"]
        fill(properties, {"publicAccess": "None"})
        if properties["publicAccess"] != "None" and not account.body["properties"]["allowBlobPublicAccess"]:
            raise ArmError(409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.")
        properties |= _CONTAINER | {"lastModifiedTime": kept(old, "properties", "lastModifiedTime", make=now_iso)}
        self._world.blobs.create_container(account.name, body["name"])

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a container."""
        wanted = self.resource_id(request)
        for body in self._all(request):
            if body["id"].lower() == wanted.lower():
                return ArmResponse(200, body)
        raise resource_not_found(wanted)

    async def list(self, request: ArmRequest) -> ArmResponse:
        """Answer an account's containers."""
        return ArmResponse(200, {"value": self._all(request)})

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete a container and its blobs."""
        answer = await super().delete(request)
        if answer.status == HTTPStatus.OK:
            self._world.blobs.delete_container(request.params["account"], request.params["container"])
        return answer

    def _all(self, request: ArmRequest) -> Sequence[dict[str, Any]]:
        """Return an account's containers: declared ones, and those created through the data plane."""
        service = f"{Accounts(self._world).existing(request).id}/blobServices/default"
        declared = [each.body for each in self._world.store.children(service, BLOB_CONTAINER)]
        names = {body["name"] for body in declared}
        others = [name for name in self._world.blobs.containers(request.params["account"]) if name not in names]
        shown = {"type": BLOB_CONTAINER, "properties": {"publicAccess": "None", **_CONTAINER}}
        return [*declared, *({"id": f"{service}/containers/{name}", "name": name, **shown} for name in others)]
