"""Microsoft.Resources: the subscription and its resource groups."""

import re
from typing import Any

from sandbox.arm.errors import ArmError
from sandbox.arm.queries import modelled_query
from sandbox.arm.requests import ArmRequest, ArmResponse
from sandbox.arm.routes import ANYBODY
from sandbox.arm.schema import validate
from sandbox.arm.types import STORAGE_ACCOUNT
from sandbox.arm.world import World

GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
_READ_GROUP = "Microsoft.Resources/subscriptions/resourceGroups/read"
SOFT_DELETED = {"microsoft.keyvault/vaults", "microsoft.machinelearningservices/workspaces"}
"""Types whose names stay taken when their group is deleted."""

_SCHEMA = {
    "type": "object",
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
    """Serve the subscription, and PUT, GET, HEAD, DELETE and list of resource groups."""
    store = world.store

    async def subscription(request: ArmRequest) -> ArmResponse:
        name = request.params["subscription"]
        return ArmResponse(
            200,
            {
                "id": f"/subscriptions/{name}",
                "subscriptionId": name,
                "tenantId": world.tenant_id,
                "displayName": "sandbox",
                "state": "Enabled",
            },
        )

    async def put(request: ArmRequest) -> ArmResponse:
        modelled_query(request)
        name = request.params["group"]
        if not _NAME.match(name):
            raise ArmError(
                400,
                "InvalidParameter",
                f"The resource group name '{name}' is invalid: 1 to 90 of letters, digits, -_.()",
            )
        body = validate(_SCHEMA, request.body)
        old = store.get(_id(request))
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
            "id": resource_id,
            "name": resource_id.rsplit("/", 1)[-1],
            "type": "Microsoft.Resources/resourceGroups",
            "location": location,
            "properties": {"provisioningState": "Succeeded"},
        }
        answer |= {key: body[key] for key in ("tags", "managedBy") if body.get(key) is not None}
        store.put(resource_id, answer["type"], answer)
        return ArmResponse(201 if old is None else 200, answer)

    async def get(request: ArmRequest) -> ArmResponse:
        modelled_query(request)
        return ArmResponse(200, _existing(world, request).body)

    async def head(request: ArmRequest) -> ArmResponse:
        _existing(world, request)
        return ArmResponse(204)

    async def list_(request: ArmRequest) -> ArmResponse:
        """Answer the groups that the caller may read: this list is filtered, not refused."""
        caller = request.principal.object_id if request.principal else ""
        modelled_query(request)
        groups = store.children(
            f"/subscriptions/{request.params['subscription']}", "Microsoft.Resources/resourceGroups"
        )
        shown = [each.body for each in groups if world.authorization.allowed(caller, _READ_GROUP, each.id)]
        return ArmResponse(200, {"value": shown})

    async def contents(request: ArmRequest) -> ArmResponse:
        modelled_query(request)
        found = [item.body for item in store.below(_id(request)) if item.type.count("/") == 1]
        shown = [{key: item[key] for key in ("id", "name", "type", "location") if key in item} for item in found]
        return ArmResponse(200, {"value": shown})

    async def delete(request: ArmRequest) -> ArmResponse:
        modelled_query(request)
        group = _existing(world, request)
        headers = world.operations.start(
            request,
            group.id,
            "delete resource group",
            location=group.body["location"],
            headers=("Location",),
            namespace="Microsoft.Resources",
            collection="operationresults",
        )
        return ArmResponse(202, None, headers)

    async def result(request: ArmRequest) -> ArmResponse:
        return world.operations.result(request)

    world.operations.register("delete resource group", lambda group_id: _delete_group(world, group_id))
    router = world.router
    router.add("GET", "/subscriptions/{subscription}", subscription)
    router.add("PUT", GROUP, put)
    router.add("GET", GROUP, get)
    router.add("HEAD", GROUP, head)
    router.add("DELETE", GROUP, delete)
    router.add("GET", "/subscriptions/{subscription}/resourceGroups", list_, need=ANYBODY)
    router.add("GET", GROUP + "/resources", contents)
    results = (
        "/subscriptions/{subscription}/providers/Microsoft.Resources/locations/{location}/operationresults/{operation}"
    )
    router.add("GET", results, result, need=ANYBODY)


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
