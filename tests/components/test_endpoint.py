"""BatchEndpoint: Entra tokens only, nothing that a release's PUT would drop."""

from typing import Any

import pulumi

from components.endpoint import BatchEndpoint, BatchEndpointArgs
from tests.components.recorder import recorded

ARGS: BatchEndpointArgs = {
    "resource_group_name": "rg",
    "workspace_name": "ws",
    "location": "westeurope",
    "description": "Reads digits",
    "tags": {"owner": "ml"},
}


def test_the_exact_list() -> None:
    assert recorded(lambda: BatchEndpoint("digits", ARGS)).declared() == [
        ("azure-native:machinelearningservices:BatchEndpoint", "digits"),
        ("azureml-batch:index:BatchEndpoint", "digits"),
    ]


def test_the_body_at_creation() -> None:
    """No defaults, identity, kind, sku or keys: the release owns the body, and would drop them."""
    assert recorded(lambda: BatchEndpoint("digits", ARGS)).inputs("BatchEndpoint") == {
        "location": "westeurope",
        "properties": {"authMode": "AADToken", "description": "Reads digits"},
        "resourceGroupName": "rg",
        "tags": {"owner": "ml"},
        "workspaceName": "ws",
    }


def test_its_body_is_the_release_s_after_creation() -> None:
    request = recorded(lambda: BatchEndpoint("digits", ARGS)).request("BatchEndpoint", "digits")
    assert list(request.ignoreChanges) == ["properties", "tags"]


def test_a_name_that_is_too_long_is_cut_and_not_refused_by_azure() -> None:
    declared = recorded(lambda: BatchEndpoint("digits-written-by-many-hands", ARGS)).declared()
    assert declared[0] == ("azure-native:machinelearningservices:BatchEndpoint", "digits-written-b-x262714")


def test_what_a_release_is_told() -> None:
    told: dict[str, Any] = {}

    def declare() -> None:
        endpoint = BatchEndpoint("digits", ARGS)
        leaves = {**endpoint.for_release, **endpoint.address}
        pulumi.Output.all(*leaves.values()).apply(lambda known: told.update(zip(leaves, known, strict=True)))

    recorded(declare)
    assert told == {
        "auth_mode": "AADToken",
        "description": "Reads digits",
        "endpoint_api_version": "2025-12-01",
        "endpoint_created_at": "2026-01-02T03:04:05Z",
        "endpoint_id": "/BatchEndpoint/digits",
        "endpoint_name": "digits-physical",
        "endpoint_tags": {"owner": "ml"},
        "location": "westeurope",
        "name": "digits-physical",
        "scoringUri": "https://scoring/jobs",
        "state_default": "mlp-refreshed",
    }
