"""Batch endpoints and deployments: rules, defaults, switches and refusals, through the router."""

from pathlib import Path
from typing import Any

import pytest

from learning import API, WORKSPACE, Learning, deployment_body, endpoint_body
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.requests import OperationFault
from sandbox.azure.readings import Switches
from sandbox.testing import awaited

EP = "/batchEndpoints/digits-ep"
BLUE = f"{EP}/deployments/blue"


@pytest.fixture
def ready(learning: Learning) -> Learning:
    """Everything but a deployment."""
    learning.make_workspace()
    learning.make_cluster()
    learning.make_assets()
    learning.make_endpoint()
    return learning


def lenient(tmp_path: Path, **switches: Any) -> Learning:
    made = Learning(tmp_path, Switches(**switches))
    made.make_all()
    return made


def test_an_endpoint_answers_what_the_service_adds(learning: Learning) -> None:
    learning.make_workspace()
    answer = learning.call("PUT", EP, endpoint_body(description="d"))
    assert answer.status == 201
    assert answer.body["properties"]["provisioningState"] == "Creating"
    assert "/mfeOperationsStatus/" in answer.headers["Azure-AsyncOperation"]
    assert answer.headers["x-ms-async-operation-timeout"] == "PT30M"
    assert answer.headers["Location"] == f"https://management.azure.com{WORKSPACE}{EP}?api-version={API}"
    assert learning.call("GET", answer.headers["Azure-AsyncOperation"]).body["status"] == "Updating"
    properties = learning.done("PUT", EP, endpoint_body(description="d"))["properties"]
    assert properties["provisioningState"] == "Succeeded"
    assert properties["scoringUri"] == "https://digits-ep.westeurope.inference.ml.azure.com/jobs"
    assert properties["defaults"] == {"deploymentName": None}
    assert properties["authMode"] == "AADToken"


@pytest.mark.parametrize("name", ["e", "ab", "1abc", "a-b-", "a--b", "a_b", "a" * 33])
def test_endpoint_names_follow_the_rule(learning: Learning, name: str) -> None:
    learning.make_workspace()
    assert learning.refused("PUT", f"/batchEndpoints/{name}", endpoint_body()) == (
        400,
        "ValidationError",
        (
            f"'{name}' is not a valid endpoint name: 3 to 32 letters, digits and single hyphens, the first a letter,"
            " the last a letter or digit."
        ),
    )


def test_endpoint_names_are_unique_in_the_region(learning: Learning) -> None:
    learning.make_workspace()
    learning.make_endpoint("taken")
    here = learning.store.get(WORKSPACE)
    assert here is not None
    other = WORKSPACE.replace("wsp", "other")
    learning.store.put(other, here.type, here.body | {"id": other, "name": "other"})
    assert learning.refused("PUT", f"{other}/batchEndpoints/Taken", endpoint_body()) == (
        409,
        "Conflict",
        "The endpoint name 'Taken' is taken: names are unique within an Azure region.",
    )
    elsewhere = WORKSPACE.replace("wsp", "elsewhere")
    body = here.body | {"id": elsewhere, "name": "elsewhere", "location": "northeurope"}
    learning.store.put(elsewhere, here.type, body)
    there = endpoint_body() | {"location": "northeurope"}
    scoring = learning.done("PUT", f"{elsewhere}/batchEndpoints/taken", there)["properties"]["scoringUri"]
    assert scoring == "https://taken.northeurope.inference.ml.azure.com/jobs"


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (
            {"properties": {"authMode": "Key"}},
            "UserError",
            "'properties.authMode' is 'Key'; batch endpoints allow only",
        ),
        (
            {"properties": {"authMode": "x"}},
            "InvalidRequestContent",
            "The request content was invalid: 'properties.authMode'",
        ),
        ({"tags": None}, "InvalidRequestContent", "The request content was invalid: 'tags' must not be null"),
        (
            {"identity": {"type": "UserAssigned"}},
            "CannotSetResourceIdentity",
            "'identity.type' is 'UserAssigned'; a batch endpoint allows only SystemAssigned.",
        ),
        (
            {"properties": {"authMode": "AADToken", "defaults": {"deployment_name": "x"}}},
            "InvalidRequestContent",
            "The request content was invalid: Could not find member 'deployment_name'. Path",
        ),
        ({"location": "northeurope"}, "InvalidLocation", "The location 'northeurope' is not the workspace's"),
    ],
)
def test_wrong_endpoints_are_refused(learning: Learning, change: dict[str, Any], code: str, message: str) -> None:
    learning.make_workspace()
    refusal = learning.refused("PUT", EP, endpoint_body() | change)
    assert refusal[:2] == (400, code)
    assert refusal[2].startswith(message)


