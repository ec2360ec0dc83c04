"""The resource group for all resources: an existing one, or a new one.

Never locked: a lock on the group of a machine learning workspace stops its clusters from scaling
(https://learn.microsoft.com/azure/machine-learning/how-to-create-attach-compute-cluster).
"""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_azure_native import resources

from components import names


class MlResourceGroupArgs(TypedDict):
    """Arguments of `MlResourceGroup`."""

    location: str
    """Azure region of a new group, in its short form (westeurope)."""

    existing: NotRequired[str | None]
    """Name of an existing group, which is neither changed nor deleted. Default: a new group."""

    tags: NotRequired[Mapping[str, str]]
    """Azure tags of a new group. Default: none."""


class MlResourceGroup(pulumi.ComponentResource):
    """A resource group, new or existing.

    Type token: `azureml-batch:index:MlResourceGroup`

    Creates: ResourceGroup, unless an existing one is named.
    """

    group_name: pulumi.Output[str]
    """Name of the group."""

    def __init__(self, name: str, args: MlResourceGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:MlResourceGroup", name, {}, opts)
        existing = args.get("existing")
        if existing is not None:
            self.group_name = pulumi.Output.from_input(existing)
        else:
            self.group_name = resources.ResourceGroup(
                names.logical(names.RESOURCE_GROUP, name, "group"),
                location=args["location"],
                tags=args.get("tags", {}),
                opts=pulumi.ResourceOptions(parent=self),
            ).name
        self.register_outputs({"group_name": self.group_name})
