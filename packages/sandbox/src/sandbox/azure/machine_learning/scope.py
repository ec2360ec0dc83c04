"""Path templates and ids of machine learning resources, and the workspace of a request."""

from typing import Any

from sandbox.azure.arm.errors import ArmError, resource_not_found
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.arm.types import WORKSPACE
from sandbox.azure.world import World

NAMESPACE = "Microsoft.MachineLearningServices"
WORKSPACES = WORKSPACE
ENDPOINTS = f"{WORKSPACES}/batchEndpoints"
DEPLOYMENTS = f"{ENDPOINTS}/deployments"
COMPUTES = f"{WORKSPACES}/computes"
DATASTORES = f"{WORKSPACES}/datastores"

GROUP_PATH = "/subscriptions/{subscription}/resourceGroups/{group}"
WORKSPACE_PATH = f"{GROUP_PATH}/providers/{WORKSPACES}/{{workspace}}"
SUBSCRIPTION_PATH = f"/subscriptions/{{subscription}}/providers/{NAMESPACE}"


def workspace_id(request: ArmRequest) -> str:
    """Return the id of the workspace in a request's path, in the caller's case."""
    return WORKSPACE_PATH.format(**{name: request.params[name] for name in ("subscription", "group", "workspace")})


def workspace_of(world: World, request: ArmRequest) -> Resource:
    """Return the workspace in a request's path.

    Raises:
        ArmError: 404 if it does not exist or is soft-deleted.
    """
    world.operations.touch(workspace_id(request))
    found = world.store.get(workspace_id(request))
    if found is None:
        name, group = request.params["workspace"], request.params["group"]
        raise ArmError(
            404,
            "ResourceNotFound",
            f"The Resource '{WORKSPACES}/{name}' under resource group '{group}' was not found.",
        )
    return found


def reached(world: World, resource_id: str) -> Resource | None:
    """Return a resource after one step of its operation, if any: a read counts as a poll."""
    world.operations.touch(resource_id)
    return world.store.get(resource_id)


def existing(world: World, resource_id: str) -> Resource:
    """Return a resource after one step of its operation.

    Raises:
        ArmError: 404 if it does not exist.
    """
    found = reached(world, resource_id)
    if found is None:
        raise _missing(world, resource_id)
    return found


def _missing(world: World, resource_id: str) -> ArmError:
    """404 for a resource below a workspace, as recorded of endpoints, models, environments and datastores.

    Of the other assets and of deployments it is inferred. Computes are another service's, whose answer is not recorded.
    """
    usual, its = resource_not_found(resource_id), ArmId.parse(resource_id)
    home = world.store.get(f"{its.scope}/providers/{WORKSPACES}/{its.names[0]}")
    if its.type == COMPUTES or not its.type.startswith(WORKSPACES) or home is None:
        return usual
    region = home.body["location"]
    more: dict[str, Any] = {"ComponentName": "managementfrontend", "Environment": region, "Location": region}
    more["Time"] = now_iso()
    if its.type in (ENDPOINTS, DEPLOYMENTS):
        code = "NoSuchEndpoint" if its.type == ENDPOINTS else "NoSuchDeployment"
        details = [{"code": code, "message": usual.message}]
        return ArmError(404, "NotFound", usual.message, details=details, additional=more)
    if its.type.startswith(f"{WORKSPACES}/models"):
        details = [{"code": "ModelNotFound", "message": usual.message}]
        return ArmError(404, "UserError", usual.message, details=details, additional=more)
    more["InnerError"] = {"code": "NotFound", "innerError": {"code": "NotFoundError", "innerError": None}}
    return ArmError(404, "UserError", usual.message, additional=more)


def listed(world: World, parent: Resource, type_: str) -> ArmResponse:
    """Answer the resources of a type directly below another, each after one step of its operation."""
    now = (reached(world, each.id) for each in world.store.children(parent.id, type_))
    return ArmResponse(200, {"value": [each.body for each in now if each is not None]})


def location_of(body: dict[str, Any], workspace: Resource) -> str:
    """Return a body's location in ARM's spelling; the workspace's by default.

    Raises:
        ArmError: 400 if it is not the workspace's region.
    """
    home = str(workspace.body["location"])
    location = str(body.get("location") or home).replace(" ", "").lower()
    if location != home:
        raise ArmError(
            400,
            "InvalidLocation",
            f"The location '{location}' is not the workspace's: '{workspace.name}' is in '{home}'.",
        )
    return location