def test_a_default_must_name_a_deployment(ready: Learning) -> None:
    assert ready.refused("PUT", EP, endpoint_body(defaults={"deploymentName": "blue"}))[2] == (
        "'properties.defaults.deploymentName' is 'blue', and the endpoint has no such deployment; it has: none."
    )


def test_a_put_without_defaults_clears_the_default(learning: Learning) -> None:
    learning.make_all()
    assert learning.call("GET", EP).body["properties"]["defaults"] == {"deploymentName": "blue"}
    assert learning.make_endpoint()["properties"]["defaults"] == {"deploymentName": None}


def test_the_lenient_switches(tmp_path: Path) -> None:
    learning = lenient(
        tmp_path,
        put_without_defaults_clears=False,
        delete_of_default_refused=False,
        missing_default_refused=False,
    )
    assert learning.make_endpoint()["properties"]["defaults"] == {"deploymentName": "blue"}
    learning.done("DELETE", BLUE)
    assert learning.call("GET", EP).body["properties"]["defaults"] == {"deploymentName": None}
    assert learning.make_endpoint(defaults={"deploymentName": "later"})["properties"]["defaults"] == {
        "deploymentName": "later"
    }


def test_the_first_deployment_does_not_become_the_default(ready: Learning) -> None:
    ready.done("PUT", BLUE, deployment_body())
    assert ready.call("GET", EP).body["properties"]["defaults"] == {"deploymentName": None}


def test_the_default_deployment_cannot_be_deleted(learning: Learning) -> None:
    learning.make_all()
    assert learning.refused("DELETE", BLUE) == (
        409,
        "Conflict",
        (
            "The deployment 'blue' is the default of the endpoint 'digits-ep'. Make another one the default,"
            " then delete it."
        ),
    )


def test_the_recorded_states_of_a_deployment_and_of_its_end(ready: Learning) -> None:
    green = f"{EP}/deployments/green"
    answer = ready.call("PUT", green, deployment_body())
    assert (answer.status, answer.body["properties"]["provisioningState"]) == (201, "Updating")
    assert answer.headers["Location"] == f"https://management.azure.com{WORKSPACE}{green}?api-version={API}"
    awaited(lambda: ready.call("GET", green).body["properties"]["provisioningState"] == "Succeeded" or None, "green")
    deleted = ready.call("DELETE", green)
    assert (deleted.status, deleted.body, deleted.has_null) == (202, None, True)
    assert "/mfeOperationResults/" in deleted.headers["Location"]
    assert deleted.headers["x-ms-async-operation-timeout"] == "PT30M"
    assert ready.call("GET", deleted.headers["Azure-AsyncOperation"]).body["status"] == "Updating"
    assert ready.call("GET", deleted.headers["Location"]).status == 204


def test_deleting_an_endpoint_deletes_its_deployments(learning: Learning) -> None:
    learning.make_all()
    answer = learning.call("DELETE", EP)
    assert answer.status == 202
    assert {"Azure-AsyncOperation", "Location"} <= set(answer.headers)
    assert learning.refused("PUT", EP, endpoint_body()) == (
        409,
        "AnotherOperationInProgress",
        (
            "Another operation is in progress on the endpoint 'digits-ep': 'digits-ep' is in Deleting provisioning"
            " state. Try again when it has ended."
        ),
    )
    assert learning.call("GET", answer.headers["Azure-AsyncOperation"]).body["status"] == "Succeeded"
    assert learning.store.get(WORKSPACE + BLUE) is None
    assert learning.call("DELETE", EP).status == 204


def test_entries_of_the_property_map_can_only_be_added(ready: Learning) -> None:
    made = ready.make_endpoint(properties={"mine": "1"})
    assert made["properties"]["properties"]["mine"] == "1"
    assert ready.make_endpoint()["properties"]["properties"]["mine"] == "1"
    assert ready.refused("PUT", EP, endpoint_body(properties={"mine": "2"}))[2] == (
        "'properties.properties.mine' is '1' and cannot be altered: entries can only be added."
    )


def test_patch_carries_tags_and_nothing_of_the_body(ready: Learning) -> None:
    assert ready.call("PATCH", EP, {"tags": {"a": "b"}}).body["tags"] == {"a": "b"}
    assert "Could not find member 'properties'" in ready.refused("PATCH", EP, {"properties": {"defaults": {}}})[2]


