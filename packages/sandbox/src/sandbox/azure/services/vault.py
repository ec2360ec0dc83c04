"""Microsoft.KeyVault: vaults, with the soft delete that keeps their names taken."""

import uuid
from typing import Any

from sandbox.azure.arm.bodies import fill, stamp
from sandbox.azure.arm.errors import ArmError, bad_request
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.store import Resource
from sandbox.azure.arm.types import VAULT
from sandbox.azure.firewalls import as_ranges
from sandbox.azure.services.declared import Declared
from sandbox.azure.services.resources import GROUP
from sandbox.azure.world import World

_BASE = "/subscriptions/{subscription}/providers/Microsoft.KeyVault"


def register(world: World) -> None:
    """Serve vaults, list and purge soft-deleted ones, and serve their keys as far as ARM does."""
    _Vaults(world).register()
    _Keys(world).register()


class _Vaults(Declared):
    """Vaults."""

    type = VAULT
    template = f"{GROUP}/providers/{VAULT}/{{vault}}"
    name_rule = (
        r"(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]",
        "3 to 24 letters, digits and single hyphens, starting with a letter and not ending with a hyphen",
    )
    taken = ("VaultAlreadyExists", "The vault name '{name}' is already in use. Vault names are globally unique.")
    soft = True

    def register(self) -> None:
        """Add the routes, also those of the soft-deleted vaults."""
        super().register()
        self._world.router.add("GET", _BASE + "/deletedVaults", self.list_deleted)
        self._world.router.add("POST", _BASE + "/locations/{location}/deletedVaults/{vault}/purge", self.purge)

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        properties = body["properties"]
        if not properties.get("sku") or not properties.get("tenantId"):
            raise bad_request("A vault needs 'properties.sku' and 'properties.tenantId'.")
        if properties.get("enableSoftDelete") is False:
            # https://learn.microsoft.com/azure/key-vault/general/soft-delete-change
            raise bad_request("The property 'enableSoftDelete' can no longer be set to false.")
        was_protected = old is not None and old.body["properties"].get("enablePurgeProtection")
        if was_protected and not properties.get("enablePurgeProtection"):
            raise bad_request(
                'The property "enablePurgeProtection" cannot be set to false. Enabling it is irreversible.',
            )
        self._check_soft_deleted(body, recover=properties.pop("createMode", None) == "recover")
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
        fill(properties, defaults)
        as_ranges(properties.get("networkAcls") or {})
        properties |= {"vaultUri": f"https://{body['name']}.vault.azure.net/", "provisioningState": "Succeeded"}
        stamp(request, old, body)

    async def list_deleted(self, _: ArmRequest) -> ArmResponse:
        """Return the soft-deleted vaults."""
        deleted = [item for item in self._world.store.soft_deleted() if item.type == VAULT]
        return ArmResponse(200, {"value": [_shown(item) for item in deleted]})

    async def purge(self, request: ArmRequest) -> ArmResponse:
        """Purge a soft-deleted vault, unless it is protected."""
        name = request.params["vault"]
        hidden = self._soft_deleted(name)
        if hidden is None:
            raise ArmError(404, "DeletedVaultNotFound", f"The specified deleted vault '{name}' does not exist.")
        if hidden.body["properties"].get("enablePurgeProtection"):
            raise ArmError(
                400,
                "MethodNotAllowed",
                f"Operation \"purge\" is not allowed: vault '{hidden.name}' has purge protection.",
            )
        self._world.store.delete(hidden.id)
        return ArmResponse(200)

    def _check_soft_deleted(self, body: dict[str, Any], *, recover: bool) -> None:
        """Refuse the name of a soft-deleted vault, unless the request recovers that vault."""
        hidden = self._soft_deleted(body["name"])
        if hidden is None and recover:
            # Code as users report it: hashicorp/terraform-provider-azurerm#12972.
            raise ArmError(
                400, "SoftDeletedVaultDoesNotExist", f"There is no soft-deleted vault '{body['name']}' to recover."
            )
        if hidden is None or (recover and hidden.id.lower() == body["id"].lower()):
            return
        raise ArmError(
            409,
            "ConflictError",
            f"A vault with the name '{body['name']}' already exists in deleted state, as '{hidden.id}'. Recover it,"
            " purge it, or choose another name.",
        )

    def _soft_deleted(self, name: str) -> Resource | None:
        """Return the soft-deleted vault with this name, case-insensitively."""
        hidden = (item for item in self._world.store.soft_deleted() if item.type == VAULT)
        return next((item for item in hidden if item.name.lower() == name.lower()), None)


class _Keys(Declared):
    """Keys: a PUT makes the first version of a new key, and changes nothing of one that exists; there is no DELETE.

    Source: https://learn.microsoft.com/rest/api/keyvault/keyvault/keys/create-if-not-exist. Nothing here encrypts: the
    vault's own host is not emulated.
    """

    type = f"{VAULT}/keys"
    template = f"{_Vaults.template}/keys/{{key}}"
    name_rule = (r"[a-zA-Z0-9-]{1,127}", "1 to 127 letters, digits and hyphens")
    tracked = False

    def register(self) -> None:
        """Add the routes."""
        self._world.router.add("PUT", self.template, self.put)
        self._world.router.add("GET", self.template, self.get)
        self._world.router.add("GET", self.template.rpartition("/")[0], self.list)

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Answer the key, new or not: 200."""
        found = self._world.store.get(self.resource_id(request))
        return ArmResponse(200, found.body if found else (await super().put(request)).body)

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        del old
        vault = self.required(self.resource_id(request).rpartition("/keys/")[0])
        properties = body["properties"]
        if not properties.get("kty"):
            raise bad_request("A key needs 'properties.kty'.")
        uri = f"{vault.body['properties']['vaultUri']}keys/{body['name']}"
        fill(properties, {"keySize": 2048} if properties["kty"].startswith("RSA") else {"curveName": "P-256"})
        properties |= {"keyUri": uri, "keyUriWithVersion": f"{uri}/{uuid.uuid4().hex}"}
        body["location"] = vault.body["location"]


def _shown(vault: Resource) -> dict[str, Any]:
    location = vault.body["location"]
    provider = f"/subscriptions/{ArmId.parse(vault.id).subscription}/providers/Microsoft.KeyVault"
    return {
        "id": f"{provider}/locations/{location}/deletedVaults/{vault.name}",
        "name": vault.name,
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": {"vaultId": vault.id, "location": location},
    }
