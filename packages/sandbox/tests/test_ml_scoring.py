"""Scoring requests: routing, overrides, what the runner is handed, and what clients read of a job, through the router.

Does not run jobs: the runner here only remembers.
"""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from learning import ACCOUNT, CALLER, SUBSCRIPTION, WORKSPACE, Learning, deployment_body
from sandbox.azure.jobs.records import RunRecords
from sandbox.azure.jobs.request import CodeFiles, EnvironmentSpec, InputLocation, JobRequest, ModelFiles, OutputLocation
from sandbox.azure.machine_learning.jobs.inputs import sentences
from sandbox.azure.readings import PROFILES

HOST = "https://digits-ep.westeurope.inference.ml.azure.com/jobs"
API_HOST = "https://westeurope.api.azureml.ms"
HISTORY = f"{API_HOST}/history/v1.0{WORKSPACE}"
FOLDER = "azureml://datastores/workspaceblobstore/paths/in/"
THERE = "https://elsewhere.blob.core.windows.net/data/heart"


@pytest.fixture
def ready(learning: Learning) -> Learning:
    """An endpoint whose default deployment is ``blue``."""
    learning.make_all()
    return learning


def asked(**properties: Any) -> dict[str, Any]:
    """Return a scoring request for a folder."""
    folder = {"UriFolder": {"jobInputType": "UriFolder", "uri": FOLDER}}
    return {"properties": {"inputData": folder, **properties}}


def container(learning: Learning) -> str:
    name: str = learning.call("GET", "/datastores/workspaceblobstore").body["properties"]["containerName"]
    return name


def test_the_runner_is_handed_everything(ready: Learning) -> None:
    answer = ready.call("POST", HOST, asked())
    assert answer.status == 201
    (job,) = ready.jobs.submitted
    assert (answer.body["name"], answer.body["properties"]["status"]) == (job.name, "Preparing")
    own = container(ready)
    assert job == JobRequest(
        name=job.name,
        child_id=job.child_id,
        workspace_id=WORKSPACE,
        endpoint="digits-ep",
        deployment="blue",
        location="westeurope",
        compute=f"{WORKSPACE}/computes/cpu",
        input=InputLocation("folder", ACCOUNT, own, "in/", by_identity=True),
        output=OutputLocation(ACCOUNT, own, f"azureml/{job.child_id}/score/", "predictions.csv", by_identity=True),
        model=ModelFiles("folder", ACCOUNT, own, "models/one/model/", "model", "custom_model"),
        code=CodeFiles(ACCOUNT, own, "code/src/"),
        scoring_script="score.py",
        environment=EnvironmentSpec("e", "1", "img:1", '{\n  "name": "e"\n}'),
        caller=CALLER.object_id,
    )


def test_overrides_in_any_case(ready: Learning) -> None:
    body = {
        "Properties": {
            "INPUTDATA": {"x": {"JobInputType": "urifile", "Uri": FOLDER + "a.png"}},
            "MiniBatchSize": 3,
            "Compute": {"IsLocal": False, "InstanceCount": 2},
            "RetrySettings": {"MaxRetries": 0, "Timeout": "PT45S"},
            "ErrorThreshold": 7,
            "OutputFileName": "o.csv",
        }
    }
    ready.call("POST", HOST, body)
    (job,) = ready.jobs.submitted
    assert job.input == InputLocation("file", ACCOUNT, container(ready), "in/a.png", by_identity=True)
    assert (job.mini_batch_size, job.instance_count, job.max_retries, job.timeout_seconds) == (3, 2, 0, 45.0)
    assert (job.error_threshold, job.output.file_name) == (7, "o.csv")


@pytest.mark.parametrize(
    ("output", "prefix", "name"),
    [
        ("azureml://datastores/workspaceblobstore/paths/mine/x.csv", "mine/", "x.csv"),
        ("azureml://datastores/workspaceblobstore/paths/mine/out", "mine/out/", "predictions.csv"),
        (f"{WORKSPACE}/datastores/workspaceblobstore/paths/mine/", "mine/", "predictions.csv"),
    ],
)
def test_an_output_of_the_callers_own(ready: Learning, output: str, prefix: str, name: str) -> None:
    ready.call("POST", HOST, asked(outputData={"any": {"jobOutputType": "UriFile", "uri": output}}))
    (job,) = ready.jobs.submitted
    assert job.output == OutputLocation(ACCOUNT, container(ready), prefix, name, by_identity=True)


