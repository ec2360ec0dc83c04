"""Storage accounts, whose creation is a long-running operation, and their keys."""

import base64
import re
import secrets
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from sandbox.azure.arm.bodies import fill
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.routes import ANYBODY
from sandbox.azure.arm.schema import Schema, validate
from sandbox.azure.arm.schemas import arm_schemas
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.arm.types import STORAGE_ACCOUNT
from sandbox.azure.blobs.front import storage_account
from sandbox.azure.blobs.names import ACCOUNT_NAME
from sandbox.azure.firewalls import check_storage_rules
from sandbox.azure.services.declared import Declared, kept
from sandbox.azure.services.resources import GROUP
from sandbox.azure.world import World

_SUBSCRIPTION = "/subscriptions/{subscription}/providers/Microsoft.Storage"
PATH = f"{GROUP}/providers/{STORAGE_ACCOUNT}/{{account}}"

_TAKEN = ("StorageAccountAlreadyTaken", "The storage account named {name} is already taken.")
_NAME_ASKED: Schema = {
    "type": "object",
    "members": {"name": {"type": "string"}, "type": {"type": "string", "enum": [STORAGE_ACCOUNT]}},
    "required": ["name", "type"],
}
# The service's defaults: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/create
_DEFAULTS: dict[str, Any] = {
    "allowBlobPublicAccess": False,
    "allowCrossTenantReplication": False,
    "minimumTlsVersion": "TLS1_2",
    "supportsHttpsTrafficOnly": True,
    "accessTier": "Hot",
    "networkAcls": {
        "bypass": "AzureServices",
        "defaultAction": "Allow",
        "ipRules": [],
        "virtualNetworkRules": [],
        "resourceAccessRules": [],
    },
}


def register(world: World) -> None:
    """Serve storage accounts, and the progress of their creation."""
    Accounts(world).register()


