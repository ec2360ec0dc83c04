"""Datastores: named blob containers of a workspace, and the secrets that open them."""

import re
from typing import Any

from sandbox.azure.arm.bodies import fill, stamp
from sandbox.azure.arm.errors import bad_request, not_modelled
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.queries import take
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.schema import validate
from sandbox.azure.arm.schemas import machine_learning_schemas
from sandbox.azure.arm.store import Resource
from sandbox.azure.arm.types import STORAGE_ACCOUNT
from sandbox.azure.blobs.names import ACCOUNT_NAME, CONTAINER_NAME
from sandbox.azure.machine_learning.bodies import checked, refuse_other_cases
from sandbox.azure.machine_learning.scope import DATASTORES, WORKSPACE_PATH, existing, reached, workspace_of
from sandbox.azure.machine_learning.stock import workspaces as stock
from sandbox.azure.world import World

_PATH = WORKSPACE_PATH + "/datastores/{datastore}"
_OTHER_TYPES = ("AzureDataLakeGen1", "Hdfs", "OneLake")
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}")
_SAS_PERMISSIONS = "racwdl"
_LIST_QUERY = ("isDefault", "count", "orderByAsc", "orderBy", "names", "searchText")


def register(world: World) -> None:
    """Serve datastores."""
    _Datastores(world).register()


class _Datastores:
    """The handlers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def register(self) -> None:
        """Add the routes."""
        self._world.router.add("GET", WORKSPACE_PATH + "/datastores", self.list, query=_LIST_QUERY)
        self._world.router.add("GET", _PATH, self.get)
        self._world.router.add("PUT", _PATH, self.put, query=("skipValidation",))
        self._world.router.add("DELETE", _PATH, self.delete)
        self._world.router.add("POST", _PATH + "/listSecrets", self.list_secrets)

    async def list(self, request: ArmRequest) -> ArmResponse:
        """Answer a workspace's datastores, with ``isDefault=true`` only the default one."""
        found = [each.body for each in self._world.store.children(workspace_of(self._world, request).id, DATASTORES)]
        for parameter in ("names", "searchText", "orderBy"):
            if request.query.get(parameter):
                raise not_modelled(f"the query parameter '{parameter}' of a datastore list")
        if "isDefault" in request.query:
            wanted = request.query["isDefault"].lower() == "true"
            found = [body for body in found if body["properties"]["isDefault"] == wanted]
        if request.query.get("orderByAsc", "true").lower() == "false":
            found.reverse()
        return ArmResponse(200, {"value": take(request, found, "count")})

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a datastore; its credentials without the secret."""
        return ArmResponse(200, self._existing(request).body)

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Create (201) or replace (200) a datastore."""
        workspace = workspace_of(self._world, request)
        name = request.params["datastore"]
        if not _NAME.fullmatch(name):
            raise bad_request(f"'{name}' is not a valid datastore name: {_NAME.pattern}", "ValidationError")
        old = reached(self._world, f"{workspace.id}/datastores/{name}")
        refuse_other_cases(request.body, "properties", "datastoreType", _OTHER_TYPES, "a datastore")
        body = checked("datastore", request.body)
        properties = body["properties"]
        secrets = properties["credentials"].pop("secrets", None)
        if secrets is not None:
            properties["credentials"]["secrets"] = {"secretsType": secrets["secretsType"]}
        self._check(properties, old, skip=request.query.get("skipValidation", "").lower() == "true")
        resource_id = old.id if old else f"{workspace.id}/datastores/{name}"
        body |= ArmId.parse(resource_id).named(DATASTORES)
        fill(properties, {"tags": {}, "properties": {}, "endpoint": "core.windows.net", "protocol": "https"})
        fill(properties, {"serviceDataAccessAuthIdentity": "None"})
        properties["isDefault"] = old.body["properties"]["isDefault"] if old else False
        stamp(request, old, body)
        self._world.store.put(resource_id, DATASTORES, body, {"secrets": secrets} if secrets else None)
        if old is None:
            stock.fill(self._world, workspace, name)
        return ArmResponse(200 if old else 201, body)

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete a datastore (200; 204 if it does not exist); the default one cannot be deleted."""
        resource_id = f"{workspace_of(self._world, request).id}/datastores/{request.params['datastore']}"
        found = self._world.store.get(resource_id)
        if found is None:
            return ArmResponse(204)
        if found.body["properties"]["isDefault"]:
            raise bad_request(f"The default datastore '{found.name}' cannot be deleted.", "UserError")
        self._world.store.delete(resource_id)
        return ArmResponse(200)

    async def list_secrets(self, request: ArmRequest) -> ArmResponse:
        """Return the secret of a datastore's container: a SAS, or the stored credentials."""
        validate(machine_learning_schemas()["datastore secrets"], request.body or {})
        found = self._existing(request)
        stored = found.private.get("secrets")
        if stored:
            return ArmResponse(200, stored)
        properties = found.body["properties"]
        if properties["credentials"]["credentialsType"] == "None":
            raise bad_request(f"The datastore '{found.name}' has no secrets: it is used with the caller's identity.")
        if properties["datastoreType"] != "AzureBlob":
            raise not_modelled(f"secrets of a datastore of type {properties['datastoreType']}")
        sas = self._world.blobs.sas(properties["accountName"], properties["containerName"], _SAS_PERMISSIONS)
        return ArmResponse(200, {"secretsType": "Sas", "sasToken": sas})

    def _existing(self, request: ArmRequest) -> Resource:
        workspace = workspace_of(self._world, request)
        return existing(self._world, f"{workspace.id}/datastores/{request.params['datastore']}")

    def _check(self, properties: dict[str, Any], old: Resource | None, *, skip: bool) -> None:
        before = old.body["properties"] if old else properties
        # Create-only in the REST specification.
        for member in ("datastoreType", "accountName", "containerName", "endpoint", "protocol"):
            if properties.get(member) not in (None, before.get(member)):
                raise bad_request(
                    f"'properties.{member}' of a datastore cannot be changed: it is '{before.get(member)}'.",
                    "UserError",
                )
        if properties["datastoreType"] != "AzureBlob":
            return
        for member, (pattern, allowed) in (("accountName", ACCOUNT_NAME), ("containerName", CONTAINER_NAME)):
            if not properties.get(member):
                properties[member] = before.get(member)
            if not properties.get(member):
                raise bad_request(f"required member 'properties.{member}' is missing", "ValidationError")
            if not re.fullmatch(pattern, properties[member], re.IGNORECASE):
                text = f"'properties.{member}' is '{properties[member]}'; allowed: {allowed}."
                raise bad_request(text, "ValidationError")
        accounts = self._world.store.below("", STORAGE_ACCOUNT)
        if not skip and properties["accountName"].lower() not in {each.name.lower() for each in accounts}:
            raise bad_request(f"The storage account '{properties['accountName']}' does not exist.", "UserError")