def test_a_deployment_answers_the_services_defaults(ready: Learning) -> None:
    properties = ready.done("PUT", BLUE, deployment_body())["properties"]
    expected = {
        "outputAction": "AppendRow",
        "outputFileName": "predictions.csv",
        "errorThreshold": -1,
        "loggingLevel": "Info",
        "miniBatchSize": 10,
        "maxConcurrencyPerInstance": 1,
        "retrySettings": {"maxRetries": 3, "timeout": "PT30S"},
        "resources": {"instanceCount": 1, "properties": {}},
        "provisioningState": "Succeeded",
    }
    assert {name: properties[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"model": None}, "required member 'properties.model' is missing"),
        ({"model": {"referenceType": "DataPath", "path": "x"}}, "does not model a model given as DataPath"),
        (
            {"model": {"referenceType": "Id", "assetId": f"{WORKSPACE}/models/m/versions/9"}},
            "'properties.model.assetId' is '" + WORKSPACE + "/models/m/versions/9', and there is no such version",
        ),
        (
            {"model": {"referenceType": "Id", "assetId": "azureml://registries/r/models/m/versions/1"}},
            "' is 'azureml://registries/r/models/m/versions/1', and there is no such registry. In the sandbox, ",
        ),
        (
            {"environmentId": "azureml://registries/azureml/environments/sklearn-1.5/versions/1"},
            "'azureml://registries/azureml/environments/sklearn-1.5/versions/1', a curated environment, which batch",
        ),
        (
            {"environmentId": f"{WORKSPACE}/environments/AzureML-sklearn-1.5/versions/1"},
            "a curated environment, which batch deployments do not support. Register an environment of your own;",
        ),
        ({"compute": None}, "required member 'properties.compute' is missing"),
        ({"compute": f"{WORKSPACE}/computes/x"}, "and the workspace 'wsp' has no such compute."),
        ({"environmentId": None}, "'Environment Id' must not be empty."),
        ({"environmentId": f"{WORKSPACE}/environments/e/versions/2"}, "'properties.environmentId' is"),
        ({"codeConfiguration": None}, "A model that is not of type mlflow_model needs 'properties.codeConfiguration'."),
        ({"codeConfiguration": {"scoringScript": "s.py"}}, "'properties.codeConfiguration.codeId' is missing"),
        ({"miniBatchSize": -1}, "'properties.miniBatchSize' is -1; allowed: 1 to 2147483647."),
        ({"miniBatchSize": "1O"}, "'properties.miniBatchSize' must be an integer, not '1O'"),
        ({"miniBatchSize": "0"}, "'properties.miniBatchSize' is 0; allowed: 1 to 2147483647."),
        ({"errorThreshold": -2}, "'properties.errorThreshold' is -2; allowed: -1 to 2147483647."),
        (
            {"resources": {"instanceCount": 3}},
            "'properties.resources.instanceCount' is 3; the cluster 'cpu' has at most 2",
        ),
        ({"retrySettings": {"timeout": "30"}}, "'properties.retrySettings.timeout': '30' is not an ISO 8601 duration"),
        (
            {"retrySettings": {"timeout": "PT0S"}},
            "'properties.retrySettings.timeout' is 'PT0S' (0 s); allowed: more than 0",
        ),
        ({"outputFileName": "a/b"}, "'properties.outputFileName' is 'a/b'; a file name without any of"),
        ({"outputAction": "x"}, "'properties.outputAction' is 'x'; allowed: SummaryOnly, AppendRow"),
        (
            {"deploymentConfiguration": {"deploymentConfigurationType": "PipelineComponent"}},
            "required member 'properties.deploymentConfiguration.componentId.assetId' is missing",
        ),
        ({"partitionKeys": []}, "Could not find member 'partitionKeys'. Path 'properties.partitionKeys'"),
    ],
)
def test_wrong_deployments_are_refused(ready: Learning, properties: dict[str, Any], message: str) -> None:
    assert message in ready.refused("PUT", BLUE, deployment_body(**properties))[2]


def test_a_deployment_needs_its_endpoint(learning: Learning) -> None:
    learning.make_workspace()
    assert learning.refused("PUT", BLUE, deployment_body())[:2] == (404, "NotFound")


@pytest.mark.parametrize(
    ("path", "code", "details", "inner"),
    [
        ("/batchEndpoints/none", "NotFound", ["NoSuchEndpoint"], False),
        ("/batchEndpoints/digits-ep/deployments/none", "NotFound", ["NoSuchDeployment"], False),
        ("/models/none/versions/1", "UserError", ["ModelNotFound"], False),
        ("/environments/none/versions/1", "UserError", [], True),
        ("/datastores/none", "UserError", [], True),
        ("/computes/none", "ResourceNotFound", [], None),
    ],
)
def test_what_does_not_exist_below_a_workspace(
    ready: Learning, path: str, code: str, details: list[str], *, inner: bool | None
) -> None:
    with pytest.raises(ArmError) as caught:
        ready.call("GET", path)
    error = caught.value.body()["error"]
    more = {each["type"]: each["info"]["value"] for each in error.get("additionalInfo", [])}
    assert (caught.value.status, error["code"]) == (404, code)
    assert [each["code"] for each in error["details"]] == details
    assert more.get("Location") == (None if inner is None else "westeurope")
    assert ("InnerError" in more) is bool(inner)


