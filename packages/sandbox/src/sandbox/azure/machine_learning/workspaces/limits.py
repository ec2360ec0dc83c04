"""Workspaces that the sandbox does not support, and those without batch endpoints in the service."""

from typing import Any

from sandbox.azure.arm.errors import ArmError, not_modelled
from sandbox.azure.arm.store import Resource
from sandbox.azure.machine_learning.unmodelled import Members, refuse_unmodelled

_OTHER_KINDS = ("hubResourceId", "workspaceHubConfig", "featureStoreSettings", "associatedWorkspaces")
_NOT_MODELLED: Members = {
    **{f"properties.{member}": () for member in _OTHER_KINDS},
    "properties.publicNetworkAccess": ("Enabled",),
    "properties.managedNetwork.isolationMode": ("Disabled",),
    "properties.managedNetwork.outboundRules": (),
    "properties.provisionNetworkNow": (False,),
    "properties.sharedPrivateLinkResources": (),
    "properties.serverlessComputeSettings.serverlessComputeCustomSubnet": (),
    "properties.serverlessComputeSettings.serverlessComputeNoPublicIP": (False,),
    "properties.serviceManagedResourcesSettings": (),
    # Separate prefixes in a shared storage account, and role assignments with conditions.
    "properties.enableDataIsolation": (False,),
}


def refuse_other_workspaces(body: dict[str, Any]) -> None:
    """Check that the sandbox supports a workspace: kind Default, with public network access.

    Raises:
        ArmError: 501.
    """
    kind = body.get("kind") or "Default"
    if kind.lower() != "default":
        raise not_modelled(f"a workspace of kind '{kind}' (only Default)")
    refuse_unmodelled("a workspace", body, _NOT_MODELLED)


def require_batch(workspace: Resource) -> None:
    """Check that a workspace may have batch endpoints and deployments.

    Raises:
        ArmError: 400 in one with customer-managed keys
            (https://learn.microsoft.com/azure/machine-learning/how-to-secure-batch-endpoint#limitations), and in one
            whose ``v1LegacyMode`` turns this API off
            (https://learn.microsoft.com/azure/machine-learning/how-to-configure-network-isolation-with-v2). The codes
            and texts are ours.
    """
    properties = workspace.body["properties"]
    if properties.get("v1LegacyMode"):
        raise ArmError(
            400,
            "V1LegacyModeEnabled",
            f"The workspace '{workspace.name}' has v1LegacyMode: true, which disables this API. Set it to false.",
        )
    encrypted = (properties.get("encryption") or {}).get("status", "Disabled") == "Enabled"
    if encrypted or properties.get("enableServiceSideCMKEncryption"):
        raise ArmError(
            400,
            "CustomerManagedKeyNotSupported",
            f"Batch deployments are not supported in workspaces with customer-managed keys, as '{workspace.name}' "
            "is. Such keys can only be chosen at creation: use another workspace.",
        )
