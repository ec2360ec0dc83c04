"""Rules on container registries."""

from typing import Final

from pulumi_policy import Severity

from policy.conditions import must_be
from policy.rule import PRODUCTION, ResourceRule, Rule
from policy.sources import LEARN, SECURE_BATCH, control, psrule

REGISTRY: Final = "containerregistry:Registry"

RULES: Final[list[Rule]] = [
    ResourceRule(
        name="containerregistry-registry-admin-user-off",
        description="A container registry has no admin user.",
        kinds=(REGISTRY,),
        check=must_be("adminUserEnabled", False),
        remedy="Set admin_user_enabled=False on the registry; images are pulled with the identity's AcrPull role.",
        url=psrule("Azure.ACR.AdminUser"),
        framework=control(24, "IM-1"),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="containerregistry-registry-anonymous-pull-off",
        description="Nobody pulls images without signing in.",
        kinds=(REGISTRY,),
        check=must_be("anonymousPullEnabled", False),
        remedy="Set anonymous_pull_enabled=False on the registry.",
        url=psrule("Azure.ACR.AnonymousAccess"),
        framework=control(25),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="containerregistry-registry-sku",
        description="A container registry is Standard or Premium.",
        kinds=(REGISTRY,),
        check=must_be("sku.name", "Standard", "Premium"),
        remedy="Set registrySku to Standard in the stack file.",
        url=psrule("Azure.ACR.MinSku"),
        framework=control(26),
    ),
    ResourceRule(
        name="containerregistry-registry-firewall",
        description="A container registry only accepts the networks that it lists.",
        kinds=(REGISTRY,),
        check=must_be("networkRuleSet.defaultAction", "Deny"),
        remedy="Set network to restricted in the stack file, and list the deployer's addresses in allowedIps.",
        url=psrule("Azure.ACR.Firewall"),
        framework=control(27),
        severity=Severity.HIGH,
        level=PRODUCTION,
    ),
    ResourceRule(
        name="containerregistry-registry-public-network-off",
        description="A container registry has no public network access.",
        kinds=(REGISTRY,),
        check=must_be("publicNetworkAccess", "Disabled"),
        remedy="This needs private endpoints, which will come with network 'isolated'. Until then, leave it off.",
        url=psrule("Azure.ACR.Firewall"),
        framework=control(27),
        level=PRODUCTION,
    ),
    ResourceRule(
        name="containerregistry-registry-zones",
        description="A container registry is spread over the zones of its region.",
        kinds=(REGISTRY,),
        check=must_be("zoneRedundancy", "Enabled"),
        remedy="Set zone_redundancy=ZoneRedundancy.ENABLED on the registry; it must be Premium.",
        url=f"{LEARN}container-registry/zone-redundancy",
        framework=control(28),
        level=PRODUCTION,
    ),
    ResourceRule(
        name="containerregistry-registry-export-off",
        description="Images cannot be exported from a container registry.",
        kinds=(REGISTRY,),
        check=must_be("policies.exportPolicy.status", "disabled"),
        remedy="Set the registry's export policy to disabled; it needs Premium and no public network access.",
        url=psrule("Azure.ACR.ExportPolicy"),
        framework=control(29),
        level=PRODUCTION,
    ),
    ResourceRule(
        name="containerregistry-registry-no-quarantine",
        description="A container registry does not quarantine images: Azure Machine Learning does not support that.",
        kinds=(REGISTRY,),
        check=must_be("policies.quarantinePolicy.status", "disabled", or_absent=True),
        remedy="Leave the registry's quarantine policy unset. Scanners want it, but the service does not support it.",
        url=SECURE_BATCH,
        framework=control(30),
    ),
]
