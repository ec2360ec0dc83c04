"""Microsoft.Storage: accounts, their blob service and containers. The blobs themselves are sandbox/blobs."""

import base64
import secrets
from typing import Any

from sandbox.arm.errors import ArmError, resource_not_found
from sandbox.arm.requests import ArmRequest, ArmResponse
from sandbox.arm.routes import ANYBODY
from sandbox.arm.store import Resource, now_iso
from sandbox.arm.types import BLOB_CONTAINER, STORAGE_ACCOUNT
from sandbox.arm.world import World
from sandbox.network import check_storage_rules
from sandbox.services.declared import Declared, arm_schemas, fill, kept
from sandbox.services.resources import GROUP

_TEMPLATE = GROUP + "/providers/Microsoft.Storage/storageAccounts/{account}"

# What the service fills in when a request is silent: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/create
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

_CONTAINER = {
    "leaseStatus": "Unlocked",
    "leaseState": "Available",
    "hasImmutabilityPolicy": False,
    "hasLegalHold": False,
}


def _fill_account(world: World, _: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
    if not body.get("sku") or not body.get("kind"):
        raise ArmError(400, "InvalidRequestContent", "A storage account needs 'sku' and 'kind'.")
    properties = body["properties"]
    if old is not None and bool(properties.get("isHnsEnabled")) != bool(old.body["properties"].get("isHnsEnabled")):
        raise ArmError(
            409,
            "AccountPropertyCannotBeUpdated",
            "The property 'isHnsEnabled' was specified in the input, but it cannot be updated.",
        )
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
    if old is None:
        world.blobs.delete_account(name)


def _fill_container(world: World, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
    account = _account(world, request)
    properties = body["properties"]
    fill(properties, {"publicAccess": "None"})
    if properties["publicAccess"] != "None" and not account.body["properties"]["allowBlobPublicAccess"]:
        raise ArmError(409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.")
    properties |= _CONTAINER | {"lastModifiedTime": kept(old, "properties", "lastModifiedTime", make=now_iso)}
    world.blobs.create_container(account.name, body["name"])


def _account(world: World, request: ArmRequest) -> Resource:
    account_id = _ACCOUNTS.resource_id(request)
    found = world.store.get(account_id)
    if found is None:
        raise resource_not_found(account_id)
    return found


def _containers(world: World, request: ArmRequest) -> list[dict[str, Any]]:
    """Return an account's containers: those that were made here, and those that came in through the data plane."""
    service = f"{_account(world, request).id}/blobServices/default"
    declared = [each.body for each in world.store.children(service, BLOB_CONTAINER)]
    names = {body["name"] for body in declared}
    others = [name for name in world.blobs.containers(request.params["account"]) if name not in names]
    shown = {"type": BLOB_CONTAINER, "properties": {"publicAccess": "None", **_CONTAINER}}
    return [*declared, *({"id": f"{service}/containers/{name}", "name": name, **shown} for name in others)]


_ACCOUNTS = Declared(
    type=STORAGE_ACCOUNT,
    template=_TEMPLATE,
    fill=_fill_account,
    name=(r"[a-z0-9]{3,24}", "3 to 24 lower-case letters and digits"),
    taken=("StorageAccountAlreadyTaken", "The storage account named {name} is already taken."),
)
_CONTAINERS = Declared(
    type=BLOB_CONTAINER,
    template=_TEMPLATE + "/blobServices/default/containers/{container}",
    fill=_fill_container,
    name=(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "3 to 63 lower-case letters, digits and single hyphens"),
    tracked=False,
)


def register(world: World) -> None:
    """Serve storage accounts (creation is a long-running operation), their keys, blob service and containers."""

    async def put_account(request: ArmRequest) -> ArmResponse:
        answer = _ACCOUNTS.put(world, request)
        if answer.status == 200:  # noqa: PLR2004 - an update answers at once
            return answer
        headers = world.operations.start(
            request,
            answer.body["id"],
            "create storage account",
            location=answer.body["location"],
            headers=("Location",),
            namespace="Microsoft.Storage",
            collection="asyncoperations",
        )
        return ArmResponse(202, None, headers)

    async def delete_account(request: ArmRequest) -> ArmResponse:
        answer = _ACCOUNTS.delete(world, request)
        if answer.status == 200:  # noqa: PLR2004
            world.blobs.delete_account(request.params["account"])
        return answer

    async def list_keys(request: ArmRequest) -> ArmResponse:
        account = _account(world, request)
        keys = account.private.setdefault(
            "keys", [base64.b64encode(secrets.token_bytes(64)).decode() for _ in range(2)]
        )
        world.store.put(account.id, account.type, account.body, account.private)
        shown = [{"keyName": f"key{n}", "value": key, "permissions": "FULL"} for n, key in enumerate(keys, 1)]
        return ArmResponse(200, {"keys": shown})

    async def result(request: ArmRequest) -> ArmResponse:
        return world.operations.result(request)

    def fail_account(account_id: str, error: dict[str, str]) -> None:
        account = world.store.get(account_id)
        if account is not None:
            account.body["properties"]["provisioningState"] = f"Failed: {error['code']}"
            world.store.put(account.id, account.type, account.body)

    world.operations.register("create storage account", lambda _: None, fail_account)
    # The first route that matches answers: what is special comes before what is plain.
    world.router.add("PUT", _TEMPLATE, put_account)
    world.router.add("DELETE", _TEMPLATE, delete_account)
    world.router.add("POST", _TEMPLATE + "/listKeys", list_keys)
    operations = (
        "/subscriptions/{subscription}/providers/Microsoft.Storage/locations/{location}/asyncoperations/{operation}"
    )
    world.router.add("GET", operations, result, need=ANYBODY)
    _register_blob_service(world)
    _register_containers(world)
    _ACCOUNTS.register(world)


def _register_blob_service(world: World) -> None:
    """``blobServices/default`` is there with its account: GET answers defaults, PUT replaces, DELETE does not exist."""
    type_ = STORAGE_ACCOUNT + "/blobServices"
    defaults = {
        "cors": {"corsRules": []},
        "deleteRetentionPolicy": {"enabled": False, "allowPermanentDelete": False},
        "containerDeleteRetentionPolicy": {"enabled": False},
    }

    def complete(world: World, request: ArmRequest, _: Resource | None, body: dict[str, Any]) -> None:
        account = _account(world, request)
        body["sku"] = account.body["sku"]
        fill(body["properties"], defaults)

    declared = Declared(type_, _TEMPLATE + "/blobServices/default", complete, tracked=False)

    async def put(request: ArmRequest) -> ArmResponse:
        return ArmResponse(200, declared.put(world, request).body)

    async def get(request: ArmRequest) -> ArmResponse:
        account = _account(world, request)
        service = world.store.get(account.id + "/blobServices/default")
        if service is not None:
            return ArmResponse(200, service.body)
        service_id = account.id + "/blobServices/default"
        body = {"id": service_id, "name": "default", "type": type_, "sku": account.body["sku"], "properties": defaults}
        return ArmResponse(200, body)

    assert type_ in arm_schemas()  # noqa: S101 - a typo here would only show at the first request
    world.router.add("PUT", declared.template, put)
    world.router.add("GET", declared.template, get)


def _register_containers(world: World) -> None:
    """Containers: PUT declares one; GET and list also answer those that came in through the data plane."""

    async def delete_container(request: ArmRequest) -> ArmResponse:
        answer = _CONTAINERS.delete(world, request)
        if answer.status == 200:  # noqa: PLR2004
            world.blobs.delete_container(request.params["account"], request.params["container"])
        return answer

    async def get_container(request: ArmRequest) -> ArmResponse:
        wanted = _CONTAINERS.resource_id(request)
        for body in _containers(world, request):
            if body["id"].lower() == wanted.lower():
                return ArmResponse(200, body)
        raise resource_not_found(wanted)

    async def list_containers(request: ArmRequest) -> ArmResponse:
        return ArmResponse(200, {"value": _containers(world, request)})

    world.router.add("DELETE", _CONTAINERS.template, delete_container)
    world.router.add("GET", _CONTAINERS.template, get_container)
    world.router.add("GET", _CONTAINERS.template.rsplit("/", 1)[0], list_containers)
    _CONTAINERS.register(world)