def test_an_older_client_reads_the_operation_in_the_properties(learning: Learning) -> None:
    learning.make_workspace()
    path = "/batchEndpoints/digits-ep"
    answer = learning.call("PUT", f"{path}?api-version=2021-10-01", endpoint_body())
    uri = answer.body["properties"]["properties"]["AzureAsyncOperationUri"]
    assert uri == answer.headers["Azure-AsyncOperation"]
    assert learning.call("GET", uri).body["status"] == "Updating"
    assert "AzureAsyncOperationUri" not in learning.call("GET", path).body["properties"]["properties"]
    learning.make_cluster()
    learning.make_assets()
    body = deployment_body(miniBatchSize="5", maxConcurrencyPerInstance="4", errorThreshold="-1")
    deployment = learning.call("PUT", f"{BLUE}?api-version=2022-05-01", body)
    assert deployment.body["properties"]["properties"] == {
        "AzureAsyncOperationUri": deployment.headers["Azure-AsyncOperation"]
    }
    assert learning.call("GET", BLUE).body["properties"]["miniBatchSize"] == 5
    assert learning.call("GET", BLUE).body["properties"]["provisioningState"] == "Succeeded"
    newer = learning.call("PUT", f"{path}?api-version=2023-10-01", endpoint_body())
    assert "AzureAsyncOperationUri" not in newer.body["properties"]["properties"]


def test_what_a_put_leaves_out_of_the_create_only_members_stays(ready: Learning) -> None:
    before = ready.done("PUT", BLUE, deployment_body(resources={"instanceCount": 2, "properties": {"a": {}}}))
    after = ready.done("PUT", BLUE, deployment_body(resources=None, codeConfiguration=None, miniBatchSize=5))
    for member in ("resources", "codeConfiguration"):
        assert after["properties"][member] == before["properties"][member]
    assert after["properties"]["resources"]["instanceCount"] == 2
    assert after["properties"]["miniBatchSize"] == 5


def test_an_endpoint_holds_twenty_deployments(ready: Learning) -> None:
    for number in range(20):
        ready.done("PUT", f"{EP}/deployments/dep-{number}", deployment_body())
    assert ready.refused("PUT", f"{EP}/deployments/dep-20", deployment_body()) == (
        400,
        "QuotaExceeded",
        "The endpoint 'digits-ep' has 20 deployments, the limit. Delete one that is not used.",
    )


def test_create_only_members_cannot_change_and_others_can(ready: Learning) -> None:
    ready.make_cluster(most=4)
    ready.done("PUT", BLUE, deployment_body())
    assert ready.refused("PUT", BLUE, deployment_body(resources={"instanceCount": 2}))[2] == (
        "'properties.resources.instanceCount' of a deployment cannot be changed: it is '1'. Make another deployment."
    )
    code = {"codeId": f"{WORKSPACE}/codes/c/versions/1", "scoringScript": "other.py"}
    assert ready.refused("PUT", BLUE, deployment_body(codeConfiguration=code))[2] == (
        "'properties.codeConfiguration.scoringScript' of a deployment cannot be changed: it is 'score.py'. Make another"
        " deployment."
    )
    answer = ready.call("PUT", BLUE, deployment_body(miniBatchSize=5))
    assert (answer.status, answer.body["properties"]["miniBatchSize"]) == (200, 5)


def test_a_deployment_that_failed_says_so(ready: Learning) -> None:
    answer = ready.call("PUT", BLUE, deployment_body(), fault=OperationFault("fail", "ImageBuildFailed", "no image"))
    status = answer.headers["Azure-AsyncOperation"]
    ready.call("GET", status)
    assert ready.call("GET", status).body["error"] == {"code": "ImageBuildFailed", "message": "no image"}
    assert ready.call("GET", BLUE).body["properties"]["provisioningState"] == "Failed"


def test_a_tag_of_an_endpoint_needs_a_value(learning: Learning) -> None:
    learning.make_workspace()
    assert learning.refused("PUT", EP, {**endpoint_body(), "tags": {"owner": ""}}) == (
        400,
        "UserError",
        "Tag values must not be null or empty.",
    )
