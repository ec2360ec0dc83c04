"""Copies of a workspace's models in a registry: what azure-ai-ml's ``models.share`` asks for.

https://github.com/Azure/azure-sdk-for-python, the operation ``begin_import_method`` of the client for registries of
2021-10-01-dataplanepreview: a deep copy, which overwrites a version that exists, followed at a ``Location``.
"""

import re
import uuid

from sandbox.azure.arm.errors import bad_request, not_modelled
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.schema import Schema, validate
from sandbox.azure.arm.store import Resource
from sandbox.azure.machine_learning.assets.kinds import MODELS
from sandbox.azure.machine_learning.assets.locations import place_of
from sandbox.azure.machine_learning.assets.versions import Versions
from sandbox.azure.machine_learning.registries.scope import DATA_PLANE, HOST, REGISTRY_ASSETS, need, registry_of
from sandbox.azure.machine_learning.scope import WORKSPACES, existing
from sandbox.azure.machine_learning.stock.registering import put_version
from sandbox.azure.world import World

_TEXT: Schema = {"type": "string"}
_ASKED: Schema = {
    "type": "object",
    "required": ["properties"],
    "members": {
        "properties": {
            "type": "object",
            "required": ["sourceAssetId", "destinationName", "destinationVersion"],
            "members": {
                "referenceType": {"type": "string", "enum": ["Id"]},
                **dict.fromkeys(("sourceAssetId", "destinationName", "destinationVersion"), _TEXT),
            },
        }
    },
}
_SOURCE = re.compile(
    r"azureml://locations/(?P<location>[^/]+)/workspaces/(?P<workspace>[^/]+)/(?P<collection>[^/]+)/(?P<name>[^/]+)"
    r"/versions/(?P<version>[^/]+)",
    re.IGNORECASE,
)
_OPERATION = "import into registry"
_KIND = "import"
_COPIED = ("modelType", "flavors", "description")
_KEPT = ("tags", "properties")
"""What a copy has of its source too, if ``import_keeps_properties``."""


def register(world: World) -> None:
    """Serve imports."""
    imports = _Imports(world)
    world.operations.register(_OPERATION, imports.finish)
    world.router.add("POST", DATA_PLANE + "/import", imports.start, host=HOST, need=need("PUT"))


class _Imports:
    """The handler, and the end of its operation."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def start(self, request: ArmRequest) -> ArmResponse:
        """Check an import and start it: 202 with the ``Location`` to ask; at the end that has no content.

        azure-ai-ml takes any content for a version that it is still to upload.
        """
        registry = registry_of(self._world, request)
        asked = validate(_ASKED, request.body or {})["properties"]
        source = self._source(request, asked["sourceAssetId"])
        document = {
            "registry": registry.id,
            "source": source.id,
            "name": f"{asked['destinationName']}:{asked['destinationVersion']}",
        }
        # Nothing in the store has this id, so that the end of the operation has no content.
        running = f"{registry.id}/imports/{uuid.uuid4()}"
        with self._world.store.transaction():
            self._world.store.put_document(_KIND, running.lower(), document)
            headers = self._world.operations.start(
                request, running, _OPERATION, location=str(registry.body["location"]), headers=("Location",)
            )
        return ArmResponse(202, None, headers)

    def _source(self, request: ArmRequest, asset_id: str) -> Resource:
        """Return the model of a workspace that an id names, if the caller may read it.

        Raises:
            ArmError: 400 if there is none, 403 if the caller may not read it, 501 for another kind of asset.
        """
        match = _SOURCE.fullmatch(asset_id)
        if match is None:
            raise bad_request(
                f"'properties.sourceAssetId' is '{asset_id}', which does not name an asset of a workspace."
            )
        if match["collection"].lower() != MODELS.collection:
            raise not_modelled(f"sharing of '{match['collection']}' with a registry (only of models)")
        workspace = self._workspace(match)
        found = workspace and self._world.store.get(
            f"{workspace.id}/{MODELS.collection}/{match['name']}/versions/{match['version']}"
        )
        if found is None:
            raise bad_request(f"'properties.sourceAssetId' is '{asset_id}', and there is no such model.", "UserError")
        self._world.authorization.require(request.principal, f"{found.type}/read", found.id)
        return found

    def _workspace(self, match: re.Match[str]) -> Resource | None:
        for each in self._world.store.of_type(WORKSPACES):
            same_place = str(each.body["location"]).lower() == match["location"].lower()
            if same_place and str(each.body["properties"]["workspaceId"]).lower() == match["workspace"].lower():
                return each
        return None

    def finish(self, running: str) -> None:
        """Make the copy, in place of a version that exists.

        Raises:
            ArmError: 404 if the registry or the source was deleted meanwhile.
        """
        document = self._world.store.document(_KIND, running.lower())
        registry = existing(self._world, document["registry"])
        source = existing(self._world, document["source"])
        name, _, version = document["name"].partition(":")
        self._world.store.delete(f"{registry.id}/{MODELS.collection}/{name}/versions/{version}")
        given = source.body["properties"]
        members = (*_COPIED, *(_KEPT if self._world.switches.import_keeps_properties else ()))
        properties = {member: given[member] for member in members if given.get(member)}
        properties["modelUri"] = self._copied(registry, source)
        put_version(Versions(self._world, MODELS, REGISTRY_ASSETS), registry, document["name"], properties)
        self._world.store.delete_document(_KIND, running.lower())

    def _copied(self, registry: Resource, source: Resource) -> str:
        """Copy a model's files to a container of the registry's account, and return their URL."""
        workspace = existing(self._world, source.id.partition(f"/{MODELS.collection}/")[0])
        place = place_of(self._world, workspace, source.body["properties"]["modelUri"])
        account, container = ArmId.parse(registry.body["properties"]["storageAccount"]).name, str(uuid.uuid4())
        path = place.path.rstrip("/")
        name = path.rpartition("/")[2]
        self._world.blobs.create_container(account, container)
        for blob in self._world.blobs.index.blobs(place.account, place.container, path):
            below = blob.name[len(path) :]
            if below[:1] in ("", "/"):  # not of a sibling with a longer name
                self._world.blobs.share(blob, account, container, name + below)
        return f"https://{account}.blob.core.windows.net/{container}/{name}"
