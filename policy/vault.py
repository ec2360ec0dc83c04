"""Rules on key vaults."""

from typing import Final

from pulumi_policy import Severity

from policy.conditions import all_of, must_be, must_be_at_least, must_be_protected
from policy.rule import PRODUCTION, Option, ResourceRule, Rule
from policy.sources import LEARN, PROTECT, control, psrule

VAULT: Final = "keyvault:Vault"

RULES: Final[list[Rule]] = [
    ResourceRule(
        name="keyvault-vault-roles",
        description="A key vault uses roles, not access policies.",
        kinds=(VAULT,),
        check=must_be("properties.enableRbacAuthorization", True),
        remedy="Set enable_rbac_authorization=True in components/workspace_parts/vault.py.",
        url=psrule("Azure.KeyVault.RBAC"),
        framework=control(18),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="keyvault-vault-soft-delete",
        description="A deleted key vault can be restored.",
        kinds=(VAULT,),
        check=all_of(
            must_be("properties.enableSoftDelete", True),
            must_be_at_least("properties.softDeleteRetentionInDays", "days"),
        ),
        remedy="Set enable_soft_delete=True and soft_delete_retention_in_days in components/workspace_parts/vault.py.",
        url=psrule("Azure.KeyVault.SoftDelete"),
        framework=control(19),
        severity=Severity.HIGH,
        options={"days": Option(90, "Fewest days for which a deleted vault can be restored.")},
    ),
    ResourceRule(
        name="keyvault-vault-purge-protection",
        description="A key vault cannot be purged before its retention time is over.",
        kinds=(VAULT,),
        check=must_be("properties.enablePurgeProtection", True),
        remedy="Set enable_purge_protection=True in components/workspace_parts/vault.py. It cannot "
        "be turned off again.",
        url=psrule("Azure.KeyVault.PurgeProtect"),
        framework=control(20),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="keyvault-vault-firewall",
        description="A key vault only accepts the networks that it lists.",
        kinds=(VAULT,),
        check=must_be("properties.networkAcls.defaultAction", "Deny"),
        remedy="Set network to restricted in the stack file, and list the deployer's addresses in allowedIps.",
        url=psrule("Azure.KeyVault.Firewall"),
        framework=control(21),
        severity=Severity.HIGH,
        level=PRODUCTION,
    ),
    ResourceRule(
        name="keyvault-vault-trusted-services",
        description="A key vault's firewall lets trusted Azure services pass.",
        kinds=(VAULT,),
        check=must_be("properties.networkAcls.bypass", "AzureServices"),
        remedy="Set bypass=NetworkRuleBypassOptions.AZURE_SERVICES in components/workspace_parts/vault.py.",
        url=f"{LEARN}key-vault/general/network-security",
        framework=control(21),
    ),
    ResourceRule(
        name="keyvault-vault-public-network-off",
        description="A key vault has no public network access.",
        kinds=(VAULT,),
        check=must_be("properties.publicNetworkAccess", "Disabled"),
        remedy="This needs private endpoints, which will come with network 'isolated'. Until then, leave it off.",
        url=f"{LEARN}key-vault/general/network-security",
        framework=control(22),
        level=PRODUCTION,
    ),
    ResourceRule(
        name="keyvault-vault-protected",
        description="Pulumi refuses to delete the key vault.",
        kinds=(VAULT,),
        check=must_be_protected,
        remedy="Set protect to true in the stack file.",
        url=PROTECT,
        framework=control(3),
        level=PRODUCTION,
    ),
]
