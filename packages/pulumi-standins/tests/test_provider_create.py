"""Creating resources through real gRPC, against a server that stands for ARM."""

from typing import Any

import pytest

from provider_harness import (
    ENDPOINT,
    ENDPOINT_ID,
    ENDPOINT_INPUTS,
    ROLE,
    STORE,
    STORE_ID,
    STORE_INPUTS,
    WORKSPACE,
    Engine2Provider,
    Scripted,
    play,
    refused,
)
from pulumi_standins.azure_native.values import decode

pytestmark = pytest.mark.usefixtures("quick_provider")


def test_create_checks_existence_puts_the_inputs_and_reads_the_outputs_back() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        def fill(_path: str, body: dict[str, Any]) -> None:
            body["properties"] |= {"scoringUri": "https://x/jobs", "provisioningState": "Succeeded", "unknown": 1}

        engine.arm.fill = fill
        arm_id, outputs = await engine.create(ENDPOINT, ENDPOINT_INPUTS)
        assert arm_id == ENDPOINT_ID
        assert [sent.method for sent in engine.arm.sent] == ["GET", "PUT", "GET"]
        assert {sent.query["api-version"] for sent in engine.arm.sent} == {"2025-12-01"}
        put = engine.arm.seen("PUT")[0]
        assert put.body == {"location": "westeurope", "properties": {"authMode": "AADToken"}}
        assert put.headers["Authorization"].startswith("Bearer e30.")
        assert outputs == {
            "azureApiVersion": "2025-12-01",
            "location": "westeurope",
            "name": "e-1",
            "properties": {
                "authMode": "AADToken",
                "provisioningState": "Succeeded",
                "scoringUri": "https://x/jobs",
            },
            "type": "t/t",
        }

    play(scenario)


def test_a_flat_resource_is_nested_and_renamed_on_the_wire_and_comes_back_flat() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        inputs = {
            **STORE_INPUTS,
            "allowSharedKeyAccess": False,
            "enableHttpsTrafficOnly": True,
            "networkRuleSet": {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": "1.2.3.4"}]},
            "identity": {"type": "UserAssigned", "userAssignedIdentities": ["/a", "/b"]},
            "encryption": {"requireInfrastructureEncryption": True, "encryptionIdentity": {}},
        }
        _, outputs = await engine.create(STORE, inputs)
        assert engine.arm.seen("PUT")[0].body == {
            "kind": "StorageV2",
            "location": "westeurope",
            "sku": {"name": "Standard_LRS"},
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/a": {}, "/b": {}}},
            "properties": {
                "allowSharedKeyAccess": False,
                "supportsHttpsTrafficOnly": True,
                "networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "1.2.3.4"}]},
                "encryption": {"requireInfrastructureEncryption": True, "identity": {}},
            },
        }
        assert outputs["networkRuleSet"] == {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": "1.2.3.4"}]}
        assert outputs["enableHttpsTrafficOnly"] is True
        assert outputs["identity"]["userAssignedIdentities"] == {"/a": {}, "/b": {}}

    play(scenario)


def test_the_specially_spelt_members_of_application_insights_and_log_analytics() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        component = {
            "resourceGroupName": "g",
            "resourceName": "ai",
            "kind": "web",
            "location": "westeurope",
            "applicationType": "web",
            "flowType": "Bluefield",
            "requestSource": "rest",
            "ingestionMode": "LogAnalytics",
            "disableLocalAuth": True,
            "workspaceResourceId": "/la",
            "publicNetworkAccessForQuery": "Enabled",
        }
        await engine.create("applicationinsights:Component", component)
        assert engine.arm.seen("PUT")[0].body == {
            "kind": "web",
            "location": "westeurope",
            "properties": {
                "Application_Type": "web",
                "Flow_Type": "Bluefield",
                "Request_Source": "rest",
                "IngestionMode": "LogAnalytics",
                "DisableLocalAuth": True,
                "WorkspaceResourceId": "/la",
                "publicNetworkAccessForQuery": "Enabled",
            },
        }
        logs = {"resourceGroupName": "g", "workspaceName": "logs", "sku": {"name": "PerGB2018"}}
        await engine.create("operationalinsights:Workspace", logs)
        assert engine.arm.seen("PUT")[1].body == {"properties": {"sku": {"name": "PerGB2018"}}}

    play(scenario)


def test_what_exists_already_is_not_created() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        await engine.create(ENDPOINT, ENDPOINT_INPUTS)
        failure = await refused(engine.create(ENDPOINT, ENDPOINT_INPUTS))
        assert failure.text == f"cannot create already existing resource '{ENDPOINT_ID}'"
        assert len(engine.arm.seen("PUT")) == 1

    play(scenario)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Scripted(204), None),
        (Scripted(200, ""), None),
        (Scripted(200, "no json"), None),
        (Scripted(403, "no"), f"cannot check existence of resource '{ENDPOINT_ID}': status code 403, no"),
    ],
)
def test_existence_check(answer: Scripted, text: str | None) -> None:
    async def scenario(engine: Engine2Provider) -> None:
        engine.arm.script("GET", "batchEndpoints", answer)
        if text is None:
            await engine.create(ENDPOINT, ENDPOINT_INPUTS)
            assert len(engine.arm.seen("PUT")) == 1
        else:
            assert (await refused(engine.create(ENDPOINT, ENDPOINT_INPUTS))).text == text
            assert engine.arm.seen("PUT") == []

    play(scenario)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (
            Scripted(400, {"error": {"code": "UserError", "message": "bad"}}),
            'Status=400 Code="UserError" Message="bad"',
        ),
        (Scripted(400, "plain"), 'Status=400 Message="plain"'),
        (Scripted(200, "<html>"), "unexpected response from Azure: '<html>', HTTP status: 200"),
    ],
)
def test_a_refused_put_leaves_nothing_in_the_state(answer: Scripted, text: str) -> None:
    async def scenario(engine: Engine2Provider) -> None:
        engine.arm.script("PUT", "roleAssignments", answer)
        inputs = {"scope": STORE_ID, "roleAssignmentName": "r-1", "principalId": "p", "roleDefinitionId": "d"}
        failure = await refused(engine.create(ROLE, inputs))
        assert failure.text == text
        assert failure.not_ready is None

    play(scenario)


