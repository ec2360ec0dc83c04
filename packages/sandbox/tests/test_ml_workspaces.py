"""Workspaces and datastores: rules, defaults and refusals, through the router.

Does not prove that the SDK can talk to them: test_ml_sdk does.
"""

from pathlib import Path
from typing import Any

import pytest

from learning import GROUP, IDENTITY, WORKSPACE, Learning, workspace_body
from sandbox.azure.arm.requests import OperationFault
from sandbox.azure.arm.types import STORAGE_ACCOUNT
from sandbox.azure.authorization.built_in import CONTRIBUTOR
from sandbox.azure.readings import Switches


def _with_identity() -> dict[str, Any]:
    identity = {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}
    return workspace_body(primaryUserAssignedIdentity=IDENTITY) | {"identity": identity}


def test_creation_answers_202_with_location_and_a_wait_only(learning: Learning) -> None:
    answer = learning.call("PUT", "", workspace_body())
    assert (answer.status, answer.body) == (202, None)
    assert "/workspaceOperationsResults/" in answer.headers["Location"]
    assert answer.headers["retry-after-ms"]
    assert "Azure-AsyncOperation" not in answer.headers
    assert learning.call("GET", "").body["properties"]["provisioningState"] == "Creating"


def test_a_workspace_answers_what_the_service_adds(learning: Learning) -> None:
    body = learning.make_workspace()
    properties = body["properties"]
    assert body["kind"] == "Default"
    assert body["sku"] == {"name": "Basic", "tier": "Basic"}
    assert properties["provisioningState"] == "Succeeded"
    assert properties["discoveryUrl"] == "https://westeurope.api.azureml.ms/discovery"
    assert properties["friendlyName"] == "wsp"
    assert body["identity"]["principalId"] != properties["workspaceId"]


def test_a_second_put_keeps_ids_and_answers_200(learning: Learning) -> None:
    first = learning.make_workspace()
    answer = learning.call("PUT", "", workspace_body(description="new"))
    assert answer.status == 200
    assert answer.body["properties"]["workspaceId"] == first["properties"]["workspaceId"]
    assert answer.body["identity"] == first["identity"]
    assert answer.body["properties"]["description"] == "new"


@pytest.mark.parametrize("missing", ["storageAccount", "keyVault", "applicationInsights"])
def test_without_its_dependencies_there_is_no_workspace(learning: Learning, missing: str) -> None:
    body = workspace_body()
    del body["properties"][missing]
    assert learning.refused("PUT", "", body) == (
        400,
        "ValidationError",
        f"Missing dependent resources in workspace json: {missing}.",
    )


def test_a_dependency_must_exist_and_be_of_its_type(learning: Learning) -> None:
    vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
    refusal = learning.refused("PUT", "", workspace_body(storageAccount=vault))
    assert refusal[2] == f"'properties.storageAccount': Microsoft.Storage/storageAccounts '{vault}' does not exist."


def test_an_identity_is_required(learning: Learning) -> None:
    body = workspace_body() | {"identity": None}
    assert learning.refused("PUT", "", body)[2] == "Missing identity in workspace json."


def test_user_assigned_identities_answer_their_principals(learning: Learning) -> None:
    learning.grant_workspace_identity("p1")
    made = learning.done("PUT", "", _with_identity())
    assert made["identity"] == {
        "type": "UserAssigned",
        "userAssignedIdentities": {IDENTITY: {"principalId": "p1", "clientId": "c1"}},
    }


def test_a_primary_identity_without_its_roles_makes_no_workspace(learning: Learning) -> None:
    vault, insights, storage = (
        f"{GROUP}/providers/{each}"
        for each in ("Microsoft.KeyVault/vaults/kv", "Microsoft.Insights/components/ai", f"{STORAGE_ACCOUNT}/stml")
    )
    learning.grant("p1", CONTRIBUTOR, vault)
    assert learning.refused("PUT", "", _with_identity()) == (
        400,
        "WorkspaceIdentityLacksRoles",
        (
            f"The primary user-assigned identity '{IDENTITY}' (p1) of the workspace 'wsp' is missing 'Contributor' "
            f"on '{storage}', 'Storage Blob Data Contributor' on '{storage}', 'Storage File Data Privileged "
            f"Contributor' on '{storage}', 'Contributor' on '{insights}'. Grant this first, then send the request "
            "again: see "
            "https://learn.microsoft.com/azure/machine-learning/how-to-identity-based-service-authentication."
        ),
    )
    learning.grant_workspace_identity("p1")
    assert learning.done("PUT", "", _with_identity())["properties"]["provisioningState"] == "Succeeded"


