"""A batch endpoint: the stable address that callers post to.

Owns the endpoint's creation and deletion. Afterwards its *body* (default deployment, description, tags) belongs to the
release: the service only accepts the whole body, and a PUT without the default may clear it. So the description and
tags here apply when the endpoint is created or replaced; the next release sends later changes.
"""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from components import names

AUTH_MODE = "AADToken"
"""The only authentication that batch endpoints support: Entra tokens."""


class BatchEndpointArgs(TypedDict):
    """Arguments of `BatchEndpoint`."""

    resource_group_name: pulumi.Input[str]
    """Resource group of the workspace."""

    workspace_name: pulumi.Input[str]
    """Name of the workspace that the endpoint belongs to."""

    location: str
    """Azure region of the workspace; a change replaces the endpoint."""

    description: NotRequired[str]
    """The endpoint's purpose. Default: empty."""

    tags: NotRequired[Mapping[str, str]]
    """Azure tags. Default: none."""


class EndpointAddress(TypedDict):
    """The endpoint's name and address, as a stack output."""

    name: pulumi.Output[str]
    """Name of the endpoint, unique in its region."""

    scoringUri: pulumi.Output[str]
    """The URL for starting jobs."""


class EndpointForRelease(TypedDict):
    """The endpoint's data for a release, and its planned body."""

    endpoint_name: pulumi.Input[str]
    """Name of the endpoint."""

    endpoint_id: pulumi.Input[str]
    """ARM id of the endpoint."""

    endpoint_created_at: pulumi.Input[str]
    """Creation time (ISO-8601), so that a new endpoint is released again; empty if the service does not say."""

    endpoint_api_version: pulumi.Input[str]
    """ARM API version that the provider last wrote the endpoint with: a new one means that it was written again."""

    location: str
    """Azure region of the endpoint."""

    auth_mode: str
    """How callers authenticate."""

    description: str
    """What the endpoint is for."""

    endpoint_tags: Mapping[str, str]
    """Azure tags."""

    state_default: pulumi.Input[str | None]
    """The default deployment that the state names, since the last refresh."""


class BatchEndpoint(pulumi.ComponentResource):
    """A batch endpoint that accepts only Entra tokens.

    Type token: `azureml-batch:index:BatchEndpoint`

    Creates: BatchEndpoint. No identity, kind or sku: the release's PUT would drop them, and a user-assigned identity
    is refused (https://github.com/Azure/azure-rest-api-specs/issues/40149).
    """

    endpoint_name: pulumi.Output[str]
    """Name of the endpoint, unique in its region."""

    endpoint_id: pulumi.Output[str]
    """ARM id of the endpoint."""

    scoring_uri: pulumi.Output[str]
    """The URL for starting jobs."""

    def __init__(self, name: str, args: BatchEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:BatchEndpoint", name, {}, opts)
        description, tags = args.get("description", ""), args.get("tags", {})
        endpoint = ml.BatchEndpoint(
            names.logical(names.ENDPOINT, name),
            resource_group_name=args["resource_group_name"],
            workspace_name=args["workspace_name"],
            location=args["location"],
            properties=ml.BatchEndpointPropertiesArgs(auth_mode=AUTH_MODE, description=description),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["properties", "tags"]),
        )
        self.endpoint_name = endpoint.name
        self.endpoint_id = endpoint.id
        self.scoring_uri = endpoint.properties.scoring_uri
        self.address: EndpointAddress = {
            "name": endpoint.name,
            "scoringUri": self.scoring_uri,
        }
        self.for_release: EndpointForRelease = {
            "endpoint_name": endpoint.name,
            "endpoint_id": endpoint.id,
            "endpoint_created_at": endpoint.system_data.apply(
                lambda system: (system.created_at if system else None) or ""
            ),
            "endpoint_api_version": endpoint.azure_api_version,
            "location": args["location"],
            "auth_mode": AUTH_MODE,
            "description": description,
            "endpoint_tags": tags,
            "state_default": endpoint.properties.apply(
                lambda properties: properties.defaults.deployment_name if properties.defaults else None
            ),
        }
        self.register_outputs({"endpoint_name": self.endpoint_name, "scoring_uri": self.scoring_uri})
