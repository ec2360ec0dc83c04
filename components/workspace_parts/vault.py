"""The workspace's key vault, and its audit log.

The service keeps connection secrets of the workspace here. With keyless datastores there are hardly any, but a
workspace cannot be created without a vault.
"""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_azure_native import keyvault

from components import names
from components.workspace_parts.network import OPEN, NetworkArgs
from components.workspace_parts.telemetry import send_logs

_RETENTION_DAYS = 90
"""Days for which a deleted vault can be restored. Its name stays taken that long, hence the random suffix."""


class WorkspaceVaultArgs(TypedDict):
    """Arguments of `WorkspaceVault`."""

    resource_group_name: pulumi.Input[str]
    """Resource group of the vault."""

    location: str
    """Azure region, in its short form (westeurope)."""

    tenant_id: str
    """Entra tenant whose principals may get roles on the vault."""

    logs_id: pulumi.Input[str]
    """ARM id of the Log Analytics workspace for the audit log."""

    network: NotRequired[NetworkArgs]
    """Access to the vault. Default: everybody with a role."""

    protect: NotRequired[bool]
    """Whether Pulumi refuses to delete the vault. Default: false."""

    tags: NotRequired[Mapping[str, str]]
    """Azure tags. Default: none."""


class WorkspaceVault(pulumi.ComponentResource):
    """A key vault with roles instead of access policies, soft delete, purge protection and an audit log.

    Type token: `azureml-batch:index:WorkspaceVault`

    Creates: Vault, DiagnosticSetting. Purge protection cannot be turned off again: a destroyed vault is only purged
        after its 90 days.
    """

    vault_id: pulumi.Output[str]
    """ARM id of the vault."""

    def __init__(self, name: str, args: WorkspaceVaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:WorkspaceVault", name, {}, opts)
        network = args.get("network", OPEN)
        vault = keyvault.Vault(
            names.logical(names.KEY_VAULT, name, "vault"),
            resource_group_name=args["resource_group_name"],
            location=args["location"],
            properties=keyvault.VaultPropertiesArgs(
                tenant_id=args["tenant_id"],
                sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
                enable_rbac_authorization=True,
                enable_soft_delete=True,
                soft_delete_retention_in_days=_RETENTION_DAYS,
                enable_purge_protection=True,
                public_network_access="enabled",
                network_acls=keyvault.NetworkRuleSetArgs(
                    default_action=(
                        keyvault.NetworkRuleAction.DENY if network["restricted"] else keyvault.NetworkRuleAction.ALLOW
                    ),
                    bypass=keyvault.NetworkRuleBypassOptions.AZURE_SERVICES,
                    ip_rules=[keyvault.IPRuleArgs(value=_as_range(each)) for each in network["allowed_ips"]],
                ),
            ),
            tags=args.get("tags", {}),
            opts=pulumi.ResourceOptions(parent=self, protect=args.get("protect", False)),
        )
        send_logs(
            f"{name}-vault-logs",
            resource_id=vault.id,
            logs_id=args["logs_id"],
            category_group="audit",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.vault_id = vault.id
        self.register_outputs({"vault_id": self.vault_id})


def _as_range(address: str) -> str:
    """Write an address as the vault returns it, as a range of one, so that a refresh shows no change."""
    return address if "/" in address else f"{address}/32"
