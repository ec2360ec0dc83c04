"""The workspace and the cluster of a stack: new, or adopted if the configuration names one."""

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
    has_callers: bool,
) -> MlWorkspace | AdoptedWorkspace:
    """Create a workspace, after checking the deployer's roles, or adopt one.

    Args:
        name: Logical name.
        args: The workspace's settings; for an adopted one, only deployer and tags are used.
        login: The login of the deployer.
        existing: The resources to adopt instead.
        has_callers: Whether the endpoints have callers, whose custom roles must be defined.
    """
    if existing["workspace"] is not None:
        return AdoptedWorkspace(
            name,
            {
                "workspace_id": existing["workspace"],
                "cluster_id": existing["cluster"],
                "login": login,
                "deployer": args["deployer"],
                "tags": args.get("tags", {}),
                "has_callers": has_callers,
            },
        )
    group = pulumi.Output.from_input(args["resource_group_name"])
    is_own = existing["resource_group"] is None
    checked = prerequisites.checked(group, login, is_own=is_own, has_callers=has_callers)
    return MlWorkspace(name, {**args, "resource_group_name": checked})


def cluster(
    name: str, of: MlWorkspace | AdoptedWorkspace, *, nodes: ClusterNodesArgs, existing: Existing
) -> MlCluster | AdoptedCluster:
    """Create a cluster in a workspace, or adopt an existing one."""
    if existing["cluster"] is not None:
        return AdoptedCluster(name, existing["cluster"])
    return MlCluster(
        name,
        {**of.place, "identity_id": of.compute_identity_id, "nodes": nodes},
        pulumi.ResourceOptions(depends_on=[of]),
    )
