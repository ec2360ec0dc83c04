"""Workspaces: their dependent resources, soft deletion, and system datastores."""

import re
import time
import uuid
from typing import Any

from sandbox.azure.arm.bodies import check_location, fill, stamp
from sandbox.azure.arm.errors import ArmError, bad_request
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.store import Resource
from sandbox.azure.arm.types import INSIGHTS, REGISTRY, STORAGE_ACCOUNT, VAULT
from sandbox.azure.identities import answered_identity
from sandbox.azure.machine_learning.assets.system_datastores import create_system_datastores
from sandbox.azure.machine_learning.bodies import checked
from sandbox.azure.machine_learning.provisioning import LOCATION, Provisioning
from sandbox.azure.machine_learning.scope import (
    GROUP_PATH,
    SUBSCRIPTION_PATH,
    WORKSPACE_PATH,
    WORKSPACES,
    reached,
    workspace_id,
    workspace_of,
)
from sandbox.azure.machine_learning.stock import workspaces as stock
from sandbox.azure.machine_learning.workspaces.identity_roles import check_identity_roles, check_vault_lets_in
from sandbox.azure.machine_learning.workspaces.limits import refuse_other_workspaces
from sandbox.azure.world import World

# https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}")
# Member -> the type of its id. The first three are required (Azure/azure-cli#28980).
_DEPENDENCIES = {
    "storageAccount": STORAGE_ACCOUNT,
    "keyVault": VAULT,
    "applicationInsights": INSIGHTS,
    "containerRegistry": REGISTRY,
}
_FIXED = ("storageAccount", "keyVault")
_REQUIRED = (*_FIXED, "applicationInsights")
# https://learn.microsoft.com/azure/machine-learning/concept-soft-delete
_SOFT_DELETED_SECONDS = 14 * 86400


def register(world: World) -> None:
    """Serve workspaces."""
    _Workspaces(world).register()