def test_a_workspace_with_keys_needs_no_roles_for_data(learning: Learning) -> None:
    learning.grant("p1", CONTRIBUTOR, GROUP)
    body = _with_identity()
    body["properties"]["systemDatastoresAuthMode"] = "accessKey"
    assert learning.done("PUT", "", body)["properties"]["systemDatastoresAuthMode"] == "AccessKey"


def test_roles_of_the_primary_identity_are_a_switch(tmp_path: Path) -> None:
    learning = Learning(tmp_path, Switches(workspace_identity_needs_roles=False))
    assert learning.done("PUT", "", _with_identity())["properties"]["provisioningState"] == "Succeeded"


def _behind_a_firewall(learning: Learning, **rules: str) -> None:
    vault = learning.store.get(f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv")
    assert vault is not None
    vault.body["properties"]["networkAcls"] = {"defaultAction": "Deny"} | rules
    learning.store.put(vault.id, vault.type, vault.body)


def test_a_vault_that_keeps_trusted_services_out_makes_no_workspace(learning: Learning) -> None:
    _behind_a_firewall(learning, bypass="None")
    assert learning.refused("PUT", "", workspace_body()) == (
        400,
        "KeyVaultNotReachable",
        (
            "The firewall of the key vault 'kv' keeps out Azure's trusted services, of which machine learning is one:"
            " set 'properties.networkAcls.bypass' of the vault to AzureServices."
        ),
    )
    _behind_a_firewall(learning)
    assert learning.make_workspace()["name"] == "wsp"


def test_a_vault_s_firewall_is_a_switch(tmp_path: Path) -> None:
    learning = Learning(tmp_path, Switches(vault_must_trust_services=False))
    _behind_a_firewall(learning, bypass="None")
    assert learning.make_workspace()["name"] == "wsp"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"properties": {"keyvault": "x"}},
            "The request content was invalid: Could not find member 'keyvault'. Path 'properties.keyvault'",
        ),
        ({"tags": None}, "The request content was invalid: 'tags' must not be null"),
        ({"tags": {"a": None}}, "The request content was invalid: 'tags.a' must not be null"),
        ({"kind": "Hub"}, "The sandbox does not model a workspace of kind 'Hub' (only Default)"),
        ({"location": ""}, "The location property is required for 'wsp'"),
    ],
)
def test_what_is_wrong_is_named(learning: Learning, change: dict[str, Any], message: str) -> None:
    assert learning.refused("PUT", "", workspace_body() | change)[2].startswith(message)


def test_dependencies_are_fixed_unless_the_switch_says_otherwise(tmp_path: Any) -> None:
    learning = Learning(tmp_path, Switches(workspace_dependencies_fixed=False))
    learning.make_workspace()
    other = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv2"
    learning.store.put(other, "Microsoft.KeyVault/vaults", {"id": other, "properties": {}})
    assert learning.done("PUT", "", workspace_body(keyVault=other))["properties"]["keyVault"] == other


def test_dependencies_are_fixed(learning: Learning) -> None:
    before = learning.make_workspace()["properties"]["keyVault"]
    other = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv2"
    learning.store.put(other, "Microsoft.KeyVault/vaults", {"id": other, "properties": {}})
    assert learning.refused("PUT", "", workspace_body(keyVault=other)) == (
        400,
        "BadRequest",
        f"'properties.keyVault' of a workspace cannot be changed: it is '{before}'.",
    )


def test_application_insights_can_be_changed(learning: Learning) -> None:
    learning.make_workspace()
    other = f"{GROUP}/providers/Microsoft.Insights/components/ai2"
    learning.store.put(other, "Microsoft.Insights/components", {"id": other, "properties": {}})
    learning.call("PATCH", "", {"properties": {"applicationInsights": other}})
    assert learning.call("GET", "").body["properties"]["applicationInsights"] == other


def test_a_deleted_workspace_keeps_its_name_until_it_is_purged(learning: Learning) -> None:
    learning.make_workspace()
    learning.make_cluster()
    learning.done("DELETE", "")
    assert learning.refused("GET", "")[0] == 404
    assert learning.store.get(f"{WORKSPACE}/computes/cpu") is None
    assert learning.refused("PUT", "", workspace_body()) == (
        400,
        "BadRequest",
        "Soft-deleted workspace exists. Please purge or recover it.",
    )
    assert learning.call("DELETE", "?forceToPurge=true").status == 200
    assert learning.make_workspace()["properties"]["provisioningState"] == "Succeeded"


def test_a_purged_workspace_leaves_its_name_free(learning: Learning) -> None:
    learning.make_workspace()
    learning.done("DELETE", "?forceToPurge=true")
    assert learning.call("DELETE", "").status == 204
    assert learning.make_workspace()["name"] == "wsp"