@pytest.mark.parametrize(
    ("dataset", "kind", "path"),
    [
        ({"DataInputType": "dataurl", "Path": FOLDER}, "folder", "in/"),
        ({"dataInputType": "DataUrl", "path": FOLDER + "a.png"}, "file", "in/a.png"),
        ({"dataInputType": "DataUrl", "path": FOLDER + "later"}, "folder", "in/later/"),
        ({"dataInputType": "DatasetId", "datasetId": f"{WORKSPACE}/data/d/versions/1"}, "folder", "in/deep/"),
        ({"dataInputType": "DatasetVersion", "datasetName": "d", "datasetVersion": 1}, "folder", "in/deep/"),
        ({"dataInputType": "DatasetVersion", "datasetName": "one", "datasetVersion": "1"}, "file", "in/a.png"),
    ],
)
def test_the_older_form_of_an_input(ready: Learning, dataset: dict[str, Any], kind: str, path: str) -> None:
    own = container(ready)
    ready.blobs.write(ACCOUNT, own, "in/a.png", b"")
    ready.call("PUT", "/data/d/versions/1", {"properties": {"dataType": "uri_folder", "dataUri": FOLDER + "deep"}})
    ready.call("PUT", "/data/one/versions/1", {"properties": {"dataType": "uri_file", "dataUri": FOLDER + "a.png"}})
    answer = ready.call("POST", HOST, {"properties": {"dataset": dataset}})
    its = ready.jobs.submitted[0].input
    assert (its.kind, its.account, its.container, its.path) == (kind, ACCOUNT, own, path)
    assert answer.body["properties"]["inputData"] == {}


def test_the_older_form_of_an_input_in_storage_that_is_not_here(ready: Learning) -> None:
    answer = ready.call("POST", HOST, {"properties": {"dataset": {"dataInputType": "DataUrl", "path": THERE}}})
    its = ready.jobs.submitted[0].input
    assert (answer.status, its.kind, its.account, its.path) == (201, "folder", "elsewhere", "heart/")


def test_the_older_form_of_an_output(ready: Learning) -> None:
    dataset = {"datastoreId": f"azureml:{WORKSPACE}/datastores/workspaceblobstore", "path": "/p/"}
    ready.call("POST", HOST, asked(outputDataset=dataset, outputFileName="f.csv"))
    assert ready.jobs.submitted[0].output == OutputLocation(ACCOUNT, container(ready), "p/", "f.csv", by_identity=True)


@pytest.mark.parametrize(
    "uri",
    [
        f"{WORKSPACE}/data/d/versions/1",
        f"azureml:{WORKSPACE}/data/d/versions/1",
        "azureml://locations/westeurope/workspaces/x/data/d/labels/latest",
        "azureml://locations/westeurope/workspaces/x/data/d/versions/labels/latest",
        f"{WORKSPACE}/data/d/labels/latest",
        f"azureml:{WORKSPACE}/data/d/versions/labels/latest",
        f"azureml:/{WORKSPACE.replace('/providers/Microsoft.MachineLearningServices', '')}/data/d/labels/latest",
        "azureml://locations/westeurope/workspaces/x/data/d/versions/1",
    ],
)
def test_a_data_asset_as_input(ready: Learning, uri: str) -> None:
    ready.call("PUT", "/data/d/versions/1", {"properties": {"dataType": "uri_folder", "dataUri": FOLDER + "deep"}})
    ready.call("POST", HOST, asked(inputData={"a": {"jobInputType": "UriFolder", "uri": uri}}))
    assert ready.jobs.submitted[0].input == InputLocation(
        "folder", ACCOUNT, container(ready), "in/deep/", by_identity=True
    )


