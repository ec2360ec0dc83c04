"""Microsoft.ContainerRegistry: registries. Images are not emulated; jobs run in the sandbox's own environment."""

from typing import Any

from sandbox.azure.arm.bodies import fill, stamp
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.requests import ArmRequest
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.arm.types import REGISTRY
from sandbox.azure.firewalls import check_registry_rules
from sandbox.azure.services.declared import Declared, kept
from sandbox.azure.services.resources import GROUP
from sandbox.azure.world import World

_PREMIUM_ONLY = ("networkRuleSet", "dataEndpointEnabled", "encryption")


def register(world: World) -> None:
    """Serve registries."""
    _Registries(world).register()


class _Registries(Declared):
    """Registries; features of the Premium sku are refused without it."""

    type = REGISTRY
    template = f"{GROUP}/providers/{REGISTRY}/{{registry}}"
    name_rule = (r"[a-zA-Z0-9]{5,50}", "5 to 50 letters and digits")
    taken = ("AlreadyInUse", "The registry DNS name {name}.azurecr.io is already in use.")

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        sku = (body.get("sku") or {}).get("name")
        if sku not in ("Basic", "Standard", "Premium"):
            raise ArmError(
                400, "InvalidRequestContent", f"The registry's sku is {sku!r}; allowed: Basic, Standard, Premium."
            )
        properties = body["properties"]
        for member in _PREMIUM_ONLY:
            if sku != "Premium" and properties.get(member):
                # https://learn.microsoft.com/azure/container-registry/container-registry-skus
                raise ArmError(400, "InvalidSku", f"'{member}' needs the Premium sku; this registry is {sku}.")
        check_registry_rules(properties.get("networkRuleSet") or {})
        body["sku"]["tier"] = sku
        defaults = {
            "adminUserEnabled": False,
            "anonymousPullEnabled": False,
            "publicNetworkAccess": "Enabled",
            "networkRuleBypassOptions": "AzureServices",
            "zoneRedundancy": "Disabled",
            "dataEndpointEnabled": False,
        }
        fill(properties, defaults)
        properties |= {
            "loginServer": f"{body['name'].lower()}.azurecr.io",
            "creationDate": kept(old, "properties", "creationDate", make=now_iso),
            "provisioningState": "Succeeded",
        }
        stamp(request, old, body)