def test_a_failed_operation_keeps_the_resource_as_not_ready_and_the_next_update_puts_it_again() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        failed = {"status": "Failed", "error": {"code": "QuotaExceeded", "message": "no cores"}}
        headers = {"Azure-AsyncOperation": "{address}/op/1", "retry-after-ms": "5"}
        engine.arm.script("PUT", "batchEndpoints", Scripted(201, {}, headers))
        engine.arm.script("GET", "/op/1", Scripted(200, {"status": "Creating"}), Scripted(200, failed))
        engine.arm.script("GET", "batchEndpoints", Scripted(404))
        stored = {"id": ENDPOINT_ID, "name": "e-1", "properties": {"provisioningState": "Failed"}}
        engine.arm.resources[ENDPOINT_ID.lower()] = stored
        failure = await refused(engine.create(ENDPOINT, ENDPOINT_INPUTS))
        assert failure.text == 'Status=200 Code="QuotaExceeded" Message="no cores"'
        assert failure.not_ready is not None
        assert failure.not_ready.id == ENDPOINT_ID
        assert list(failure.not_ready.reasons) == [failure.text]
        assert decode(failure.not_ready.inputs) == ENDPOINT_INPUTS
        assert decode(failure.not_ready.properties)["properties"] == {"provisioningState": "Failed"}
        await engine.update(ENDPOINT, ENDPOINT_ID, ENDPOINT_INPUTS, ENDPOINT_INPUTS)
        assert [sent.method for sent in engine.arm.sent[-2:]] == ["PUT", "GET"]

    play(scenario)


def test_a_failed_operation_whose_resource_is_gone_is_a_plain_error() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        headers = {"Azure-AsyncOperation": "{address}/op/1"}
        engine.arm.script("PUT", "batchEndpoints", Scripted(201, {}, headers))
        engine.arm.script("GET", "/op/1", Scripted(200, {"status": "Failed", "error": {"code": "X", "message": "m"}}))
        failure = await refused(engine.create(ENDPOINT, ENDPOINT_INPUTS))
        assert failure.text == 'Status=200 Code="X" Message="m"'
        assert failure.not_ready is None

    play(scenario)


def test_a_failed_operation_whose_resource_cannot_be_read() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        headers = {"Azure-AsyncOperation": "{address}/op/1"}
        engine.arm.script(
            "GET", "batchEndpoints", Scripted(404), Scripted(403, {"error": {"code": "F", "message": "n"}})
        )
        engine.arm.script("PUT", "batchEndpoints", Scripted(201, {}, headers))
        engine.arm.script("GET", "/op/1", Scripted(200, {"status": "Failed", "error": {"code": "X", "message": "m"}}))
        failure = await refused(engine.create(ENDPOINT, ENDPOINT_INPUTS))
        assert failure.text == (
            'resource created but read failed Status=403 Code="F" Message="n": Status=200 Code="X" Message="m"'
        )
        assert failure.not_ready is not None
        assert decode(failure.not_ready.properties) == {}

    play(scenario)


def test_operations_are_followed_by_location_relative_and_without_version_and_by_the_resources_own_state() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        workspace = {"resourceGroupName": "g", "workspaceName": "w-1", "location": "westeurope"}
        engine.arm.script("PUT", "workspaces", Scripted(202, {}, {"Location": "/ops/2", "Retry-After": "1"}))
        engine.arm.script("GET", "/ops/2", Scripted(202), Scripted(200, {"id": WORKSPACE}))
        engine.arm.script("GET", "workspaces", Scripted(404))
        engine.arm.resources[WORKSPACE.lower()] = {"id": WORKSPACE, "name": "w-1", "properties": {"workspaceId": "x"}}
        arm_id, outputs = await engine.create("machinelearningservices:Workspace", workspace)
        assert (arm_id, outputs["workspaceId"]) == (WORKSPACE, "x")
        assert [sent.query for sent in engine.arm.seen("GET", "/ops/2")] == [{"api-version": "2025-12-01"}] * 2
        states = [{"id": STORE_ID, "properties": {"provisioningState": state}} for state in ("Creating", "Succeeded")]
        engine.arm.script("PUT", "storageAccounts", Scripted(200, states[0]))
        engine.arm.script("GET", "storageAccounts", Scripted(404), *(Scripted(200, s) for s in [*states, states[1]]))
        _, store = await engine.create(STORE, STORE_INPUTS)
        assert store["provisioningState"] == "Succeeded"
        assert len(engine.arm.seen("GET", "storageAccounts")) == 4

    play(scenario)


def test_a_read_that_fails_after_the_write_is_only_a_warning() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        engine.arm.script("GET", "userAssigned", Scripted(404), Scripted(404))
        inputs = {"resourceGroupName": "g", "resourceName": "i", "location": "westeurope"}
        _, outputs = await engine.create("managedidentity:UserAssignedIdentity", inputs)
        assert outputs["location"] == "westeurope"

    play(scenario)