@pytest.mark.parametrize(
    ("kind", "uri", "place"),
    [
        ("Folder", "wasbs://data@elsewhere.blob.core.windows.net/in/deep", ("folder", "elsewhere", "data", "in/deep/")),
        ("File", "abfss://data@elsewhere.dfs.core.windows.net/in/a.csv", ("file", "elsewhere", "data", "in/a.csv")),
    ],
)
def test_a_path_in_a_storage_account(
    ready: Learning, *, kind: str, uri: str, place: tuple[Literal["folder", "file"], str, str, str]
) -> None:
    ready.call("POST", HOST, asked(inputData={"a": {"jobInputType": f"Uri{kind}", "uri": uri}}))
    assert ready.jobs.submitted[0].input == InputLocation(*place, by_identity=True)


def test_what_a_job_cannot_read_here_is_said_before(ready: Learning) -> None:
    ready.call("PUT", "/data/d/versions/1", {"properties": {"dataType": "uri_file", "dataUri": THERE + "/a.csv"}})
    asset = f"{WORKSPACE}/data/d/versions/1"
    web = "https://raw.example.org/a.csv"
    here = (FOLDER, FOLDER + "a.csv", "azureml://datastores/none/paths/x", "azureml://datastores/workspaceblobstore")
    no_account = (
        "cannot be read here: the sandbox has no storage account 'elsewhere', and reads nothing from Azure. To put a"
        " copy of the files there: python -m sandbox data add"
    )
    assert sentences(ready.world, [*here, THERE, asset, web]) == [
        f"'{THERE}' {no_account} {THERE}/ COPY",
        f"'{asset}' {no_account} {THERE}/a.csv COPY",
        (
            f"'{web}' cannot be read here: The sandbox does not model data at '{web}' (only *.blob.core.windows.net,"
            " datastores and data assets). See behaviour.md of the sandbox for what it does."
        ),
    ]
    ready.blobs.create_container("elsewhere", "data")
    assert sentences(ready.world, [THERE, asset]) == []


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"inputData": {}}, "'properties.inputData' has 0 inputs; a model deployment takes exactly one."),
        (
            {"inputData": {"a": {"jobInputType": "Literal", "value": 1}}},
            "which only pipeline component deployments take",
        ),
        ({"inputData": {"a": {"jobInputType": "MLTable", "uri": "x"}}}, "is 'MLTable'; allowed: UriFolder, UriFile."),
        ({"inputData": {"a": {"jobInputType": "UriFolder", "uri": FOLDER + "*.png"}}}, "patterns are not supported"),
        (
            {"inputData": {"a": {"jobInputType": "UriFile", "uri": FOLDER}}},
            "is of type UriFile but does not name a file.",
        ),
        ({"inputData": {"a": {"jobInputType": "UriFolder", "uri": "https://x.org/a"}}}, "does not model data at"),
        (
            {
                "inputData": {
                    "a": {"jobInputType": "UriFolder", "uri": "azureml://datastores/workspacefilestore/paths/x"}
                }
            },
            "The datastore 'workspacefilestore' is of type AzureFile; only AzureBlob is supported.",
        ),
        (
            {"outputData": {"score": {"jobOutputType": "UriFolder", "uri": FOLDER}}},
            '"ErrorMessage":"Job output type must be \'uri_file\'.","AttemptedValue":"UriFolder"',
        ),
        ({"miniBatchSize": 0}, "'properties.miniBatchSize' is 0; allowed: 1 to 2147483647."),
        ({"compute": {"instanceCount": 0}}, "'properties.compute.instanceCount' is 0; allowed: 1 to 2147483647."),
        ({"maxConcurrencyPerInstance": 0}, "'properties.maxConcurrencyPerInstance' is 0; allowed: 1 to 2147483647."),
        ({"compute": {"target": "azureml:other"}}, "'properties.compute.target' of a scoring request (it is 'other')"),
        ({"compute": {"location": "westeurope"}}, "'properties.compute.location' of a scoring request"),
        ({"loggingLevel": "Loud"}, "'properties.loggingLevel' is 'Loud'; allowed: Info, Warning, Debug"),
        ({"partitionKeys": ["a"]}, "does not model 'properties.partitionKeys' of a scoring request"),
        (
            {"dataset": {"dataInputType": "DataUrl", "path": FOLDER}},
            "'properties.inputData' together with 'properties.dataset'",
        ),
        ({"dataset": "azureml:d:1"}, "'properties.dataset'"),
        (
            {"inputData": None, "dataset": {"dataInputType": "DataUrl"}},
            "required member 'properties.dataset.path' is missing",
        ),
        (
            {"inputData": None, "dataset": {"dataInputType": "DatasetVersion", "datasetName": "d"}},
            "required member 'properties.dataset.datasetVersion' is missing",
        ),
        (
            {"inputData": None, "dataset": {"dataInputType": "DataUrl", "path": FOLDER + "*.png"}},
            "'properties.dataset.path' is 'azureml://datastores/workspaceblobstore/paths/in/*.png'; patterns are not",
        ),
        ({"nonsense": 1}, "Could not find member 'nonsense'. Path 'properties.nonsense'"),
        ({"retrySettings": {"timeout": "45"}}, "is not an ISO 8601 duration"),
    ],
)
def test_wrong_requests_are_refused_and_make_no_job(ready: Learning, properties: dict[str, Any], message: str) -> None:
    assert message in ready.refused("POST", HOST, asked(**properties))[2]
    assert ready.jobs.submitted == []
    assert ready.call("GET", "/jobs").body["value"] == []


