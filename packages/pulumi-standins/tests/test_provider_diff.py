"""Diffs, replacements and previews, through real gRPC."""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from provider_harness import COMPUTE, ENDPOINT, ROLE, STORE, Engine2Provider, play, urn
from pulumi_standins.azure_native.values import UNKNOWN, decode, encode

pytestmark = pytest.mark.usefixtures("quick_provider")


def endpoint(**more: Any) -> dict[str, Any]:
    return {"resourceGroupName": "g", "workspaceName": "w-1", "properties": {"authMode": "AADToken"}, **more}


async def diff(
    engine: Engine2Provider, token: str, old: dict[str, Any], new: dict[str, Any], state: dict[str, Any] | None = None
) -> tuple[dict[str, str], list[str], bool]:
    request = provider_pb2.DiffRequest(
        urn=urn(token), old_inputs=encode(old), news=encode(new), olds=encode(state or {})
    )
    answer = await engine.call("Diff", request)
    some = answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert some == bool(answer.detailedDiff)
    assert sorted(answer.diffs) == sorted(answer.detailedDiff)
    kinds = {path: provider_pb2.PropertyDiff.Kind.Name(found.kind) for path, found in answer.detailedDiff.items()}
    return kinds, sorted(answer.replaces), answer.deleteBeforeReplace


NONE: tuple[dict[str, str], list[str], bool] = ({}, [], False)


@pytest.mark.parametrize(
    ("token", "old", "new", "expected"),
    [
        (STORE, {"location": "West Europe"}, {"location": "westeurope"}, NONE),
        (STORE, {"resourceGroupName": "G"}, {"resourceGroupName": "g"}, NONE),
        (STORE, {"__createBeforeDelete": True}, {}, NONE),
        (STORE, {"tags": {"n": 1}}, {"tags": {"n": 1.0}}, NONE),
        (STORE, {"location": "a"}, {"location": "b"}, ({"location": "UPDATE_REPLACE"}, ["location"], True)),
        (
            STORE,
            {"accountName": "a", "__createBeforeDelete": True},
            {"accountName": "b"},
            ({"accountName": "UPDATE_REPLACE"}, ["accountName"], False),
        ),
        (STORE, {"accountName": "a"}, {"accountName": UNKNOWN},
         ({"accountName": "UPDATE_REPLACE"}, ["accountName"], True)),
        (STORE, {"tags": {"a.b": "1"}}, {"tags": {"a.b": "2", "c": "3"}},
         ({'tags["a.b"]': "UPDATE", "tags.c": "ADD"}, [], False)),
        (STORE, {"isHnsEnabled": True}, {}, ({"isHnsEnabled": "DELETE_REPLACE"}, ["isHnsEnabled"], True)),
        (ENDPOINT, {"properties": {"defaults": {"deploymentName": "d"}, "authMode": "AADToken"}},
         {"properties": {"authMode": "AADToken"}}, ({"properties.defaults": "DELETE"}, [], False)),
        # Create-only in the specification, but nested: the provider does not replace.
        ("machinelearningservices:BatchDeployment", {"properties": {"codeConfiguration": {"codeId": "a"}}},
         {"properties": {"codeConfiguration": {"codeId": "b"}}},
         ({"properties.codeConfiguration.codeId": "UPDATE"}, [], False)),
        (COMPUTE, {"location": "a", "properties": {"properties": {"vmSize": "A"}}},
         {"location": "b", "properties": {"properties": {"vmSize": "B"}}},
         ({"location": "UPDATE", "properties.properties.vmSize": "UPDATE"}, [], False)),
        (ENDPOINT, {"azureApiVersion": "2024-01-01"}, {"azureApiVersion": "2025-12-01"},
         ({"azureApiVersion": "UPDATE"}, [], False)),
        (ROLE, {"principalId": "a"}, {"principalId": "b"}, ({"principalId": "UPDATE_REPLACE"}, ["principalId"], True)),
        (ROLE, {}, {"principalType": "User"}, NONE),
        (ROLE, {}, {"principalType": "Group"}, ({"principalType": "ADD"}, [], False)),
        ("authorization:RoleDefinition", {"assignableScopes": ["a", "b"]}, {"assignableScopes": ["a", "c", "d"]},
         ({"assignableScopes[1]": "UPDATE", "assignableScopes[2]": "ADD"}, [], False)),
        ("monitor:ScheduledQueryRule", {"scopes": ["a"]}, {"scopes": ["b"]},
         ({"scopes[0]": "UPDATE_REPLACE"}, ["scopes[0]"], True)),
        # Access policies are a set with keys, so their order does not matter.
        ("keyvault:Vault",
         {"properties": {"accessPolicies": [{"objectId": "1", "tenantId": "t"}, {"objectId": "2", "tenantId": "t"}]}},
         {"properties": {"accessPolicies": [{"objectId": "2", "tenantId": "T"}, {"objectId": "1", "tenantId": "t"}]}},
         ({"properties.accessPolicies[0].tenantId": "UPDATE"}, [], False)),
    ],
)  # fmt: skip
def test_diff(token: str, old: dict[str, Any], new: dict[str, Any], expected: Any) -> None:
    async def scenario(engine: Engine2Provider) -> None:
        assert await diff(engine, token, old, new) == expected

    play(scenario)


