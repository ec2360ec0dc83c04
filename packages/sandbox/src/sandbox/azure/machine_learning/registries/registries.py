"""Registries: discovery, ARM, and the places that their assets are uploaded to and downloaded from.

They are made by ``python -m sandbox registry create`` and ``add``, not by ARM. Requests as azure-ai-ml sends them.
"""

from sandbox.azure.arm.errors import ArmError, bad_request
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.schema import Schema, validate
from sandbox.azure.machine_learning.assets.kinds import KINDS
from sandbox.azure.machine_learning.assets.locations import place_of
from sandbox.azure.machine_learning.assets.versions import Versions, new_place
from sandbox.azure.machine_learning.registries.scope import (
    ASSET_ID,
    DATA_PLANE,
    HOST,
    REGISTRIES,
    REGISTRY_ASSETS,
    REGISTRY_PATH,
    asset_in,
    need,
    registry_of,
)
from sandbox.azure.machine_learning.scope import GROUP_PATH
from sandbox.azure.world import World

_TEMPORARY: Schema = {
    "type": "object",
    "members": {"assetId": {"type": "string"}, "temporaryDataReferenceType": {"type": "string"}},
    "required": ["assetId"],
}
_REFERENCE: Schema = {
    "type": "object",
    "members": {"assetId": {"type": "string"}, "blobUri": {"type": "string"}},
    "required": ["assetId", "blobUri"],
}
_ASSET = "/{asset}/versions/{version}"


def register(world: World) -> None:
    """Serve registries and their assets."""
    _Registries(world).register()
    for kind in KINDS:
        Versions(world, kind, REGISTRY_ASSETS).register()


class _Registries:
    """The handlers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def register(self) -> None:
        """Add the routes."""
        add = self._world.router.add
        add("GET", "/registrymanagement/v1.0/registries/{registry}/discovery", self.discover, host=HOST)
        add("GET", f"{GROUP_PATH}/providers/{REGISTRIES}", self.list)
        add("GET", REGISTRY_PATH, self.get)
        add("DELETE", REGISTRY_PATH, self.delete)
        add("PUT", DATA_PLANE + "/tempdatarefs" + _ASSET, self.upload_place, host=HOST, need=need("PUT"))
        add("POST", DATA_PLANE + "/datarefs" + _ASSET, self.download_place, host=HOST, need=need("GET"))

    async def discover(self, request: ArmRequest) -> ArmResponse:
        """Answer where a registry is."""
        registry = registry_of(self._world, request)
        its, location = ArmId.parse(registry.id), registry.body["location"]
        here = f"https://{location}.api.azureml.ms/"
        answer = {
            "registryName": registry.name,
            "tenantId": self._world.tenant_id,
            "subscriptionId": its.subscription,
            "resourceGroup": its.group,
            "primaryRegion": location,
            "regions": [location],
            "primaryRegionResourceProviderUri": here,
            "registryFqdns": {location: {"uri": here}},
        }
        return ArmResponse(200, answer)

    async def list(self, request: ArmRequest) -> ArmResponse:
        """Answer the registries of a resource group."""
        found = self._world.store.children(GROUP_PATH.format(**request.params), REGISTRIES)
        return ArmResponse(200, {"value": [each.body for each in found]})

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a registry."""
        return ArmResponse(200, registry_of(self._world, request).body)

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete a registry with its assets and its storage account."""
        registry = registry_of(self._world, request)
        storage = registry.body["properties"]["storageAccount"]
        self._world.blobs.delete_account(ArmId.parse(storage).name)
        self._world.store.delete(storage)
        self._world.store.delete(registry.id)
        return ArmResponse(200)

    async def upload_place(self, request: ArmRequest) -> ArmResponse:
        """Return a new container for the files of a future version; 409 (nothing to upload) if it exists."""
        registry = registry_of(self._world, request)
        asset = ASSET_ID.fullmatch(validate(_TEMPORARY, request.body or {})["assetId"])
        if asset is not None and asset_in(self._world, registry, asset) is not None:
            raise ArmError(409, "Conflict", f"The asset '{asset[0]}' already exists.")
        place = new_place(self._world, registry.body["properties"]["storageAccount"])
        return ArmResponse(200, {"blobReferenceForConsumption": place})

    async def download_place(self, request: ArmRequest) -> ArmResponse:
        """Return a SAS that reads the container of a version's files."""
        registry = registry_of(self._world, request)
        uri = validate(_REFERENCE, request.body or {})["blobUri"]
        place = place_of(self._world, registry, uri)
        if place.account != ArmId.parse(registry.body["properties"]["storageAccount"]).name:
            raise bad_request(f"'{uri}' is not a place of the registry '{registry.name}'.", "UserError")
        sas = self._world.blobs.sas(place.account, place.container, "rl")
        container = f"https://{place.account}.blob.core.windows.net/{place.container}"
        credential = {"credentialType": "SAS", "sasUri": f"{container}?{sas}"}
        return ArmResponse(200, {"blobReferenceForConsumption": {"blobUri": uri, "credential": credential}})
