"""Deploys the stack's configuration: a workspace, clusters, and batch endpoints that serve models."""

import pulumi

import settings as configuration
from components import alerts, provided, timeouts, trigger
from components.callers import EndpointCallers
from components.endpoint import BatchEndpoint
from components.group import MlResourceGroup
from components.preflight import ending, leaving, login, offers
from components.release import ModelRelease

ending.quiet()
settings = configuration.load()
timeouts.limit(settings.timeout_minutes)
me = login.current()
offers.check(me, settings.location, settings.wanted_nodes, settings.location_place)
group = MlResourceGroup("mlbatch", settings.group)
workspace = provided.workspace(
    "mlbatch",
    {
        "resource_group_name": group.group_name,
        **me.place,
        "deployer": settings.deployer.principal(me.object_id),
        "location": settings.location,
        **settings.elsewhere,
        "tags": settings.tags,
        **settings.workspace.profile,
    },
    login=me,
    existing=settings.existing,
    makes_cluster=bool(settings.new_clusters),
    has_callers=settings.has_callers,
)
clusters = provided.clusters(workspace, settings.new_clusters)
endpoints = {key: BatchEndpoint(key, {**workspace.place, **each.described}) for key, each in settings.endpoints.items()}
compute_ids = {key: each.cluster_id for key, each in clusters.items()}
releases = {
    key: ModelRelease(
        key,
        {**workspace.for_release, "compute_ids": compute_ids, **endpoints[key].for_release, **each.served},
        pulumi.ResourceOptions(depends_on=[workspace, *clusters.values(), endpoints[key]]),
    )
    for key, each in settings.endpoints.items()
}
alerts.watch("mlbatch", workspace.place, workspace.workspace_id, settings.alerts)
trigger.schedule(workspace.for_callers, workspace.place, endpoints, releases, settings.triggers)
EndpointCallers("mlbatch", {**workspace.for_callers, "endpoints": endpoints, "callers": settings.callers})
leaving.tell(settings.endpoints)

pulumi.export("subscriptionId", me.subscription_id)
pulumi.export("resourceGroup", group.group_name)
pulumi.export("workspace", workspace.workspace_name)
pulumi.export("cluster", next(iter(clusters.values())).cluster_name)
pulumi.export("clusters", provided.several(clusters))
pulumi.export("location", workspace.place["location"])
served = {
    key: {**endpoints[key].address, **each.serves, **settings.endpoints[key].sampled} for key, each in releases.items()
}
pulumi.export("endpoints", served)