class _Workspaces:
    """The handlers."""

    def __init__(self, world: World) -> None:
        self._world = world
        # PUT, PATCH and DELETE only return Location (REST specification 2025-12-01).
        self._provisioning = Provisioning(
            world,
            "workspace",
            collection="workspaceOperationsStatus",
            put_headers=(LOCATION,),
            delete_headers=(LOCATION,),
        )

    def register(self) -> None:
        """Add the routes."""
        self._world.router.add("PUT", WORKSPACE_PATH, self.put)
        self._world.router.add("GET", WORKSPACE_PATH, self.get)
        self._world.router.add("PATCH", WORKSPACE_PATH, self.patch)
        self._world.router.add("DELETE", WORKSPACE_PATH, self.delete, query=("forceToPurge",))
        self._world.router.add("GET", GROUP_PATH + f"/providers/{WORKSPACES}", self.list_in_group)
        self._world.router.add("GET", SUBSCRIPTION_PATH + "/workspaces", self.list_in_subscription)

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Create (202) or replace (200) a workspace."""
        resource_id = workspace_id(request)
        old = reached(self._world, resource_id)
        if old is None:
            self._check_name_free(resource_id, request.params["workspace"])
        body = checked("workspace", request.body)
        resource_id = resource_id if old is None else old.id
        body |= ArmId.parse(resource_id).named(WORKSPACES)
        self._complete(request, old, body)
        check_identity_roles(self._world, body)
        with self._world.store.transaction():
            is_new, headers = self._provisioning.put(request, resource_id, WORKSPACES, body, None)
            if is_new:
                create_system_datastores(self._world, request, body)
        if is_new:
            stock.fill(self._world, Resource(resource_id, WORKSPACES, body))
            return ArmResponse(202, None, headers)
        return ArmResponse(200, body, headers)

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a workspace."""
        return ArmResponse(200, workspace_of(self._world, request).body)

    async def patch(self, request: ArmRequest) -> ArmResponse:
        """Change the given members; the others stay."""
        old = workspace_of(self._world, request)
        change = checked("workspace patch", request.body)
        body = old.body | {key: value for key, value in change.items() if key != "properties" and value is not None}
        if change.get("identity") is None:
            body["identity"] = old.body.get("identity")
        given = {key: value for key, value in change["properties"].items() if value is not None}
        body["properties"] = old.body["properties"] | given
        self._complete(request, old, body)
        body["properties"]["provisioningState"] = "Succeeded"
        self._world.store.put(old.id, WORKSPACES, body)
        return ArmResponse(200, body)

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Soft-delete a workspace, or purge it with ``forceToPurge=true``."""
        purge = request.query.get("forceToPurge", "false").lower() == "true"
        resource_id = workspace_id(request)
        if reached(self._world, resource_id) is None:
            hidden = self._world.store.get_soft_deleted(resource_id)
            if hidden is not None and purge:
                self._world.store.delete(resource_id)
                return ArmResponse(200)
            return ArmResponse(204)
        return self._provisioning.delete(request, resource_id, soft=not purge)

    async def list_in_group(self, request: ArmRequest) -> ArmResponse:
        """Answer the workspaces of a resource group."""
        group = GROUP_PATH.format(**request.params)
        found = self._world.store.children(group, WORKSPACES)
        return ArmResponse(200, {"value": [each.body for each in found]})

    async def list_in_subscription(self, _: ArmRequest) -> ArmResponse:
        """Answer all workspaces."""
        return ArmResponse(200, {"value": [each.body for each in self._world.store.below("", WORKSPACES)]})

    def _check_name_free(self, resource_id: str, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise ArmError(
                400,
                "ValidationError",
                f"'{name}' is not a valid workspace name: 3 to 33 letters, digits, hyphens and underscores, the first a"
                " letter or digit.",
            )
        hidden = self._world.store.get_soft_deleted(resource_id)
        if hidden is not None and time.time() - (hidden.deleted or 0) < _SOFT_DELETED_SECONDS:
            # Text and code as users report them: Azure/ResourceModules#3596.
            raise ArmError(400, "BadRequest", "Soft-deleted workspace exists. Please purge or recover it.")

    def _complete(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        """Check a whole workspace and add the service's members."""
        refuse_other_workspaces(body)
        body["kind"] = "Default"
        check_location(old, body, body["name"])
        body["identity"] = answered_identity(self._world, request, body.get("identity"), old)
        if body["identity"] is None or body["identity"]["type"] == "None":
            raise bad_request("Missing identity in workspace json.", "ValidationError")
        properties = body["properties"]
        self._check_dependencies(old, properties)
        self._check_primary_identity(body)
        fill(body, {"sku": {"name": "Basic", "tier": "Basic"}, "tags": {}})
        self._fill_properties(body, old)
        stamp(request, old, body)

    def _check_dependencies(self, old: Resource | None, properties: dict[str, Any]) -> None:
        missing = [member for member in _REQUIRED if not properties.get(member)]
        if missing:
            raise bad_request(
                f"Missing dependent resources in workspace json: {', '.join(missing)}.", "ValidationError"
            )
        for member, type_ in _DEPENDENCIES.items():
            wanted = properties.get(member)
            if not wanted:
                continue
            found = self._world.store.get(wanted)
            if found is None or found.type.lower() != type_.lower():
                raise bad_request(f"'properties.{member}': {type_} '{wanted}' does not exist.", "ValidationError")
            if found.type == VAULT:
                check_vault_lets_in(self._world, found)
            before = old.body["properties"].get(member) if old else wanted
            if (
                member in _FIXED
                and before.lower() != wanted.lower()
                and self._world.switches.workspace_dependencies_fixed
            ):
                raise bad_request(f"'properties.{member}' of a workspace cannot be changed: it is '{before}'.")

    def _check_primary_identity(self, body: dict[str, Any]) -> None:
        primary = body["properties"].get("primaryUserAssignedIdentity")
        assigned = [each.lower() for each in body["identity"].get("userAssignedIdentities") or {}]
        if primary and primary.lower() not in assigned:
            raise bad_request(
                f"'properties.primaryUserAssignedIdentity' is '{primary}', which 'identity' does not list."
            )
        if not primary and body["identity"]["type"] == "UserAssigned":
            raise bad_request("'properties.primaryUserAssignedIdentity' is required when the identity is UserAssigned.")

    def _fill_properties(self, body: dict[str, Any], old: Resource | None) -> None:
        location, properties = body["location"], body["properties"]
        storage = self._world.store.get(properties["storageAccount"])
        fill(
            properties,
            {
                "friendlyName": body["name"],
                "description": "",
                "hbiWorkspace": False,
                "publicNetworkAccess": "Enabled",
                "v1LegacyMode": False,
                "allowPublicAccessWhenBehindVnet": False,
                "enableDataIsolation": False,
                "systemDatastoresAuthMode": "AccessKey",
            },
        )
        properties |= {
            "workspaceId": old.body["properties"]["workspaceId"] if old else str(uuid.uuid4()),
            "tenantId": self._world.tenant_id,
            "discoveryUrl": f"https://{location}.api.azureml.ms/discovery",
            "mlFlowTrackingUri": f"azureml://{location}.api.azureml.ms/mlflow/v1.0{body['id']}",
            "storageHnsEnabled": bool(storage and storage.body["properties"].get("isHnsEnabled")),
            "privateLinkCount": 0,
            "privateEndpointConnections": [],
        }
