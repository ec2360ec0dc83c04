"""Deploys what the stack's configuration says: a workspace, a cluster, and batch endpoints that serve models."""

import pulumi

import settings as configuration
from components import login, prerequisites
from components.cluster import MlCluster
from components.endpoint import BatchEndpoint
from components.group import MlResourceGroup
from components.release import ModelRelease
from components.workspace import MlWorkspace

settings = configuration.load()
me = login.current()
group = MlResourceGroup(
    "mlbatch", {"existing": settings.resource_group, "location": settings.location, "tags": settings.tags}
)
workspace = MlWorkspace(
    "mlbatch",
    {
        "resource_group_name": prerequisites.checked(group.group_name, me),
        "subscription_id": me.subscription_id,
        "tenant_id": me.tenant_id,
        "deployer": settings.deployer.principal(me.object_id),
        "location": settings.location,
        "data_access": settings.data_access,
        "tags": settings.tags,
    },
)
cluster = MlCluster(
    "aml",
    {**workspace.place, "identity_id": workspace.compute_identity_id, "nodes": settings.cluster.nodes},
    pulumi.ResourceOptions(depends_on=[workspace]),
)
endpoints = {
    key: BatchEndpoint(key, {**workspace.place, "description": each.description})
    for key, each in settings.endpoints.items()
}
releases = {
    key: ModelRelease(
        key,
        {**workspace.for_release, **cluster.for_release, **endpoints[key].for_release, **each.served},
        pulumi.ResourceOptions(depends_on=[workspace, cluster, endpoints[key]]),
    )
    for key, each in settings.endpoints.items()
}

pulumi.export("subscriptionId", me.subscription_id)
pulumi.export("resourceGroup", group.group_name)
pulumi.export("workspace", workspace.workspace_name)
pulumi.export("cluster", cluster.cluster_name)
pulumi.export("location", settings.location)
pulumi.export(
    "endpoints",
    {
        key: {**endpoints[key].address, "default": each.default, "deployments": each.deployments, "plan": each.plan}
        for key, each in releases.items()
    },
)