def test_without_a_default_there_is_nowhere_to_route(ready: Learning) -> None:
    ready.make_endpoint()
    assert ready.refused("POST", HOST, asked()) == (
        404,
        "NotFound",
        (
            "No valid deployments to route to. Please check that the endpoint has at least one deployment with positive"
            " weight values or use a deployment specific header to route."
        ),
    )
    ready.call("POST", HOST, asked(), headers={"azureml-model-deployment": "blue"})
    assert ready.jobs.submitted[0].deployment == "blue"
    assert ready.refused("POST", HOST, asked(), headers={"azureml-model-deployment": "green"})[2] == (
        "The endpoint 'digits-ep' has no deployment 'green'."
    )


def test_a_repeated_request_starts_no_second_job(ready: Learning) -> None:
    headers = {"repeatability_request-id": "r1"}
    first = ready.call("POST", HOST, asked(), headers=headers)
    second = ready.call("POST", HOST, asked(), headers=headers)
    assert (first.status, second.status) == (201, 200)
    assert first.body == second.body
    assert len(ready.jobs.submitted) == 1


def test_an_unknown_host_has_no_endpoint(ready: Learning) -> None:
    for host in ("other.westeurope", "digits-ep.northeurope"):
        assert ready.refused("POST", f"https://{host}.inference.ml.azure.com/jobs", asked())[:2] == (404, "NotFound")


def test_a_job_is_read_in_every_place(ready: Learning) -> None:
    job = ready.call("POST", HOST, asked()).body
    name, child = job["name"], ready.jobs.submitted[0].child_id
    records = RunRecords(ready.store)
    records.finish(child, "Failed", {"code": "UserError", "message": "why"})
    records.finish(name, "Failed", {"code": "UserError", "message": "why"})
    records.add_log(name, "logs/azureml/executionlogs.txt", ACCOUNT, "azureml", "x/log.txt")
    assert ready.call("GET", f"{HOST}/{name}").body["properties"]["status"] == "Failed"
    arm = ready.call("GET", f"/jobs/{name}").body["properties"]
    assert (arm["jobType"], arm["status"], arm["experimentName"]) == ("Pipeline", "Failed", "digits-ep")
    assert arm["tags"]["azureml.batchrun"] == "true"
    history = f"{API_HOST}/history/v1.0{WORKSPACE}"
    details = ready.call("GET", f"{history}/runs/{name}/details").body
    assert details["error"] == {"error": {"code": "UserError", "message": "why"}}
    url = details["logFiles"]["logs/azureml/executionlogs.txt"]
    assert url.startswith(f"https://{ACCOUNT}.blob.core.windows.net/azureml/x/log.txt?")
    (step,) = ready.call("GET", f"{history}/runs/{name}/children").body["value"]
    assert (step["runId"], step["displayName"], step["parentRunId"]) == (child, "batchscoring", name)
    data = ready.call("POST", f"{history}/rundata", {"runId": child}).body["runMetadata"]["outputs"]["score"]
    resolved = ready.call(
        "POST", f"{API_HOST}/data/v1.0{WORKSPACE}/dataversion/batchGetResolvedUris", {"values": [data["assetId"]]}
    ).body
    assert resolved["values"][data["assetId"]]["uri"].endswith(f"/workspaceblobstore/paths/azureml/{child}/score/")
    jobs = f"{API_HOST}/mferp/managementfrontend{WORKSPACE}/batchEndpoints/digits-ep/jobs"
    assert [each["name"] for each in ready.call("GET", jobs).body["value"]] == [name]


