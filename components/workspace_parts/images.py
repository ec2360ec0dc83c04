"""The cluster that builds images when the registry cannot, because of its firewall.

A registry that refuses the public network also refuses its build service; the machine learning service then builds on
the compute that the workspace names
(https://learn.microsoft.com/azure/machine-learning/how-to-secure-workspace-vnet#enable-azure-container-registry-acr).
The workspace names the compute before it exists, because creating a compute needs the workspace.
"""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from components.cluster import DEFAULT_VM_SIZE, amlcompute, run_as

IMAGE_BUILDER = "image-builder"
"""Name of the cluster. Fixed, because the workspace must know it before it exists; unique within a workspace."""

_IDLE_SECONDS = 120


class ImageBuilderArgs(TypedDict):
    """Arguments of `ImageBuilder`."""

    resource_group_name: pulumi.Input[str]
    """Resource group of the workspace."""

    workspace_name: pulumi.Input[str]
    """Name of the workspace, which names `IMAGE_BUILDER` as its `imageBuildCompute`."""

    location: str
    """Azure region, in its short form (westeurope)."""

    identity_id: pulumi.Input[str]
    """ARM id of the identity that the node runs as: it pushes images, so it is not the one that jobs run as."""

    tags: Mapping[str, str]
    """Azure tags."""


class ImageBuilder(pulumi.ComponentResource):
    """A cluster of at most one node, for images only.

    Type token: `azureml-batch:index:ImageBuilder`

    Creates: Compute (AmlCompute), with no nodes while it builds nothing.
    """

    def __init__(self, name: str, args: ImageBuilderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:ImageBuilder", name, {}, opts)
        ml.Compute(
            f"{name}-{IMAGE_BUILDER}",
            compute_name=IMAGE_BUILDER,
            resource_group_name=args["resource_group_name"],
            workspace_name=args["workspace_name"],
            location=args["location"],
            identity=run_as(args["identity_id"]),
            properties=amlcompute(
                vm_size=DEFAULT_VM_SIZE, low_priority=False, min_nodes=0, max_nodes=1, idle_seconds=_IDLE_SECONDS
            ),
            tags=args["tags"],
            # The name is taken while the old one exists.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.register_outputs({})
