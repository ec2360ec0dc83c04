"""Rules on storage accounts, their blob service and their containers."""

from collections.abc import Iterator, Sequence
from typing import Final

from pulumi_policy import Severity

from policy.conditions import all_of, made_from, must_be, must_be_at_least, must_be_protected, of_kind
from policy.rule import PRODUCTION, Finding, Option, ResourceRule, Rule, Seen, StackRule
from policy.sources import PROTECT, STORAGE, control, psrule

ACCOUNT: Final = "storage:StorageAccount"
BLOBS: Final = "storage:BlobServiceProperties"
CONTAINER: Final = "storage:BlobContainer"

_SEVEN_DAYS: Final = Option(7, "Fewest days for which deleted blobs and containers can be restored.")


def _soft_delete_declared(stack: Sequence[Seen], _options: object) -> Iterator[Finding]:
    """Find accounts that no blob service properties of the stack belong to: their soft delete is the service's."""
    settings = of_kind(stack, BLOBS)
    for account in of_kind(stack, ACCOUNT):
        if not made_from(settings, "accountName", account):
            yield Finding(account, "No BlobServiceProperties of this stack belong to it.")


RULES: Final[list[Rule]] = [
    ResourceRule(
        name="storage-account-shared-keys-off",
        description="A storage account refuses shared keys.",
        kinds=(ACCOUNT,),
        check=must_be("allowSharedKeyAccess", False),
        remedy="Set allow_shared_key_access=False in components/workspace_parts/storage.py; "
        "grant a role to identities that need blobs.",
        url=psrule("Azure.Storage.LocalAuth"),
        framework=control(4),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="storage-account-entra-default",
        description="Tools sign in to a storage account with Entra by default.",
        kinds=(ACCOUNT,),
        check=must_be("defaultToOAuthAuthentication", True),
        remedy="Set default_to_o_auth_authentication=True in components/workspace_parts/storage.py.",
        url=f"{STORAGE}blobs/authorize-data-operations-portal",
        framework=control(5),
        severity=Severity.LOW,
    ),
    ResourceRule(
        name="storage-account-anonymous-blobs-off",
        description="Reading blobs of a storage account needs a sign-in.",
        kinds=(ACCOUNT,),
        check=must_be("allowBlobPublicAccess", False),
        remedy="Set allow_blob_public_access=False in components/workspace_parts/storage.py.",
        url=psrule("Azure.Storage.BlobPublicAccess"),
        framework=control(6, "NS-2"),
        severity=Severity.CRITICAL,
    ),
    ResourceRule(
        name="storage-container-private",
        description="A blob container is private.",
        kinds=(CONTAINER,),
        check=must_be("publicAccess", "None", or_absent=True),  # the service's default is private
        remedy="Set public_access=PublicAccess.NONE on the container.",
        url=psrule("Azure.Storage.BlobAccessType"),
        framework=control(7),
        severity=Severity.CRITICAL,
    ),
    ResourceRule(
        name="storage-account-tls-1-2",
        description="A storage account only accepts TLS 1.2 or newer.",
        kinds=(ACCOUNT,),
        check=must_be("minimumTlsVersion", "TLS1_2", "TLS1_3"),
        remedy="Set minimum_tls_version=MinimumTlsVersion.TLS1_2 in components/workspace_parts/storage.py.",
        url=psrule("Azure.Storage.MinTLS"),
        framework=control(8, "DP-3"),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="storage-account-https-only",
        description="A storage account only accepts HTTPS.",
        kinds=(ACCOUNT,),
        check=must_be("enableHttpsTrafficOnly", True),
        remedy="Set enable_https_traffic_only=True in components/workspace_parts/storage.py.",
        url=psrule("Azure.Storage.SecureTransfer"),
        framework=control(9, "DP-3"),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="storage-account-public-network-off",
        description="A storage account has no public network access.",
        kinds=(ACCOUNT,),
        check=must_be("publicNetworkAccess", "Disabled"),
        remedy="This needs private endpoints, which will come with network 'isolated'. Until then, leave it off.",
        url=f"{STORAGE}common/storage-network-security",
        framework=control(10),
        level=PRODUCTION,
    ),
    ResourceRule(
        name="storage-account-firewall",
        description="A storage account only accepts the networks that it lists.",
        kinds=(ACCOUNT,),
        check=must_be("networkRuleSet.defaultAction", "Deny"),
        remedy="Set network to restricted in the stack file, and list the deployer's addresses in allowedIps.",
        url=psrule("Azure.Storage.Firewall"),
        framework=control(11),
        severity=Severity.HIGH,
        level=PRODUCTION,
    ),
    ResourceRule(
        name="storage-account-trusted-services",
        description="A storage account's firewall lets trusted Azure services pass, and nothing else.",
        kinds=(ACCOUNT,),
        check=must_be("networkRuleSet.bypass", "AzureServices"),
        remedy="Set bypass=Bypass.AZURE_SERVICES in workspace_parts/storage.py: Azure Machine Learning needs it.",
        url=f"{STORAGE}common/storage-network-security-trusted-azure-services",
        framework=control(12),
    ),
    ResourceRule(
        name="storage-account-cross-tenant-copies-off",
        description="Blobs are not replicated to other tenants.",
        kinds=(ACCOUNT,),
        check=must_be("allowCrossTenantReplication", False),
        remedy="Set allow_cross_tenant_replication=False in components/workspace_parts/storage.py.",
        url=f"{STORAGE}blobs/object-replication-prevent-cross-tenant-policies",
        framework=control(13),
    ),
    ResourceRule(
        name="storage-blobs-soft-delete",
        description="Deleted blobs and containers can be restored.",
        kinds=(BLOBS,),
        check=all_of(
            must_be("deleteRetentionPolicy.enabled", True),
            must_be_at_least("deleteRetentionPolicy.days", "days"),
            must_be("containerDeleteRetentionPolicy.enabled", True),
            must_be_at_least("containerDeleteRetentionPolicy.days", "days"),
        ),
        remedy="Set softDeleteDays to 7 in the stack file, or as many days as the message says.",
        url=psrule("Azure.Storage.ContainerSoftDelete"),
        framework=control(14),
        options={"days": _SEVEN_DAYS},
    ),
    StackRule(
        name="storage-account-soft-delete-declared",
        description="A storage account's soft delete is declared, not left to the service.",
        check=_soft_delete_declared,
        remedy="Declare BlobServiceProperties for the account, as components/workspace_parts/storage.py does.",
        url=psrule("Azure.Storage.SoftDelete"),
        framework=control(14),
    ),
    ResourceRule(
        name="storage-account-infrastructure-encryption",
        description="A storage account encrypts twice. This can only be set at creation.",
        kinds=(ACCOUNT,),
        check=must_be("encryption.requireInfrastructureEncryption", True),
        remedy="Set require_infrastructure_encryption=True (workspace_parts/storage.py): the account is replaced.",
        url=f"{STORAGE}common/infrastructure-encryption-enable",
        framework=control(15),
        level=PRODUCTION,
    ),
    ResourceRule(
        name="storage-account-geo-replication",
        description="A storage account keeps a copy in another region.",
        kinds=(ACCOUNT,),
        check=must_be("sku.name", "Standard_GRS", "Standard_RAGRS", "Standard_GZRS", "Standard_RAGZRS"),
        remedy="Set storageSku to Standard_GRS in the stack file.",
        url=psrule("Azure.Storage.UseReplication"),
        framework=control(16),
        level=PRODUCTION,
    ),
    ResourceRule(
        name="storage-account-local-users-off",
        description="A storage account has no local users (SFTP).",
        kinds=(ACCOUNT,),
        check=must_be("isLocalUserEnabled", False),
        remedy="Set is_local_user_enabled=False in components/workspace_parts/storage.py.",
        url=f"{STORAGE}blobs/secure-file-transfer-protocol-support",
        framework=control(17),
    ),
    ResourceRule(
        name="storage-account-protected",
        description="Pulumi refuses to delete the storage account.",
        kinds=(ACCOUNT,),
        check=must_be_protected,
        remedy="Set protect to true in the stack file.",
        url=PROTECT,
        framework=control(3),
        level=PRODUCTION,
    ),
]
