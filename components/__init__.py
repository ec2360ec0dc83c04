"""The resources in Azure: workspace, cluster, endpoints, and the release marker of each endpoint.

Owns everything that can be declared. The models, deployments and default of an endpoint belong to the release: see
`components.release`. Nothing here reads configuration: `settings` does, and passes plain values down.
"""

from components.adoption import AdoptedCluster, AdoptedWorkspace, AdoptedWorkspaceArgs
from components.alerts import WorkspaceAlerts, WorkspaceAlertsArgs
from components.callers import EndpointCallers, EndpointCallersArgs
from components.cluster import MlCluster, MlClusterArgs
from components.endpoint import BatchEndpoint, BatchEndpointArgs
from components.group import MlResourceGroup, MlResourceGroupArgs
from components.release import ModelRelease
from components.release_parts.args import ModelReleaseArgs
from components.trigger import EndpointTrigger, EndpointTriggerArgs
from components.workspace import MlWorkspace
from components.workspace_parts.workspace_args import MlWorkspaceArgs

__all__ = [
    "AdoptedCluster",
    "AdoptedWorkspace",
    "AdoptedWorkspaceArgs",
    "BatchEndpoint",
    "BatchEndpointArgs",
    "EndpointCallers",
    "EndpointCallersArgs",
    "EndpointTrigger",
    "EndpointTriggerArgs",
    "MlCluster",
    "MlClusterArgs",
    "MlResourceGroup",
    "MlResourceGroupArgs",
    "MlWorkspace",
    "MlWorkspaceArgs",
    "ModelRelease",
    "ModelReleaseArgs",
    "WorkspaceAlerts",
    "WorkspaceAlertsArgs",
]
