"""Update, refresh, import, delete and cancel through real gRPC, against a server that stands for ARM."""

import asyncio
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty

from provider_harness import (
    ENDPOINT,
    ENDPOINT_ID,
    ENDPOINT_INPUTS,
    ROLE,
    ROLE_ID,
    STORE,
    STORE_ID,
    STORE_INPUTS,
    SUBSCRIPTION,
    VAULT,
    VAULT_ID,
    VAULT_INPUTS,
    Engine2Provider,
    Scripted,
    play,
    refused,
)

pytestmark = pytest.mark.usefixtures("quick_provider")


def test_an_update_is_a_full_put_without_what_the_inputs_do_not_hold() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        await engine.create(ENDPOINT, ENDPOINT_INPUTS)
        live = engine.arm.resources[ENDPOINT_ID.lower()]
        live["properties"]["defaults"] = {"deploymentName": "d"}
        new = {**ENDPOINT_INPUTS, "tags": {"a": "1"}}
        outputs = await engine.update(ENDPOINT, ENDPOINT_ID, ENDPOINT_INPUTS, new)
        assert engine.arm.seen("PUT")[-1].body == {
            "location": "westeurope",
            "properties": {"authMode": "AADToken"},
            "tags": {"a": "1"},
        }
        assert outputs["properties"] == {"authMode": "AADToken"}

    play(scenario)


def test_lists_that_others_may_manage_are_empty_at_creation_and_kept_at_an_update() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        await engine.create(VAULT, VAULT_INPUTS)
        assert engine.arm.seen("PUT")[0].body["properties"]["accessPolicies"] == []
        policy = {"objectId": "o", "tenantId": "t", "permissions": {}}
        engine.arm.resources[VAULT_ID.lower()]["properties"]["accessPolicies"] = [policy]
        await engine.update(VAULT, VAULT_ID, VAULT_INPUTS, VAULT_INPUTS)
        assert engine.arm.seen("PUT")[1].body["properties"]["accessPolicies"] == [policy]
        _, _, inputs = await engine.read(VAULT, VAULT_ID, {"name": "v-1"}, VAULT_INPUTS)
        assert "accessPolicies" not in inputs["properties"]

    play(scenario)


def test_a_network_rule_set_that_is_taken_away_is_opened_again() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        old = {**STORE_INPUTS, "networkRuleSet": {"defaultAction": "Deny"}}
        await engine.update(STORE, STORE_ID, old, STORE_INPUTS, {"networkRuleSet": {"defaultAction": "Deny"}})
        assert engine.arm.seen("PUT")[0].body["properties"]["networkAcls"]["defaultAction"] == "Allow"

    play(scenario)


def test_an_identity_that_is_taken_away_is_sent_as_null_in_a_patch() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        def with_identities(*ids: str) -> dict[str, Any]:
            return {**STORE_INPUTS, "identity": {"type": "UserAssigned", "userAssignedIdentities": list(ids)}}

        await engine.update(STORE, STORE_ID, with_identities("/a", "/b"), with_identities("/b"))
        assert engine.arm.seen("PUT") == []
        patched = engine.arm.seen("PATCH")[0].body
        assert patched["identity"]["userAssignedIdentities"] == {"/a": None, "/b": {}}
        assert patched["kind"] == "StorageV2"
        await engine.update(STORE, STORE_ID, with_identities("/b"), with_identities("/b", "/c"))
        assert engine.arm.seen("PUT")[0].body["identity"]["userAssignedIdentities"] == {"/b": {}, "/c": {}}

    play(scenario)


@pytest.mark.parametrize(
    "answers",
    [
        [Scripted(200)],
        [Scripted(204)],
        [Scripted(404)],
        [Scripted(202, None, {"Location": "{address}/op/3"})],
    ],
)
def test_a_delete_is_followed_and_404_is_success(answers: list[Scripted]) -> None:
    async def scenario(engine: Engine2Provider) -> None:
        engine.arm.script("DELETE", "", *answers)
        engine.arm.script("GET", "/op/3", Scripted(202), Scripted(404))
        await engine.delete(ENDPOINT, ENDPOINT_ID)
        assert engine.arm.seen("DELETE")[0].query == {"api-version": "2025-12-01"}

    play(scenario)


def test_a_refused_delete_is_an_error_and_a_singleton_is_put_back_to_its_default() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        engine.arm.script("DELETE", "", Scripted(409, {"error": {"code": "ScopeLocked", "message": "locked"}}))
        failure = await refused(engine.delete(STORE, STORE_ID))
        assert failure.text == 'Status=409 Code="ScopeLocked" Message="locked"'
        blobs = f"{STORE_ID}/blobServices/default"
        engine.arm.resources[blobs.lower()] = {"id": blobs}
        given = {"resourceGroupName": "g", "accountName": "store1", "blobServicesName": "default"}
        await engine.create("storage:BlobServiceProperties", {**given, "isVersioningEnabled": True})
        await engine.delete("storage:BlobServiceProperties", blobs)
        bodies = [sent.body for sent in engine.arm.seen("PUT")]
        assert bodies == [{"properties": {"isVersioningEnabled": True}}, {}]

    play(scenario)


