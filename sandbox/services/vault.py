"""Microsoft.KeyVault: vaults, with the soft delete that keeps their names taken."""

from typing import Any

from sandbox.arm.errors import ArmError
from sandbox.arm.requests import ArmRequest, ArmResponse
from sandbox.arm.store import Resource
from sandbox.arm.world import World
from sandbox.network import as_ranges
from sandbox.services.declared import Declared, stamp
from sandbox.services.resources import GROUP

VAULT = "Microsoft.KeyVault/vaults"


def _fill(world: World, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
    properties = body["properties"]
    if not properties.get("sku") or not properties.get("tenantId"):
        raise ArmError(400, "BadRequest", "A vault needs 'properties.sku' and 'properties.tenantId'.")
    if properties.get("enableSoftDelete") is False:
        # https://learn.microsoft.com/azure/key-vault/general/soft-delete-change
        raise ArmError(400, "BadRequest", "The property 'enableSoftDelete' can no longer be set to false.")
    was_protected = old is not None and old.body["properties"].get("enablePurgeProtection")
    if was_protected and not properties.get("enablePurgeProtection"):
        raise ArmError(
            400,
            "BadRequest",
            'The property "enablePurgeProtection" cannot be set to false. Enabling it is irreversible.',
        )
    create_mode = properties.pop("createMode", None)
    _check_soft_deleted(world, body, create_mode)
    if properties.get("enablePurgeProtection") is None:
        properties.pop("enablePurgeProtection", None)
    defaults = {
        "accessPolicies": [],
        "enabledForDeployment": False,
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": 90,
        "enableRbacAuthorization": False,
        "publicNetworkAccess": "Enabled",
    }
    for member, value in defaults.items():
        if properties.get(member) is None:
            properties[member] = value
    as_ranges(properties.get("networkAcls") or {})
    properties |= {"vaultUri": f"https://{body['name']}.vault.azure.net/", "provisioningState": "Succeeded"}
    stamp(request, old, body)


def _check_soft_deleted(world: World, body: dict[str, Any], create_mode: str | None) -> None:
    deleted = [item for item in world.store.soft_deleted() if item.type == VAULT and item.name == body["name"]]
    if not deleted or create_mode == "recover":
        return
    raise ArmError(
        409,
        "ConflictError",
        f"A vault with the name '{body['name']}' already exists in deleted state. Recover it, purge it, or choose"
        " another name.",
    )


_VAULTS = Declared(
    type=VAULT,
    template=GROUP + "/providers/Microsoft.KeyVault/vaults/{vault}",
    fill=_fill,
    name=(
        r"(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]",
        "3 to 24 letters, digits and single hyphens, a letter first, no hyphen last",
    ),
    taken=("VaultAlreadyExists", "The vault name '{name}' is already in use. Vault names are globally unique."),
    soft=True,
)


def register(world: World) -> None:
    """Serve vaults, and list and purge of the soft-deleted ones."""

    async def list_deleted(_: ArmRequest) -> ArmResponse:
        deleted = [item for item in world.store.soft_deleted() if item.type == VAULT]
        return ArmResponse(200, {"value": [_shown(item) for item in deleted]})

    async def purge(request: ArmRequest) -> ArmResponse:
        for item in world.store.soft_deleted():
            if item.type != VAULT or item.name.lower() != request.params["vault"].lower():
                continue
            if item.body["properties"].get("enablePurgeProtection"):
                raise ArmError(
                    400,
                    "MethodNotAllowed",
                    f"Operation \"purge\" is not allowed: vault '{item.name}' has purge protection.",
                )
            world.store.delete(item.id)
            return ArmResponse(200)
        raise ArmError(
            404, "DeletedVaultNotFound", f"The specified deleted vault '{request.params['vault']}' does not exist."
        )

    _VAULTS.register(world)
    base = "/subscriptions/{subscription}/providers/Microsoft.KeyVault"
    world.router.add("GET", base + "/deletedVaults", list_deleted)
    world.router.add("POST", base + "/locations/{location}/deletedVaults/{vault}/purge", purge)


def _shown(vault: Resource) -> dict[str, Any]:
    location = vault.body["location"]
    provider = f"/subscriptions/{vault.id.split('/')[2]}/providers/Microsoft.KeyVault"
    return {
        "id": f"{provider}/locations/{location}/deletedVaults/{vault.name}",
        "name": vault.name,
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": {"vaultId": vault.id, "location": location},
    }
