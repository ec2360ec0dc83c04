"""The roles that a primary user-assigned identity needs before the service creates a workspace with it.

The table is the documented one
(https://learn.microsoft.com/azure/machine-learning/how-to-identity-based-service-authentication). Contributor on the
workspace itself is required when a job starts (azure/jobs/access.py): before, the workspace does not exist.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.identities import principal_of
from sandbox.azure.arm.store import Resource
from sandbox.azure.arm.types import INSIGHTS, REGISTRY, STORAGE_ACCOUNT, VAULT
from sandbox.azure.firewalls import trusts_services
from sandbox.azure.world import World

_Applies = Callable[[dict[str, Any], dict[str, Any]], bool]
"""(properties of the workspace, properties of the dependency): whether a role is needed at all."""


def _always(_: dict[str, Any], __: dict[str, Any]) -> bool:
    return True


def _without_keys(workspace: dict[str, Any], _: dict[str, Any]) -> bool:
    return str(workspace.get("systemDatastoresAuthMode") or "AccessKey").lower() != "accesskey"


def _with_roles(_: dict[str, Any], vault: dict[str, Any]) -> bool:
    return bool(vault.get("enableRbacAuthorization"))


def _entra_only(_: dict[str, Any], insights: dict[str, Any]) -> bool:
    return bool(insights.get("DisableLocalAuth"))


@dataclass(frozen=True, slots=True)
class _Needed:
    """``role`` on the dependency ``member``; ``action`` (of the data plane with ``data``) represents it."""

    member: str
    role: str
    action: str
    data: bool = False
    applies: _Applies = _always


_NEEDED = (
    _Needed("storageAccount", "Contributor", f"{STORAGE_ACCOUNT}/write"),
    _Needed(
        "storageAccount",
        "Storage Blob Data Contributor",
        f"{STORAGE_ACCOUNT}/blobServices/containers/blobs/write",
        data=True,
        applies=_without_keys,
    ),
    _Needed(
        "storageAccount",
        "Storage File Data Privileged Contributor",
        f"{STORAGE_ACCOUNT}/fileServices/writeFileBackupSemantics/action",
        data=True,
        applies=_without_keys,
    ),
    _Needed("keyVault", "Contributor", f"{VAULT}/write"),
    _Needed("keyVault", "Key Vault Administrator", f"{VAULT}/secrets/setSecret/action", data=True, applies=_with_roles),
    _Needed("containerRegistry", "Contributor", f"{REGISTRY}/write"),
    _Needed("applicationInsights", "Contributor", f"{INSIGHTS}/write"),
    # From Application Insights, not from the table:
    # https://learn.microsoft.com/azure/azure-monitor/app/azure-ad-authentication
    _Needed(
        "applicationInsights",
        "Monitoring Metrics Publisher",
        "Microsoft.Insights/Telemetry/Write",
        data=True,
        applies=_entra_only,
    ),
)


def check_identity_roles(world: World, body: dict[str, Any]) -> None:
    """Check a workspace's primary identity, if any (the service grants a system-assigned one its roles).

    Raises:
        ArmError: 400 with every missing role of the primary identity. UNCONFIRMED, ``workspace_identity_needs_roles``:
            the roles are documented as required, but not when a missing one causes an error. Code and text are ours.
    """
    properties = body["properties"]
    primary = properties.get("primaryUserAssignedIdentity")
    if not primary or not world.switches.workspace_identity_needs_roles:
        return
    object_id, missing = principal_of(body), []
    for needed in _NEEDED:
        dependency = world.store.get(properties.get(needed.member) or "")
        if dependency is None or not needed.applies(properties, dependency.body["properties"]):
            continue
        if not world.authorization.allowed(object_id, needed.action, dependency.id, data=needed.data):
            missing.append(f"'{needed.role}' on '{dependency.id}'")
    if missing:
        raise ArmError(
            400,
            "WorkspaceIdentityLacksRoles",
            f"The primary user-assigned identity '{primary}' ({object_id}) of the workspace '{body['name']}' is "
            f"missing {', '.join(missing)}. Grant this first, then send the request again: see "
            "https://learn.microsoft.com/azure/machine-learning/how-to-identity-based-service-authentication.",
        )


def check_vault_lets_in(world: World, vault: Resource) -> None:
    """Check that a vault's firewall lets in the machine learning service.

    Raises:
        ArmError: 400. UNCONFIRMED, ``vault_must_trust_services``: documented as a step, without saying what fails
            (https://learn.microsoft.com/azure/machine-learning/how-to-secure-workspace-vnet). Code and text are ours.
    """
    if world.switches.vault_must_trust_services and not trusts_services(vault):
        raise ArmError(
            400,
            "KeyVaultNotReachable",
            f"The firewall of the key vault '{vault.name}' keeps out Azure's trusted services, of which machine"
            " learning is one: set 'properties.networkAcls.bypass' of the vault to AzureServices.",
        )
