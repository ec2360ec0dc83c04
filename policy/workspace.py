"""Rules on machine learning workspaces."""

from collections.abc import Iterator
from typing import Final

from pulumi_policy import Severity

from policy.conditions import all_of, must_be, must_be_protected, must_be_set, must_not_be_set
from policy.naming import WORKSPACE_NAME
from policy.properties import UNKNOWN
from policy.rule import PRODUCTION, Options, ResourceRule, Rule, Seen
from policy.sources import IDENTITIES, LIMITS, ML, PROTECT, SECURE_BATCH, control, limit, psrule

WORKSPACE: Final = "machinelearningservices:Workspace"

_ENDPOINTS: Final = ("blob", "file", "queue", "table", "vault", "registry")
"""The services that a batch job uses: four services of the storage account, the key vault and the registry."""


def _private_outbound(resource: Seen, _options: Options) -> Iterator[str]:
    """Find the services for which the managed network has no private endpoint."""
    path = "managedNetwork.outboundRules"
    if resource.properties.at(path) is UNKNOWN or resource.properties.at("managedNetwork") is UNKNOWN:
        return
    found = {
        rule.at("destination.subresourceTarget")
        for _, rule in resource.properties.members(path)
        if rule.at("type") == "PrivateEndpoint"
    }
    missing = [each for each in _ENDPOINTS if each not in found]
    if missing and UNKNOWN not in found:
        yield f"{path} has no private endpoint for: {', '.join(missing)}."


RULES: Final[list[Rule]] = [
    ResourceRule(
        name="machinelearning-workspace-own-identity",
        description="A workspace uses a user-assigned identity, whose grants exist before it does.",
        kinds=(WORKSPACE,),
        check=all_of(must_be("identity.type", "UserAssigned"), must_be_set("primaryUserAssignedIdentity")),
        remedy="Give the workspace a user-assigned identity and name it as primary, as components/workspace.py does.",
        url=psrule("Azure.ML.UserManagedIdentity"),
        framework=control(34, "IM-3"),
    ),
    ResourceRule(
        name="machinelearning-workspace-own-registry",
        description="A workspace uses your own registry: the one that the service creates has its admin user on.",
        kinds=(WORKSPACE,),
        check=must_be_set("containerRegistry"),
        remedy="Set container_registry in components/workspace.py.",
        url=psrule("Azure.ACR.AdminUser"),
        framework=control(24, "IM-1"),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="machinelearning-workspace-public-network-off",
        description="A workspace has no public network access.",
        kinds=(WORKSPACE,),
        check=must_be("publicNetworkAccess", "Disabled"),
        remedy="This needs private endpoints, which will come with network 'isolated'. Until then, leave it off.",
        url=psrule("Azure.ML.PublicAccess"),
        framework=control(35, "NS-2"),
        level=PRODUCTION,
    ),
    ResourceRule(
        name="machinelearning-workspace-no-network-bypass",
        description="No older setting overrides a workspace's public network access.",
        kinds=(WORKSPACE,),
        check=must_be("allowPublicAccessWhenBehindVnet", False),
        remedy="Set allow_public_access_when_behind_vnet=False in components/workspace.py.",
        url=psrule("Azure.ML.PublicAccess"),
        framework=control(36, "NS-2"),
    ),
    ResourceRule(
        name="machinelearning-workspace-image-builder",
        description="A workspace whose registry has a firewall names a cluster that builds its images.",
        kinds=(WORKSPACE,),
        check=must_be_set("imageBuildCompute"),
        remedy="Set image_build_compute; network 'restricted' does. Without it, environments cannot be built.",
        url=f"{ML}how-to-secure-workspace-vnet",
        framework=limit("image builds behind a firewall"),
        level=PRODUCTION,
    ),
    ResourceRule(
        name="machinelearning-workspace-managed-network",
        description="A workspace's computes only reach destinations on a list.",
        kinds=(WORKSPACE,),
        check=must_be("managedNetwork.isolationMode", "AllowOnlyApprovedOutbound"),
        remedy="Set the managed network at creation; it will come with network 'isolated'.",
        url=f"{ML}how-to-managed-network",
        framework=control(37),
        level=PRODUCTION,
    ),
    ResourceRule(
        name="machinelearning-workspace-private-outbound",
        description="Computes reach storage, vault and registry through private endpoints.",
        kinds=(WORKSPACE,),
        check=_private_outbound,
        remedy="Add an outbound rule for each; batch endpoints need all four services of the storage account.",
        url=SECURE_BATCH,
        framework=control(38),
        level=PRODUCTION,
    ),
    ResourceRule(
        name="machinelearning-workspace-identity-datastores",
        description="A workspace's own datastores use identities, not stored keys.",
        kinds=(WORKSPACE,),
        check=must_be("systemDatastoresAuthMode", "Identity"),
        remedy="Set system_datastores_auth_mode=SystemDatastoresAuthMode.IDENTITY in components/workspace.py.",
        url=f"{ML}how-to-disable-local-auth-storage",
        framework=control(39),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="machinelearning-workspace-high-business-impact",
        description="A workspace with sensitive data sends less of it to Microsoft. This can only be set at creation.",
        kinds=(WORKSPACE,),
        check=must_be("hbiWorkspace", True),
        remedy="Set hbi_workspace=True in components/workspace.py; an existing workspace is replaced.",
        url=f"{ML}concept-data-encryption",
        framework=control(40),
        level=PRODUCTION,
    ),
    ResourceRule(
        name="machinelearning-workspace-v1-off",
        description="A workspace answers version 2 of the API, which releases use.",
        kinds=(WORKSPACE,),
        check=must_be("v1LegacyMode", False),
        remedy="Set v1_legacy_mode=False in components/workspace.py.",
        url=f"{ML}how-to-configure-network-isolation-with-v2",
        framework=control(41),
    ),
    ResourceRule(
        name="machinelearning-workspace-no-customer-key",
        description="A workspace has no customer-managed key: batch deployments are not supported with one.",
        kinds=(WORKSPACE,),
        check=must_not_be_set("encryption"),
        remedy="Leave encryption unset. Scanners want a customer-managed key, but deployments do not work with one.",
        url=SECURE_BATCH,
        framework=control(42),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="machinelearning-workspace-data-isolation",
        description="A workspace that shares its storage keeps its blobs apart. This can only be set at creation.",
        kinds=(WORKSPACE,),
        check=must_be("enableDataIsolation", True),
        remedy="Set enable_data_isolation=True; a workspace with its own storage does not need it.",
        url=IDENTITIES,
        framework=control(43),
        level=PRODUCTION,
    ),
    ResourceRule(
        name="machinelearning-workspace-name",
        description="A workspace has a name that the service accepts.",
        kinds=(WORKSPACE,),
        check=WORKSPACE_NAME.of("workspaceName"),
        remedy="Give the workspace another name, or none: components/names.py builds one.",
        url=LIMITS,
        framework=limit("names"),
    ),
    ResourceRule(
        name="machinelearning-workspace-protected",
        description="Pulumi refuses to delete the workspace.",
        kinds=(WORKSPACE,),
        check=must_be_protected,
        remedy="Set protect to true in the stack file.",
        url=PROTECT,
        framework=control(3),
        level=PRODUCTION,
    ),
]