def test_a_runs_metrics_are_read_as_from_mlflow(ready: Learning) -> None:
    ready.call("POST", HOST, asked())
    child = ready.jobs.submitted[0].child_id
    records = RunRecords(ready.store)
    records.update(child, metrics={"Total Items": 3, "Failed Items": 1})
    runs = f"{API_HOST}/mlflow/v1.0{WORKSPACE}/api/2.0/mlflow/runs/get"
    run = ready.call("GET", f"{runs}?run_id={child}").body["run"]
    assert (run["info"]["run_id"], run["info"]["status"], "end_time" in run["info"]) == (child, "RUNNING", False)
    metrics = {each["key"]: (each["value"], each["step"]) for each in run["data"]["metrics"]}
    assert metrics == {"Total Items": (3, 0), "Failed Items": (1, 0)}
    records.finish(child, "Failed")
    info = ready.call("GET", f"{runs}?run_id={child}").body["run"]["info"]
    assert (info["status"], info["end_time"] >= info["start_time"]) == ("FAILED", True)
    assert ready.refused("GET", f"{runs}?run_id=nothing")[:2] == (404, "NotFound")
    assert ready.refused("GET", runs)[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_cancellation_is_followed_by_its_location(ready: Learning) -> None:
    name = ready.call("POST", HOST, asked()).body["name"]
    answer = ready.call("POST", f"/jobs/{name}/cancel")
    location = answer.headers["Location"]
    assert (answer.status, answer.body, ready.jobs.canceled) == (202, None, [name])
    guid = ready.call("GET", "").body["properties"]["workspaceId"]
    assert f"/locations/westeurope/mfeOperationResults/jc:{guid}:{name}?" in location
    waiting = ready.call("GET", location)
    assert (waiting.status, waiting.body, waiting.headers["Location"]) == (202, {}, location)
    assert ready.refused("GET", location.replace(guid, "other"))[:2] == (404, "OperationNotFound")
    RunRecords(ready.store).finish(name, "Canceled")
    over = ready.call("GET", location)
    assert (over.status, over.body) == (200, None)
    assert ready.refused("POST", f"/jobs/{name}/cancel")[2] == f"The job '{name}' is Canceled and cannot be canceled."


def test_jobs_outlive_their_endpoint_and_not_their_workspace(ready: Learning) -> None:
    name = ready.call("POST", HOST, asked()).body["name"]
    ready.done("DELETE", "/batchEndpoints/digits-ep")
    assert ready.call("GET", f"/jobs/{name}").status == 200
    ready.done("DELETE", "?forceToPurge=true")
    ready.make_workspace()
    assert ready.refused("GET", f"/jobs/{name}")[0] == 404


def test_an_mlflow_model_needs_no_script(ready: Learning) -> None:
    uri = "azureml://datastores/workspaceblobstore/paths/models/one/model"
    ready.call("PUT", "/models/f/versions/1", {"properties": {"modelUri": uri, "modelType": "mlflow_model"}})
    model = {"referenceType": "Id", "assetId": f"{WORKSPACE}/models/f/versions/1"}
    body = deployment_body(model=model, codeConfiguration=None, environmentId=None)
    ready.done("PUT", "/batchEndpoints/digits-ep/deployments/nocode", body)
    assert ready.call("POST", HOST, asked(), headers={"azureml-model-deployment": "nocode"}).status == 201
    (job,) = ready.jobs.submitted
    files = ModelFiles("folder", ACCOUNT, container(ready), "models/one/model/", "model", "mlflow_model")
    assert (job.model, job.code, job.scoring_script, job.environment) == (files, None, "mlflow_scoring.py", None)


def test_a_cluster_that_is_gone_refuses_jobs(ready: Learning) -> None:
    ready.done("DELETE", "/computes/cpu")
    assert ready.refused("POST", HOST, asked())[2].endswith("and the workspace 'wsp' has no such compute.")


def test_only_pipeline_jobs_can_be_made_by_arm(ready: Learning) -> None:
    body = {"properties": {"jobType": "AutoML"}}
    assert ready.refused("PUT", "/jobs/x", body)[:2] == (501, "NotModelledInSandbox")


def test_the_answer_says_what_was_asked_and_nothing_of_the_deployment(ready: Learning) -> None:
    """As recorded: the start has succeeded, although the job has not even begun."""
    answer = ready.call("POST", HOST, asked(compute={"instanceCount": 2, "isLocal": True}, tags={"a": "b"}))
    name, given = answer.body["name"], answer.body["properties"]
    studio = f"https://ml.azure.com/runs/{name}?wsid=/subscriptions/{SUBSCRIPTION}/resourcegroups/rg/workspaces/wsp"
    tracking = f"azureml://westeurope.api.azureml.ms/mlflow/v1.0{WORKSPACE}?"
    assert re.fullmatch(r"[a-z]+_[a-z]+_[a-z0-9]{10}", given.pop("name"))
    assert given == {
        "description": None,
        "tags": {"a": "b"},
        "properties": {},
        "inputData": {
            "UriFolder": {"jobInputType": "UriFolder", "uri": FOLDER, "mode": "ReadOnlyMount", "description": None}
        },
        "compute": {
            "target": f"{WORKSPACE}/computes/cpu",
            "instanceCount": 2,
            "isLocal": False,
            "location": None,
            "instanceType": None,
            "properties": None,
        },
        "output": {"datastoreId": None, "path": None},
        "status": "Preparing",
        "provisioningState": "Succeeded",
        "interactionEndpoints": {
            "Tracking": {"endpoint": tracking, "jobEndpointType": "Tracking", "port": None, "properties": {}},
            "Studio": {"endpoint": studio, "jobEndpointType": "Studio", "port": None, "properties": {}},
        },
    }
    assert answer.headers["azureml-model-deployment"] == "blue"
    assert answer.headers["Location"] == (
        f"{API_HOST}{WORKSPACE}/batchEndpoints/digits-ep/deployments/blue?api-version=2020-09-01-dataplanepreview"
    )
    data = answer.body["systemData"]
    assert (data["createdBy"], data["createdAt"]) == (CALLER.client_id, data["lastModifiedAt"])


def test_a_scoring_job_in_arm_describes_no_pipeline(ready: Learning) -> None:
    name = ready.call("POST", HOST, asked(retrySettings={"maxRetries": 5})).body["name"]
    job = ready.call("GET", f"/jobs/{name}").body["properties"]
    empty = ("inputs", "outputs", "jobs", "settings", "computeId", "componentId", "identity")
    assert [job[member] for member in empty] == [None] * len(empty)
    assert job["description"] == "Pipeline submission for endpoint: digits-ep, deployment: blue."
    assert json.loads(job["properties"]["azureml.parameters"]) == {"run_max_try": "5"}
    assert sorted(job["services"]) == ["Studio", "Tracking"]


def test_more_nodes_than_the_cluster_has_are_taken(ready: Learning) -> None:
    assert ready.call("POST", HOST, asked(compute={"instanceCount": 3})).status == 201
    assert ready.jobs.submitted[0].instance_count == 3


@pytest.mark.parametrize("kept", [False, True])
def test_words_of_a_request(tmp_path: Path, *, kept: bool) -> None:
    ready = Learning(tmp_path, replace(PROFILES["harsh"], invocation_words_kept=kept))
    try:
        ready.make_all()
        answer = ready.call(
            "POST", HOST, asked(tags={"a": "b"}, description="mine", properties={"experimentName": "x"})
        )
        given = answer.body["properties"]
        assert (given["tags"], given["description"], given["properties"]) == (
            {"a": "b"},
            "mine",
            {"experimentName": "x"},
        )
        run = ready.call("GET", f"{HISTORY}/runs/{answer.body['name']}").body
        own = {"azureml.batchrun": "true", "azureml.deploymentname": "blue"}
        assert run["tags"] == (own | {"a": "b"} if kept else own)
        assert run["description"] == (
            "mine" if kept else "Pipeline submission for endpoint: digits-ep, deployment: blue."
        )
        assert run["experimentId"] == "digits-ep"
    finally:
        ready.store.close()


def test_the_run_history_keeps_what_people_call_a_run(ready: Learning) -> None:
    name = ready.call("POST", HOST, asked()).body["name"]
    before = ready.call("GET", f"{HISTORY}/runs/{name}").body
    user = {"userObjectId": CALLER.object_id, "userTenantId": CALLER.tenant_id, "userName": CALLER.client_id}
    assert (before["createdBy"], before["lastModifiedBy"]) == (user, user)
    assert before["lastModifiedUtc"] == before["createdUtc"]
    change = {"displayName": "Monday", "description": "all of it", "tags": {"n": 1}}
    after = ready.call("PATCH", f"{HISTORY}/runs/{name}", change).body
    assert (after["displayName"], after["description"]) == ("Monday", "all of it")
    assert after["tags"] == before["tags"] | {"n": "1"}
    assert after["lastModifiedUtc"] > after["createdUtc"]
    ready.call("PATCH", f"{HISTORY}/runs/{name}", {"runId": name, "tags": {"m": "2"}})
    job = ready.call("GET", f"/jobs/{name}").body["properties"]
    assert (job["displayName"], job["tags"]) == ("Monday", before["tags"] | {"n": "1", "m": "2"})
    assert ready.refused("PATCH", f"{HISTORY}/runs/{name}", {"runId": "other"}) == (
        400,
        "UserError",
        f"The body is of the run 'other', the path of '{name}'.",
    )
    assert ready.refused("PATCH", f"{HISTORY}/runs/{name}", {"hidden": True})[:2] == (501, "NotModelledInSandbox")
    assert ready.refused("PATCH", f"{HISTORY}/runs/nobody", {})[0] == 404


def test_jobs_are_listed_by_endpoint_and_by_deployment(ready: Learning) -> None:
    ready.done("PUT", "/batchEndpoints/digits-ep/deployments/green", deployment_body())
    names = [
        ready.call("POST", HOST, asked(), headers={"azureml-model-deployment": each}).body["name"]
        for each in ("blue", "green", "blue")
    ]
    endpoint = f"{API_HOST}/mferp/managementfrontend{WORKSPACE}/batchEndpoints/digits-ep"

    def listed(path: str) -> list[str]:
        return [each["name"] for each in ready.call("GET", endpoint + path).body["value"]]

    assert listed("/jobs") == names[::-1]
    assert listed("/deployments/blue/jobs") == [names[2], names[0]]
    assert listed("/deployments/green/jobs") == [names[1]]
    assert ready.call("GET", f"{endpoint}/deployments/green/jobs/{names[1]}").body["name"] == names[1]
    assert ready.call("GET", f"{endpoint}/jobs/{names[0]}").body["name"] == names[0]
    assert ready.refused("GET", f"{endpoint}/deployments/blue/jobs/{names[1]}") == (
        404,
        "NotFound",
        f"The deployment 'blue' has no job '{names[1]}'.",
    )
    assert ready.refused("GET", f"{endpoint}/deployments/none/jobs")[0] == 404
