"""The workspace's storage account: models, code, job input that is uploaded, and predictions.

Owns the account and its blob service. Does not own containers: the machine learning service creates its own (one for
blobs, one for files) with the workspace. Shared keys are off, so every access is a role assignment.
"""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_azure_native import storage

from components import names
from components.workspace_parts import redundancy
from components.workspace_parts.network import OPEN, NetworkArgs


class WorkspaceStorageArgs(TypedDict):
    """Arguments of `WorkspaceStorage`."""

    resource_group_name: pulumi.Input[str]
    """Resource group of the account."""

    location: str
    """Azure region, in its short form (westeurope)."""

    sku: NotRequired[str]
    """Replication: `Standard_LRS`, `Standard_ZRS`, ... Default: Standard_LRS."""

    soft_delete_days: NotRequired[int]
    """Days for which deleted blobs and containers can be restored. Default: 7."""

    network: NotRequired[NetworkArgs]
    """Access to the account. Default: everybody with a role."""

    protect: NotRequired[bool]
    """Whether Pulumi refuses to delete the account. Default: false."""

    tags: NotRequired[Mapping[str, str]]
    """Azure tags. Default: none."""


class WorkspaceStorage(pulumi.ComponentResource):
    """A keyless storage account.

    Type token: `azureml-batch:index:WorkspaceStorage`

    Creates: StorageAccount, BlobServiceProperties (soft delete of blobs and containers).
    """

    account_id: pulumi.Output[str]
    """ARM id of the account."""

    account_name: pulumi.Output[str]
    """Name of the account."""

    def __init__(self, name: str, args: WorkspaceStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:WorkspaceStorage", name, {}, opts)
        network = args.get("network", OPEN)
        account = storage.StorageAccount(
            names.logical(names.STORAGE_ACCOUNT, name, "storage"),
            resource_group_name=args["resource_group_name"],
            location=args["location"],
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=args.get("sku", storage.SkuName.STANDARD_LRS)),
            access_tier=storage.AccessTier.HOT,
            # Identities only: keys are unscoped and anonymous.
            allow_shared_key_access=False,
            default_to_o_auth_authentication=True,
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            is_local_user_enabled=False,
            is_hns_enabled=False,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            enable_https_traffic_only=True,
            # Selected networks count as public access: Disabled would also shut out the allowed addresses.
            public_network_access=storage.PublicNetworkAccess.ENABLED,
            network_rule_set=storage.NetworkRuleSetArgs(
                default_action=storage.DefaultAction.DENY if network["restricted"] else storage.DefaultAction.ALLOW,
                bypass=storage.Bypass.AZURE_SERVICES,
                ip_rules=[
                    storage.IPRuleArgs(action=storage.Action.ALLOW, i_p_address_or_range=each)
                    for each in network["allowed_ips"]
                ],
            ),
            # Can only be set at creation, so it is always on.
            encryption=storage.EncryptionArgs(
                key_source=storage.KeySource.MICROSOFT_STORAGE, require_infrastructure_encryption=True
            ),
            tags=args.get("tags", {}),
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.get("protect", False), hooks=redundancy.in_place(name)
            ),
        )
        retention = storage.DeleteRetentionPolicyArgs(enabled=True, days=args.get("soft_delete_days", 7))
        storage.BlobServiceProperties(
            f"{name}-blobs",
            account_name=account.name,
            resource_group_name=args["resource_group_name"],
            blob_services_name="default",
            delete_retention_policy=retention,
            container_delete_retention_policy=retention,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.account_id = account.id
        self.account_name = account.name
        self.register_outputs({"account_id": self.account_id, "account_name": self.account_name})
