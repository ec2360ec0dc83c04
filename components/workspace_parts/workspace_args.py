"""The arguments of the workspace's component, and its data for other components."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

from components.workspace_parts.access import DeployerArgs
from components.workspace_parts.network import NetworkArgs


class WorkspacePlace(TypedDict):
    """The location of a resource in the workspace, for clusters and endpoints."""

    resource_group_name: pulumi.Input[str]
    """Resource group of the workspace."""

    workspace_name: pulumi.Input[str]
    """Name of the workspace."""

    location: str
    """Azure region of the workspace."""

    tags: Mapping[str, str]
    """Azure tags of every resource."""


class WorkspaceForRelease(TypedDict):
    """The workspace's data for a release."""

    subscription_id: pulumi.Input[str]
    """Subscription of the workspace."""

    resource_group: pulumi.Input[str]
    """Resource group of the workspace."""

    workspace: pulumi.Input[str]
    """Name of the workspace."""


class WorkspaceForCallers(TypedDict):
    """The workspace's data for the grants of callers."""

    subscription_id: str
    """Subscription of the workspace."""

    workspace_id: pulumi.Input[str]
    """ARM id of the workspace."""

    results_scope: pulumi.Input[str]
    """ARM id of the blob container that predictions are written to."""

    registries: NotRequired[Sequence[str]]
    """ARM ids of the registries with models or environments of deployments, which callers must read. Default: none."""


class WorkspaceProfileArgs(TypedDict):
    """The settings of a workspace that differ between environments."""

    network: NotRequired[NetworkArgs]
    """Access to storage, vault and registry. Default: everybody with a role."""

    storage_sku: NotRequired[str]
    """Replication of the storage account. Default: Standard_LRS."""

    registry_sku: NotRequired[str]
    """`Standard` or `Premium`; a restricted network needs Premium. Default: Standard."""

    soft_delete_days: NotRequired[int]
    """Days for which deleted blobs and containers can be restored. Default: 7."""

    log_retention_days: NotRequired[int]
    """Days to keep logs. Default: 90."""

    job_writes: NotRequired[Sequence[str]]
    """Containers of the storage account that jobs may write besides those of the service; `*` for any. Default: none.
    """

    protect: NotRequired[bool]
    """Whether Pulumi refuses to delete the storage account, vault and workspace. Default: false."""


class ElsewhereArgs(TypedDict):
    """What jobs use outside of the workspace."""

    data_access: NotRequired[Sequence[str]]
    """ARM ids of storage accounts or blob containers elsewhere that jobs may read. Default: none."""

    registry_access: NotRequired[Sequence[str]]
    """ARM ids of the registries with models or environments of deployments. Default: none."""


class MlWorkspaceArgs(WorkspaceProfileArgs, ElsewhereArgs):
    """Arguments of `MlWorkspace`."""

    resource_group_name: pulumi.Input[str]
    """Resource group for all resources."""

    location: str
    """Azure region, in its short form (westeurope)."""

    subscription_id: str
    """Subscription of the deployment."""

    tenant_id: str
    """Entra tenant of the subscription."""

    deployer: DeployerArgs
    """The principal that releases models: it may write blobs to the workspace's storage."""

    tags: NotRequired[Mapping[str, str]]
    """Azure tags of every resource. Default: none."""
