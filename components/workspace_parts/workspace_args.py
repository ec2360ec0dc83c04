"""What the workspace's component takes, and what it hands to the others."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

from components.workspace_parts.access import DeployerArgs
from components.workspace_parts.network import NetworkArgs


class WorkspacePlace(TypedDict):
    """Where something of the workspace goes: what clusters and endpoints have in common."""

    resource_group_name: pulumi.Input[str]
    """Resource group of the workspace."""

    workspace_name: pulumi.Input[str]
    """Name of the workspace."""

    location: str
    """Azure region of the workspace."""

    tags: Mapping[str, str]
    """Azure tags of every resource."""


class WorkspaceForRelease(TypedDict):
    """What a release must know of the workspace."""

    subscription_id: pulumi.Input[str]
    """Subscription of the workspace."""

    resource_group: pulumi.Input[str]
    """Resource group of the workspace."""

    workspace: pulumi.Input[str]
    """Name of the workspace."""


class WorkspaceForCallers(TypedDict):
    """What the grants of callers must know of the workspace."""

    subscription_id: str
    """Subscription of the workspace."""

    workspace_id: pulumi.Input[str]
    """ARM id of the workspace."""

    results_scope: pulumi.Input[str]
    """ARM id of the blob container that predictions are written to."""


class WorkspaceProfileArgs(TypedDict):
    """How a workspace differs between environments."""

    network: NotRequired[NetworkArgs]
    """Who reaches storage, vault and registry. Default: everybody who has a role."""

    storage_sku: NotRequired[str]
    """How many copies the storage account keeps, and where. Default: Standard_LRS."""

    registry_sku: NotRequired[str]
    """`Standard` or `Premium`; a restricted network needs Premium. Default: Standard."""

    soft_delete_days: NotRequired[int]
    """Days for which deleted blobs and containers can be brought back. Default: 7."""

    log_retention_days: NotRequired[int]
    """Days for which logs are kept. Default: 90."""

    protect: NotRequired[bool]
    """Whether Pulumi refuses to delete storage, vault and workspace. Default: false."""


class MlWorkspaceArgs(WorkspaceProfileArgs):
    """Arguments of `MlWorkspace`."""

    resource_group_name: pulumi.Input[str]
    """Resource group that everything goes into."""

    location: str
    """Azure region, in its short form (westeurope)."""

    subscription_id: str
    """Subscription that is deployed to."""

    tenant_id: str
    """Entra tenant of the subscription."""

    deployer: DeployerArgs
    """The principal that releases models: it may write blobs in the workspace's storage."""

    data_access: NotRequired[Sequence[str]]
    """ARM ids of storage accounts or blob containers elsewhere that jobs may read. Default: none."""

    tags: NotRequired[Mapping[str, str]]
    """Azure tags of every resource. Default: none."""