def test_a_refresh_takes_what_changed_in_azure_and_nothing_else() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        def fill(_path: str, body: dict[str, Any]) -> None:
            body["properties"] |= {"scoringUri": "https://x", "description": "by the service"}

        engine.arm.fill = fill
        inputs = {**ENDPOINT_INPUTS, "tags": {"a": "1", "b": "2"}}
        arm_id, state = await engine.create(ENDPOINT, inputs)
        assert await engine.read(ENDPOINT, arm_id, state, inputs) == (arm_id, state, inputs)
        live = engine.arm.resources[ENDPOINT_ID.lower()]
        live["properties"]["defaults"] = {"deploymentName": "d"}
        live["properties"]["scoringUri"] = "https://y"
        live["tags"] = {"a": "other"}
        _, outputs, refreshed = await engine.read(ENDPOINT, arm_id, state, inputs)
        assert outputs["properties"]["scoringUri"] == "https://y"
        assert refreshed == {
            **inputs,
            "tags": {"a": "other"},
            "properties": {"authMode": "AADToken", "defaults": {"deploymentName": "d"}},
        }

    play(scenario)


def test_a_refresh_of_what_is_gone_and_of_what_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(engine: Engine2Provider) -> None:
        assert (await engine.read(ENDPOINT, ENDPOINT_ID, {"name": "e-1"}, ENDPOINT_INPUTS))[0] == ""
        engine.arm.script("GET", "batchEndpoints", Scripted(403, {"error": {"code": "F", "message": "n"}}))
        failure = await refused(engine.read(ENDPOINT, ENDPOINT_ID, {"name": "e-1"}, ENDPOINT_INPUTS))
        assert failure.text == 'Status=403 Code="F" Message="n"'
        failure = await refused(engine.read(ROLE, ROLE_ID, {"name": "r-1"}, {"scope": STORE_ID}))
        assert 'Code="ResourceNotFound"' in failure.text
        monkeypatch.setenv("SANDBOX_PROVIDER_MISSING_ROLE_ASSIGNMENT", "gone")
        assert (await engine.read(ROLE, ROLE_ID, {"name": "r-1"}, {"scope": STORE_ID}))[0] == ""

    play(scenario)


def test_an_import_takes_the_names_from_the_id_and_the_inputs_from_the_answer() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        engine.arm.resources[STORE_ID.lower()] = {
            "id": STORE_ID,
            "name": "store1",
            "kind": "StorageV2",
            "location": "westeurope",
            "tags": {},
            "sku": {"name": "Standard_LRS", "tier": "Standard"},
            "properties": {
                "networkAcls": {"defaultAction": "Deny", "ipRules": []},
                "primaryEndpoints": {"blob": "https://b"},
                "supportsHttpsTrafficOnly": True,
            },
        }
        arm_id, outputs, inputs = await engine.read(STORE, STORE_ID)
        assert arm_id == STORE_ID
        assert outputs["primaryEndpoints"] == {"blob": "https://b"}
        assert inputs == {
            "resourceGroupName": "g",
            "accountName": "store1",
            "kind": "StorageV2",
            "location": "westeurope",
            "sku": {"name": "Standard_LRS"},
            "networkRuleSet": {"defaultAction": "Deny"},
            "enableHttpsTrafficOnly": True,
        }
        engine.arm.resources[ROLE_ID.lower()] = {"id": ROLE_ID, "properties": {"principalId": "p"}}
        _, _, role = await engine.read(ROLE, ROLE_ID)
        assert role == {"scope": STORE_ID.strip("/"), "roleAssignmentName": "r-1", "principalId": "p"}
        engine.arm.resources["/subscriptions/x"] = {"id": "/subscriptions/x"}
        failure = await refused(engine.read(STORE, "/subscriptions/x"))
        assert failure.text == (
            "'/subscriptions/x' is not an id of a azure-native:storage:StorageAccount: it must have the form "
            "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Storage/storageAccounts/{accountName}"
        )

    play(scenario)


def test_the_timeout_of_an_accepted_operation_keeps_the_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_PROVIDER_TIME_SCALE", "1")

    async def scenario(engine: Engine2Provider) -> None:
        headers = {"Azure-AsyncOperation": "{address}/op/1", "Retry-After": "100"}
        engine.arm.script("PUT", "batchEndpoints", Scripted(201, {}, headers))
        failure = await refused(engine.create(ENDPOINT, ENDPOINT_INPUTS, seconds=0.2))
        assert failure.text == "resource created but read failed: operation timed out"
        assert failure.not_ready is not None
        assert failure.not_ready.id == ENDPOINT_ID
        engine.arm.script("PUT", "storageAccounts", Scripted(hang=True))
        failure = await refused(engine.create(STORE, STORE_INPUTS, seconds=0.2))
        assert (failure.text, failure.not_ready) == ("operation timed out", None)

    play(scenario)


def test_cancel_ends_the_call_under_way_and_no_request_follows() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        engine.arm.script("PUT", "storageAccounts", Scripted(hang=True))
        creating = asyncio.create_task(refused(engine.create(STORE, STORE_INPUTS)))
        await engine.arm.hung.wait()
        await engine.call("Cancel", Empty())
        assert (await creating).text == "context canceled"
        before = len(engine.arm.sent)
        assert (await refused(engine.create(VAULT, VAULT_INPUTS))).text == "context canceled"
        assert len(engine.arm.sent) == before

    play(scenario)


def test_a_resource_group_is_deleted_by_its_own_path() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        arm_id, _ = await engine.create("resources:ResourceGroup", {"resourceGroupName": "g", "location": "x"})
        assert arm_id == f"/subscriptions/{SUBSCRIPTION}/resourcegroups/g"
        await engine.delete("resources:ResourceGroup", arm_id)
        assert engine.arm.resources == {}

    play(scenario)
