"""A batch endpoint: the stable address that callers post to.

Owns the endpoint's creation and deletion. Its *body* (default deployment, description, tags) belongs to the release
from then on: the service only takes the whole body, and a PUT without the default may clear it. So description and
tags given here act when the endpoint is created or replaced, and later changes of them go out with the next release.
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
    """Azure region of the workspace; another one replaces the endpoint."""

    description: NotRequired[str]
    """What the endpoint is for, in words. Default: empty."""

    tags: NotRequired[Mapping[str, str]]
    """Azure tags. Default: none."""


class EndpointAddress(TypedDict):
    """Where callers find the endpoint, as a stack output."""

    name: pulumi.Output[str]
    """Name of the endpoint, unique in its region."""

    scoringUri: pulumi.Output[str]
    """Where jobs are posted to."""


class EndpointForRelease(TypedDict):
    """What a release must know of the endpoint, and the body that it is to have."""

    endpoint_name: pulumi.Input[str]
    """Name of the endpoint."""

    endpoint_id: pulumi.Input[str]
    """ARM id of the endpoint."""

    endpoint_created_at: pulumi.Input[str]
    """When the endpoint was made (ISO-8601), so that one made anew is released anew; empty if the service is silent."""

    endpoint_api_version: pulumi.Input[str]
    """ARM API version that the provider last wrote the endpoint with: another one means that it was written again."""

    location: str
    """Azure region of the endpoint."""

    auth_mode: str
    """How callers authenticate."""

    description: str
    """What the endpoint is for."""

    endpoint_tags: Mapping[str, str]
    """Azure tags."""


class BatchEndpoint(pulumi.ComponentResource):
    """A batch endpoint that takes Entra tokens only.

    Type token: `azureml-batch:index:BatchEndpoint`

    Creates: BatchEndpoint. No identity, kind or sku: the release's PUT would drop them, and a user-assigned identity
    is refused (https://github.com/Azure/azure-rest-api-specs/issues/40149).
    """

    endpoint_name: pulumi.Output[str]
    """Name of the endpoint, unique in its region."""

    endpoint_id: pulumi.Output[str]
    """ARM id of the endpoint."""

    scoring_uri: pulumi.Output[str]
    """Where callers post jobs to."""

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
        self.address: EndpointAddress = {"name": endpoint.name, "scoringUri": self.scoring_uri}
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
        }
        self.register_outputs({"endpoint_name": self.endpoint_name, "scoring_uri": self.scoring_uri})
