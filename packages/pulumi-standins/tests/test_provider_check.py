"""Names, locations and validation, through real gRPC."""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from provider_harness import COMPUTE, ENDPOINT, GROUP, LOGIN, ROLE, STORE, Engine2Provider, play, refused
from pulumi_standins.azure_native.resources import RESOURCES
from pulumi_standins.azure_native.values import UNKNOWN

pytestmark = pytest.mark.usefixtures("quick_provider")

SEED = bytes(range(32))
SUFFIX = "630dcd29"  # the first 8 hex digits of the seed's SHA-256
Options = provider_pb2.CheckRequest.AutonamingOptions


def endpoint(**more: Any) -> dict[str, Any]:
    return {"resourceGroupName": "g", "workspaceName": "w-1", "properties": {"authMode": "AADToken"}, **more}


def test_a_random_name_is_the_logical_name_with_a_suffix_of_the_seed_and_may_be_created_first() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        inputs, failures = await engine.check(ENDPOINT, endpoint(location="x"), randomSeed=SEED)
        assert inputs == endpoint(
            location="x", endpointName=f"thing{SUFFIX}", __createBeforeDelete=True, azureApiVersion="2025-12-01"
        )
        assert failures == []
        other, _ = await engine.check(ENDPOINT, endpoint(location="x"))
        assert other["endpointName"] != inputs["endpointName"]
        assert len(other["endpointName"]) == len("thing") + 8

    play(scenario)


def test_a_copied_name_a_uuid_and_a_name_of_the_programs_own() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        compute = {"resourceGroupName": "g", "workspaceName": "w-1", "location": "x"}
        inputs, _ = await engine.check(COMPUTE, compute, randomSeed=SEED)
        assert (inputs["computeName"], "__createBeforeDelete" in inputs) == ("thing", False)
        role = {"scope": "/s", "principalId": "p", "roleDefinitionId": "d"}
        inputs, _ = await engine.check(ROLE, role, randomSeed=SEED)
        assert inputs["roleAssignmentName"] == "630dcd29-66c4-3366-9112-5448bbb25b4f"
        assert inputs["__createBeforeDelete"] is True
        inputs, _ = await engine.check(ENDPOINT, endpoint(location="x", endpointName="mine"), randomSeed=SEED)
        assert (inputs["endpointName"], "__createBeforeDelete" in inputs) == ("mine", False)

    play(scenario)


def test_the_name_of_the_last_deployment_stays() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        olds = endpoint(endpointName="thing11111111", __createBeforeDelete=True, location="old")
        inputs, _ = await engine.check(ENDPOINT, endpoint(), olds, randomSeed=SEED)
        assert inputs == {**olds, "azureApiVersion": "2025-12-01"}

    play(scenario)


@pytest.mark.parametrize(
    ("token", "mode", "name", "made_up"),
    [
        (ENDPOINT, Options.PROPOSE, "proposed", True),
        (ENDPOINT, Options.ENFORCE, "proposed", True),
        (ENDPOINT, Options.DISABLE, None, False),
        (COMPUTE, Options.PROPOSE, "proposed", True),
        (ROLE, Options.PROPOSE, "630dcd29-66c4-3366-9112-5448bbb25b4f", True),
        (ROLE, Options.ENFORCE, "proposed", True),
    ],
)
def test_the_engines_autonaming(token: str, mode: Any, name: str | None, made_up: bool) -> None:
    async def scenario(engine: Engine2Provider) -> None:
        given = {"resourceGroupName": "g", "workspaceName": "w-1", "location": "x", "properties": {"authMode": "a"}}
        given |= {"scope": "/s", "principalId": "p", "roleDefinitionId": "d"}
        autonaming = Options(proposed_name="proposed", mode=mode)
        inputs, failures = await engine.check(token, given, randomSeed=SEED, autonaming=autonaming)
        parameter = RESOURCES[f"azure-native:{token}"].autoname[0]
        assert inputs.get(parameter) == name
        assert ("__createBeforeDelete" in inputs) == made_up
        assert failures == ([] if name else [f"missing required property '{parameter}'"])

    play(scenario)


def test_the_location_comes_from_the_config_or_the_resource_group_and_is_remembered() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        engine.arm.resources[GROUP.lower()] = {"location": "northeurope"}
        for _ in range(2):
            inputs, _ = await engine.check(ENDPOINT, endpoint())
            assert inputs["location"] == "northeurope"
        assert [sent.query for sent in engine.arm.seen("GET")] == [{"api-version": "2020-10-01"}]
        inputs, _ = await engine.check(ENDPOINT, endpoint(resourceGroupName=UNKNOWN))
        assert inputs["location"] is UNKNOWN
        await engine.configure({**LOGIN, "location": "westus"})
        inputs, _ = await engine.check(ENDPOINT, endpoint())
        assert inputs["location"] == "westus"

    play(scenario)


def test_without_any_location_the_message_says_how_to_set_one() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        _, failures = await engine.check("resources:ResourceGroup", {})
        hint = "Either set it explicitly or configure it with 'pulumi config set azure-native:location <value>'."
        assert failures == [f"missing required property 'location'. {hint}"]
        _, failures = await engine.check(ENDPOINT, endpoint())
        assert failures[0].startswith("missing required property 'location'.")

    play(scenario)


def test_every_reason_is_reported() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        wrong = {
            "accountName": "A",
            "kind": 3,
            "sku": {},
            "tags": {"ignored": 1},
            "allowSharedKeyAccess": "unchecked by the provider",
            "networkRuleSet": {"ipRules": "x"},
            "location": UNKNOWN,
            "unknown": 1,
        }
        _, failures = await engine.check(STORE, wrong)
        assert sorted(failures) == [
            "'accountName' does not match expression '^[a-z0-9]+$'",
            "'accountName' is too short (1): at least 3 characters required",
            "'allowSharedKeyAccess' should be of type 'boolean' but got a string",
            "'kind' should be of type 'string' but got a number",
            "'networkRuleSet.ipRules' should be of type 'array' but got a string",
            "missing required property 'resourceGroupName'",
            "missing required property 'sku.name'",
        ]
        _, failures = await engine.check(
            STORE,
            {
                "location": "x",
                "kind": "k",
                "sku": {"name": "s"},
                "resourceGroupName": "g",
                "accountName": "a" * 25,
                "tags": [],
            },
        )
        assert failures == [
            "'tags' should be of type 'object' but got an array",
            "'accountName' is too long (25): at most 24 characters allowed",
        ]
        given = {"resourceGroupName": "g", "workspaceName": "-", "location": "x"}
        _, failures = await engine.check("machinelearningservices:Workspace", given)
        assert failures == ["'workspaceName' does not match expression '^[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}$'"]
        logs = {"resourceGroupName": "g", "workspaceName": "logs", "location": "x", "retentionInDays": 1.5}
        _, failures = await engine.check("operationalinsights:Workspace", logs)
        assert failures == ["'retentionInDays' must be an integer but got 1.500000"]

    play(scenario)


def test_a_type_that_is_not_modelled_is_refused_by_name() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        failure = await refused(engine.check("network:VirtualNetwork", {}))
        assert failure.text.startswith(
            "the azure-native stand-in does not support the resource type azure-native:network:VirtualNetwork. It "
            "supports: applicationinsights:Component, authorization:ManagementLockByScope, "
        )
        assert failure.text.endswith("deploy this stack to Azure with the real provider.")

    play(scenario)