def test_a_replacing_property_that_is_added_with_the_value_it_has_already_does_not_replace() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        new = {"location": "westeurope"}
        assert await diff(engine, STORE, {}, new, {"location": "westeurope"}) == ({"location": "ADD"}, [], False)
        found = await diff(engine, STORE, {}, new, {"location": "eastus"})
        assert found == ({"location": "ADD_REPLACE"}, ["location"], True)

    play(scenario)


def test_a_state_from_before_version_3_shows_no_api_version_change() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        version = {"azureApiVersion": "2025-12-01"}
        assert await diff(engine, ENDPOINT, {}, version, version) == NONE

    play(scenario)


def test_the_preview_of_a_create_knows_the_inputs_only() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        given = endpoint(endpointName="e", location="x", tags={"a": "1", "b": UNKNOWN}, azureApiVersion="2025-12-01")
        arm_id, outputs = await engine.create(ENDPOINT, given, preview=True)
        assert arm_id == ""
        assert outputs["location"] == "x"
        assert outputs["tags"] == {"a": "1", "b": UNKNOWN}
        assert outputs["properties"]["authMode"] == "AADToken"
        assert outputs["properties"]["scoringUri"] is UNKNOWN
        assert outputs["name"] is UNKNOWN
        assert outputs["systemData"] is UNKNOWN
        assert "azureApiVersion" not in outputs
        compute = {"resourceGroupName": "g", "workspaceName": "w-1",
                   "properties": {"computeType": "AmlCompute", "properties": {"vmSize": "S"}}}  # fmt: skip
        _, outputs = await engine.create(COMPUTE, compute, preview=True)
        assert outputs["properties"] == compute["properties"]
        assert engine.arm.sent == []

    play(scenario)


def test_the_preview_of_an_update_keeps_name_and_location() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        state = {"name": "e", "location": "x", "properties": {"scoringUri": "https://x"}}
        outputs = await engine.update(ENDPOINT, "/id", endpoint(), endpoint(), state, preview=True)
        assert (outputs["name"], outputs["location"]) == ("e", "x")
        assert outputs["properties"]["scoringUri"] is UNKNOWN
        assert engine.arm.sent == []

    play(scenario)


def test_values_survive_the_way_there_and_back() -> None:
    values = {"a": [1, 2.5, True, "x", UNKNOWN, {"b": {}}, []], "n": {"deep": UNKNOWN}}
    assert decode(encode(values)) == values
    assert decode(encode({"gone": None})) == {}
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "s"}
    assert decode(encode({"s": secret})) == {"s": "s"}
