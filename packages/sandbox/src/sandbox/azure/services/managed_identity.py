"""Microsoft.ManagedIdentity: user-assigned identities, which are principals of the sandbox's directory."""

from typing import Any

from sandbox.azure.arm.requests import ArmRequest
from sandbox.azure.arm.store import Resource
from sandbox.azure.services.declared import Declared, kept
from sandbox.azure.services.resources import GROUP
from sandbox.azure.world import World

IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"


def register(world: World) -> None:
    """Serve user-assigned identities."""
    _Identities(world).register()


class _Identities(Declared):
    """Each gets a random principal id and client id, which it keeps."""

    type = IDENTITY
    template = f"{GROUP}/providers/{IDENTITY}/{{identity}}"
    name_rule = (r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}", "3 to 128 letters, digits, hyphens and underscores")

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        del request
        body["properties"] = {
            "tenantId": self._world.tenant_id,
            "principalId": kept(old, "properties", "principalId"),
            "clientId": kept(old, "properties", "clientId"),
        }