def test_a_failed_creation_leaves_a_failed_workspace_that_a_put_mends(learning: Learning) -> None:
    answer = learning.call("PUT", "", workspace_body(), fault=OperationFault("fail", "Broken", "as asked"))
    learning.call("GET", answer.headers["Location"])
    assert learning.refused("GET", answer.headers["Location"]) == (409, "Broken", "as asked")
    assert learning.call("GET", "").body["properties"]["provisioningState"] == "Failed"
    assert learning.make_workspace()["properties"]["provisioningState"] == "Succeeded"


def test_patch_changes_what_it_names(learning: Learning) -> None:
    before = learning.make_workspace()
    answer = learning.call("PATCH", "", {"tags": {"a": "b"}, "properties": {"imageBuildCompute": "builder"}})
    assert answer.body["tags"] == {"a": "b"}
    assert answer.body["properties"]["imageBuildCompute"] == "builder"
    assert answer.body["properties"]["keyVault"] == before["properties"]["keyVault"]


def test_system_datastores_have_containers_of_their_own(learning: Learning) -> None:
    guid = learning.make_workspace()["properties"]["workspaceId"]
    listed = learning.call("GET", "/datastores").body["value"]
    assert [each["name"] for each in listed] == [
        "workspaceblobstore",
        "workspaceartifactstore",
        "workspacefilestore",
        "workspaceworkingdirectory",
    ]
    blobs = learning.call("GET", "/datastores/workspaceblobstore").body["properties"]
    assert (blobs["accountName"], blobs["containerName"]) == ("stml", f"azureml-blobstore-{guid}")
    assert blobs["credentials"] == {"credentialsType": "None"}
    default = learning.call("GET", "/datastores?isDefault=true&count=30&orderByAsc=false").body["value"]
    assert [each["name"] for each in default] == ["workspaceblobstore"]


def test_secrets_exist_only_without_identity_mode(learning: Learning) -> None:
    learning.make_workspace(systemDatastoresAuthMode="AccessKey")
    blobs = learning.call("GET", "/datastores/workspaceblobstore").body["properties"]
    assert blobs["credentials"] == {"credentialsType": "AccountKey", "secrets": {"secretsType": "AccountKey"}}
    asked = {"expirableSecret": True, "expireAfterHours": 1}
    secrets = learning.call("POST", "/datastores/workspaceblobstore/listSecrets", asked).body
    assert secrets["secretsType"] == "Sas"
    assert "sig=" in secrets["sasToken"]


def test_identity_mode_has_no_secrets(learning: Learning) -> None:
    learning.make_workspace()
    assert learning.refused("POST", "/datastores/workspaceblobstore/listSecrets", {})[2] == (
        "The datastore 'workspaceblobstore' has no secrets: it is used with the caller's identity."
    )


def test_a_datastore_never_answers_its_key(learning: Learning) -> None:
    learning.make_workspace()
    credentials = {"credentialsType": "AccountKey", "secrets": {"secretsType": "AccountKey", "key": "S0VZ"}}
    properties = {"datastoreType": "AzureBlob", "accountName": "stml", "containerName": "data", "properties": None}
    answer = learning.call("PUT", "/datastores/mine", {"properties": properties | {"credentials": credentials}})
    assert answer.status == 201
    assert answer.body["properties"]["credentials"] == {
        "credentialsType": "AccountKey",
        "secrets": {"secretsType": "AccountKey"},
    }
    assert learning.call("POST", "/datastores/mine/listSecrets", {}).body == {
        "secretsType": "AccountKey",
        "key": "S0VZ",
    }
    moved = properties | {"credentials": credentials, "containerName": "y"}
    assert learning.refused("PUT", "/datastores/mine", {"properties": moved})[2] == (
        "'properties.containerName' of a datastore cannot be changed: it is 'data'."
    )


def test_a_datastore_names_what_storage_can_have(learning: Learning) -> None:
    learning.make_workspace()
    body = {"datastoreType": "AzureBlob", "accountName": "stml", "credentials": {"credentialsType": "None"}}
    assert learning.refused("PUT", "/datastores/d", {"properties": body | {"containerName": ".."}}) == (
        400,
        "ValidationError",
        (
            "'properties.containerName' is '..'; allowed: 3 to 63 lower-case letters, digits and single hyphens,"
            " no hyphen at an end."
        ),
    )


def test_the_default_datastore_stays(learning: Learning) -> None:
    learning.make_workspace()
    assert learning.refused("DELETE", "/datastores/workspaceblobstore")[2] == (
        "The default datastore 'workspaceblobstore' cannot be deleted."
    )


def test_a_query_parameter_that_is_not_modelled_is_refused(learning: Learning) -> None:
    learning.make_workspace()
    status, code, message = learning.refused("GET", "/computes?$skip=abc")
    assert (status, code) == (501, "NotModelledInSandbox")
    assert message.startswith(f"The sandbox does not model the query parameter '$skip' of GET {WORKSPACE}/computes")