class Accounts(Declared):
    """Storage accounts; their names are unique in Azure, so that files of another tenant's account take its name."""

    type = STORAGE_ACCOUNT
    template = PATH
    name_rule = ACCOUNT_NAME
    taken = _TAKEN

    def register(self) -> None:
        """Add the routes, also those of the keys and of the operation that creates an account."""
        super().register()
        world = self._world
        world.operations.register("create storage account", lambda _: None, self._creation_failed)
        world.router.add("PATCH", PATH, self.patch)
        world.router.add("POST", PATH + "/listKeys", self.list_keys, query=("$expand",))
        world.router.add("GET", f"{_SUBSCRIPTION}/storageAccounts", self.list_all)
        world.router.add("POST", f"{_SUBSCRIPTION}/checkNameAvailability", self.check_name)
        operations = "/subscriptions/{subscription}/providers/Microsoft.Storage/locations/{location}/asyncoperations"
        world.router.add("GET", operations + "/{operation}", world.operations.result, need=ANYBODY)

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        """Refuse what the service refuses, and add its defaults."""
        del request
        if not body.get("sku") or not body.get("kind"):
            raise ArmError(400, "InvalidRequestContent", "A storage account needs 'sku' and 'kind'.")
        properties = body["properties"]
        if old is not None and bool(properties.get("isHnsEnabled")) != bool(old.body["properties"].get("isHnsEnabled")):
            raise ArmError(
                409,
                "AccountPropertyCannotBeUpdated",
                "The property 'isHnsEnabled' was specified in the input, but it cannot be updated.",
            )
        _refuse_conversion(old, body["sku"]["name"])
        fill(properties, _DEFAULTS)
        check_storage_rules(properties["networkAcls"])
        name = body["name"]
        body["sku"]["tier"] = body["sku"]["name"].split("_")[0]
        properties |= {
            "provisioningState": "Succeeded",
            "creationTime": kept(old, "properties", "creationTime", make=now_iso),
            "primaryLocation": body["location"],
            "statusOfPrimary": "available",
            "primaryEndpoints": {
                service: f"https://{name}.{service}.core.windows.net/"
                for service in ("blob", "dfs", "file", "queue", "table")
            },
            "privateEndpointConnections": [],
        }

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Start to create an account (202), or update one at once (200)."""
        answer = await super().put(request)
        if answer.status == HTTPStatus.OK:
            return answer
        headers = self._world.operations.start(
            request,
            answer.body["id"],
            "create storage account",
            location=answer.body["location"],
            headers=("Location",),
            namespace="Microsoft.Storage",
            collection="asyncoperations",
        )
        return ArmResponse(202, None, headers)

    async def patch(self, request: ArmRequest) -> ArmResponse:
        """Change the members of an account that the request has; in ``properties``, each one is replaced whole."""
        old, members = self.existing(request).body, arm_schemas()[self.type]["members"]
        changeable = {name: each for name, each in members.items() if name != "location"}
        given = validate({"type": "object", "members": changeable}, request.body or {})
        unchanged = {name: old[name] for name in ("location", "kind", "tags", "identity") if name in old}
        known = members["properties"]["members"]
        properties = {name: value for name, value in old["properties"].items() if name in known}
        properties |= given.get("properties") or {}
        body = {**unchanged, "sku": {"name": old["sku"]["name"]}, **given, "properties": properties}
        return await super().put(replace(request, body=body))

    async def list_all(self, request: ArmRequest) -> ArmResponse:
        """Return the accounts of the subscription."""
        del request
        return ArmResponse(200, {"value": [each.body for each in self._world.store.of_type(self.type)]})

    async def check_name(self, request: ArmRequest) -> ArmResponse:
        """Answer whether a name is free: https://learn.microsoft.com/rest/api/storagerp/storage-accounts."""
        name, (pattern, allowed) = validate(_NAME_ASKED, request.body or {})["name"], ACCOUNT_NAME
        if not re.fullmatch(pattern, name):
            reason, message = "AccountNameInvalid", f"{name} is not a valid storage account name: {allowed}."
        elif storage_account(self._world.store, name) is not None or self._world.blobs.containers(name):
            reason, message = "AlreadyExists", _TAKEN[1].format(name=name)
        else:
            return ArmResponse(200, {"nameAvailable": True})
        return ArmResponse(200, {"nameAvailable": False, "reason": reason, "message": message})

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete an account and its blobs."""
        # The blobs first: without an account they would be another tenant's.
        if self._world.store.get(self.resource_id(request)) is not None:
            self._world.blobs.delete_account(request.params["account"])
        return await super().delete(request)

    async def list_keys(self, request: ArmRequest) -> ArmResponse:
        """Return an account's two keys, created on first use."""
        account = self.existing(request)
        keys = account.private.setdefault(
            "keys", [base64.b64encode(secrets.token_bytes(64)).decode() for _ in range(2)]
        )
        self._world.store.put(account.id, account.type, account.body, account.private)
        shown = [{"keyName": f"key{n}", "value": key, "permissions": "FULL"} for n, key in enumerate(keys, 1)]
        return ArmResponse(200, {"keys": shown})

    def _check_name(self, resource_id: str, name: str) -> None:
        super()._check_name(resource_id, name)
        if self._world.blobs.containers(name):
            code, message = _TAKEN
            raise ArmError(409, code, message.format(name=name))

    def _creation_failed(self, account_id: str, error: dict[str, str]) -> None:
        account = self._world.store.get(account_id)
        if account is not None:
            account.body["properties"]["provisioningState"] = f"Failed: {error['code']}"
            self._world.store.put(account.id, account.type, account.body)


def _refuse_conversion(old: Resource | None, sku: str) -> None:
    """Refuse to add or remove copies in several zones, which takes a conversion."""
    before = old.body["sku"]["name"] if old is not None else sku
    if before.endswith("ZRS") != sku.endswith("ZRS"):
        raise ArmError(
            409,
            "StorageAccountTypeConversionNotAllowed",
            f"The storage account type cannot be changed from {before} to {sku} by an update.",
        )
