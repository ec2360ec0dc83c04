"""The compute cluster that batch jobs run on.

Owns the AmlCompute, and the rule when to replace it. Does not own the identity that its nodes run as, or that
identity's grants: the workspace does, because the grants are on its storage and registry.
"""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from components import names

DEFAULT_VM_SIZE = "STANDARD_DS11_V2"
"""The size in the Learn module: 2 cores, 14 GiB."""

DEFAULT_MAX_NODES = 4
"""The number in the Learn module."""

_CREATED_ONCE = ["properties.properties.vmSize", "properties.properties.vmPriority", "properties.properties.subnet"]
"""Properties that can only be set at creation. The service accepts later changes and silently ignores them
(https://github.com/Azure/azure-rest-api-specs/issues/18889), and the provider does not replace the cluster."""


class ClusterNodesArgs(TypedDict):
    """The nodes of a cluster: their kind and number."""

    vm_size: NotRequired[str]
    """Azure VM size of a node. Default: STANDARD_DS11_V2. A change replaces the cluster."""

    low_priority: NotRequired[bool]
    """Whether nodes are cheap ones that Azure may take away. Default: false. A change replaces the cluster."""

    min_nodes: NotRequired[int]
    """Nodes that stay up without work. Default: 0."""

    max_nodes: NotRequired[int]
    """Most nodes. Default: 4."""

    idle_seconds: NotRequired[int]
    """Seconds without work before a node is released. Default: 120."""


class MlClusterArgs(TypedDict):
    """Arguments of `MlCluster`."""

    resource_group_name: pulumi.Input[str]
    """Resource group of the workspace."""

    workspace_name: pulumi.Input[str]
    """Name of the workspace that the cluster belongs to."""

    location: str
    """Azure region, in its short form (westeurope)."""

    identity_id: pulumi.Input[str]
    """ARM id of the user-assigned identity that the nodes run as."""

    nodes: NotRequired[ClusterNodesArgs]
    """The kind and number of nodes. Default: the default of each setting."""

    tags: NotRequired[Mapping[str, str]]
    """Azure tags. Default: none."""


class MlCluster(pulumi.ComponentResource):
    """A cluster that scales to zero, without any login to its nodes.

    Type token: `azureml-batch:index:MlCluster`

    Creates: Compute (AmlCompute). Its name ends in random characters, and a replacement is created before the old one
        is deleted: jobs keep a cluster until the release has moved to the new one.
    """

    cluster_name: pulumi.Output[str]
    """Name of the cluster."""

    cluster_id: pulumi.Output[str]
    """ARM id of the cluster."""

    def __init__(self, name: str, args: MlClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:MlCluster", name, {}, opts)
        nodes = args.get("nodes", {})
        compute = ml.Compute(
            names.logical(names.COMPUTE, name, "cluster"),
            resource_group_name=args["resource_group_name"],
            workspace_name=args["workspace_name"],
            location=args["location"],
            identity=run_as(args["identity_id"]),
            properties=amlcompute(
                vm_size=nodes.get("vm_size", DEFAULT_VM_SIZE),
                low_priority=nodes.get("low_priority", False),
                min_nodes=nodes.get("min_nodes", 0),
                max_nodes=nodes.get("max_nodes", DEFAULT_MAX_NODES),
                idle_seconds=nodes.get("idle_seconds", 120),
            ),
            tags=args.get("tags", {}),
            opts=pulumi.ResourceOptions(parent=self, replace_on_changes=_CREATED_ONCE, delete_before_replace=False),
        )
        self.cluster_name = compute.name
        self.cluster_id = compute.id
        self.register_outputs({"cluster_name": self.cluster_name, "cluster_id": self.cluster_id})


def run_as(identity_id: pulumi.Input[str]) -> ml.ManagedServiceIdentityArgs:
    """Describe the user-assigned identity of a cluster's nodes."""
    return ml.ManagedServiceIdentityArgs(
        type=ml.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[identity_id]
    )


def amlcompute(
    *, vm_size: str, low_priority: bool, min_nodes: int, max_nodes: int, idle_seconds: int
) -> ml.AmlComputeArgs:
    """Describe a cluster without any login; it releases a node after `idle_seconds` without work."""
    return ml.AmlComputeArgs(
        compute_type="AmlCompute",
        disable_local_auth=True,
        properties=ml.AmlComputePropertiesArgs(
            vm_size=vm_size,
            vm_priority=ml.VmPriority.LOW_PRIORITY if low_priority else ml.VmPriority.DEDICATED,
            scale_settings=ml.ScaleSettingsArgs(
                min_node_count=min_nodes,
                max_node_count=max_nodes,
                node_idle_time_before_scale_down=iso_duration(idle_seconds),
            ),
            os_type=ml.OsType.LINUX,
            remote_login_port_public_access=ml.RemoteLoginPortPublicAccess.DISABLED,
            # Without a virtual network, a node needs a public address to reach the service.
            enable_node_public_ip=True,
        ),
    )


def iso_duration(seconds: int) -> str:
    """Write whole seconds as an ISO-8601 duration in its shortest common form: 120 is PT2M, 5400 is PT1H30M.

    The service normalises durations; with its spelling, a refresh shows no change.
    """
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    date = f"{days}D" if days else ""
    time = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if count)
    if not date and not time:
        return "PT0S"
    return f"P{date}T{time}" if time else f"P{date}"
