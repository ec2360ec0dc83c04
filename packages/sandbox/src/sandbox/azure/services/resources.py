"""Microsoft.Resources: resource groups."""

import re
from typing import Any

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.routes import ANYBODY
from sandbox.azure.arm.schema import validate
from sandbox.azure.arm.types import STORAGE_ACCOUNT
from sandbox.azure.world import World

GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
_READ_GROUP = "Microsoft.Resources/subscriptions/resourceGroups/read"
SOFT_DELETED = {"microsoft.keyvault/vaults", "microsoft.machinelearningservices/workspaces"}
"""Types whose names stay taken after their group is deleted."""

_SCHEMA = {
    "type": "object",
    "nullable": False,
    "members": {
        "location": {"type": "string", "nullable": False},
        "tags": {"type": "map", "values": {"type": "string"}},
        "managedBy": {"type": "string"},
        "properties": {"type": "object", "members": {"provisioningState": {"type": "string", "readOnly": True}}},
        "id": {"type": "string", "readOnly": True},
        "name": {"type": "string", "readOnly": True},
        "type": {"type": "string", "readOnly": True},
    },
    "required": ["location"],
}
# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
_NAME = re.compile(r"^[-\w.()]{0,89}[-\w()]$")


def register(world: World) -> None:
    """Serve PUT, GET, HEAD, DELETE and list of resource groups."""
    _Groups(world).register()


class _Groups:
    """The handlers."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.operations.register("delete resource group", lambda group_id: _delete_group(world, group_id))

    def register(self) -> None:
        """Add the routes."""
        router = self._world.router
        router.add("PUT", GROUP, self.put)
        router.add("GET", GROUP, self.get)
        router.add("HEAD", GROUP, self.head)
        router.add("DELETE", GROUP, self.delete)
        router.add("GET", "/subscriptions/{subscription}/resourceGroups", self.list, need=ANYBODY)
        router.add("GET", GROUP + "/resources", self.contents)
        results = "/subscriptions/{subscription}/providers/Microsoft.Resources/locations/{location}/operationresults"
        router.add("GET", results + "/{operation}", self._world.operations.result, need=ANYBODY)

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Create (201) or replace (200) a group."""
        name = request.params["group"]
        if not _NAME.match(name):
            raise ArmError(
                400,
                "InvalidParameter",
                f"The resource group name '{name}' is invalid: 1 to 90 of letters, digits, -_.()",
            )
        body = validate(_SCHEMA, request.body)
        old = self._world.store.get(_id(request))
        location = body["location"].replace(" ", "").lower()
        if old is not None and old.body["location"] != location:
            raise ArmError(
                409,
                "InvalidResourceGroupLocation",
                f"Invalid resource group location '{location}'. The Resource group already exists in location"
                f" '{old.body['location']}'.",
            )
        resource_id = old.id if old else _id(request)
        answer: dict[str, Any] = {
            **ArmId.parse(resource_id).named("Microsoft.Resources/resourceGroups"),
            "location": location,
            "properties": {"provisioningState": "Succeeded"},
        }
        answer |= {key: body[key] for key in ("tags", "managedBy") if body.get(key) is not None}
        self._world.store.put(resource_id, answer["type"], answer)
        return ArmResponse(201 if old is None else 200, answer)

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a group."""
        return ArmResponse(200, _existing(self._world, request).body)

    async def head(self, request: ArmRequest) -> ArmResponse:
        """Answer whether a group exists: 204 or 404."""
        _existing(self._world, request)
        return ArmResponse(204)

    async def list(self, request: ArmRequest) -> ArmResponse:
        """Return the groups that the caller may read: the list is filtered, not refused."""
        caller = request.principal.object_id if request.principal else ""
        groups = self._world.store.children(
            f"/subscriptions/{request.params['subscription']}", "Microsoft.Resources/resourceGroups"
        )
        shown = [each.body for each in groups if self._world.authorization.allowed(caller, _READ_GROUP, each.id)]
        return ArmResponse(200, {"value": shown})

    async def contents(self, request: ArmRequest) -> ArmResponse:
        """Return the resources of a group."""
        found = [item.body for item in self._world.store.below(_id(request)) if item.type.count("/") == 1]
        shown = [{key: item[key] for key in ("id", "name", "type", "location") if key in item} for item in found]
        return ArmResponse(200, {"value": shown})

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Start to delete a group and its resources: 202."""
        group = _existing(self._world, request)
        headers = self._world.operations.start(
            request,
            group.id,
            "delete resource group",
            location=group.body["location"],
            headers=("Location",),
            namespace="Microsoft.Resources",
            collection="operationresults",
        )
        return ArmResponse(202, None, headers)


def _id(request: ArmRequest) -> str:
    return f"/subscriptions/{request.params['subscription']}/resourceGroups/{request.params['group']}"


def _existing(world: World, request: ArmRequest) -> Any:
    found = world.store.get(_id(request))
    if found is None:
        name = request.params["group"]
        raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
    return found


def _delete_group(world: World, group_id: str) -> None:
    for item in world.store.below(group_id):
        if item.type.lower() in SOFT_DELETED:
            world.store.soft_delete(item.id)
        elif item.type == STORAGE_ACCOUNT:
            world.blobs.delete_account(item.name)
    world.store.delete(group_id)
