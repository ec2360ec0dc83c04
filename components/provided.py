"""The workspace and the clusters of a stack: new, or adopted if the configuration names existing ones."""

from collections.abc import Mapping

import pulumi

from components.adoption import AdoptedCluster, AdoptedWorkspace, Existing
from components.cluster import ClusterNodesArgs, MlCluster
from components.preflight import prerequisites
from components.preflight.login import Login
from components.workspace import MlWorkspace
from components.workspace_parts.workspace_args import MlWorkspaceArgs


def workspace(
    name: str,
    args: MlWorkspaceArgs,
    *,
    login: Login,
    existing: Existing,
    makes_cluster: bool = True,
    has_callers: bool,
) -> MlWorkspace | AdoptedWorkspace:
    """Create a workspace, after checking the deployer's roles, or adopt one.

    Args:
        name: Logical name.
        args: The workspace's settings; for an adopted one, only deployer, tags and registries are used.
        login: The login of the deployer.
        existing: The resources to adopt instead.
        makes_cluster: Whether a cluster will be created in it.
        has_callers: Whether the endpoints have callers, whose custom roles must be defined.
    """
    prerequisites.warn_elsewhere([*args.get("data_access", ()), *args.get("registry_access", ())], login)
    if existing["workspace"] is not None:
        return AdoptedWorkspace(
            name,
            {
                "workspace_id": existing["workspace"],
                "clusters": existing["clusters"],
                "makes_cluster": makes_cluster,
                "login": login,
                "deployer": args["deployer"],
                "tags": args.get("tags", {}),
                "registries": args.get("registry_access", ()),
                "has_callers": has_callers,
            },
        )
    group = pulumi.Output.from_input(args["resource_group_name"])
    is_own = existing["resource_group"] is None
    checked = prerequisites.checked(group, login, is_own=is_own, has_callers=has_callers)
    return MlWorkspace(name, {**args, "resource_group_name": checked})


def several(clusters: Mapping[str, MlCluster | AdoptedCluster]) -> dict[str, pulumi.Output[str]] | None:
    """Return the clusters' names in Azure by their keys, as a stack output; None for one, which needs no second one."""
    return {key: each.cluster_name for key, each in clusters.items()} if len(clusters) > 1 else None


def clusters(
    of: MlWorkspace | AdoptedWorkspace, nodes: Mapping[str, ClusterNodesArgs]
) -> dict[str, MlCluster | AdoptedCluster]:
    """Create the clusters of a workspace, beside those that were adopted with it; by their keys, in their order.

    Args:
        of: The workspace.
        nodes: The nodes of the clusters to create.
    """
    adopted = of.adopted_clusters if isinstance(of, AdoptedWorkspace) else {}
    made: dict[str, MlCluster | AdoptedCluster] = {
        key: MlCluster(
            key,
            {**of.place, "identity_id": of.compute_identity_id, "nodes": each},
            pulumi.ResourceOptions(depends_on=[of]),
        )
        for key, each in nodes.items()
    }
    made |= {key: AdoptedCluster(key, each) for key, each in adopted.items()}
    return dict(sorted(made.items()))
