"""The arguments of `components.release.ModelRelease`, as types."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi

from components.release_parts.deployment_args import DeploymentArgs


class ModelReleaseArgs(TypedDict):
    """Everything that a release needs; only the leaves marked `Input` may be outputs of other resources."""

    subscription_id: pulumi.Input[str]
    resource_group: pulumi.Input[str]
    workspace: pulumi.Input[str]
    endpoint_name: pulumi.Input[str]
    endpoint_id: pulumi.Input[str]
    endpoint_created_at: pulumi.Input[str]
    endpoint_api_version: pulumi.Input[str]
    location: pulumi.Input[str]
    compute_ids: Mapping[str, pulumi.Input[str]]
    """ARM ids of the clusters by key, of which each deployment's `compute` picks one."""
    description: str
    auth_mode: str
    endpoint_tags: Mapping[str, str]
    default: str
    pin: str | None
    keep: int
    deployments: Mapping[str, DeploymentArgs]
    most_nodes: NotRequired[Mapping[str, int]]
    """Most nodes of each deployment's cluster; without those whose cluster the stack adopts. No part of the plan."""
    archive_models: NotRequired[bool]
    """Whether the model versions that no deployment uses are archived."""
    require_released_in: NotRequired[str | None]
    """Another stack of this project, which has to release a model of the repository first; None for no such stack. No
    part of the plan."""
    node_prices: NotRequired[Mapping[str, float]]
    """What one node costs in one hour, by deployment, as far as it is known: for previews. No part of the plan."""
    currency: NotRequired[str]
    """Of these prices, e.g. `EUR`."""
    state_default: NotRequired[pulumi.Input[str | None]]
    """The default deployment that the endpoint's state names: an update of the endpoint outside a release sends it
    again, so a release does not delete it. No part of the plan."""
