"""Scoring requests: routing, overrides, and what the runner is handed, through the router.

Does not run jobs: the runner here only remembers.
"""

from typing import Any, Literal

import pytest

from learning import ACCOUNT, CALLER, FOLDER, HOST, WORKSPACE, Learning, asked, deployment_body
from sandbox.azure.jobs.request import CodeFiles, EnvironmentSpec, InputLocation, JobRequest, ModelFiles, OutputLocation
from sandbox.azure.machine_learning.jobs.inputs import sentences

THERE = "https://elsewhere.blob.core.windows.net/data/heart"


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
        "azureml://locations/westeurope/workspaces/GUID/data/d/labels/latest",
        "azureml://locations/westeurope/workspaces/WSP/data/d/versions/labels/latest",
        f"{WORKSPACE}/data/d/labels/latest",
        f"azureml:{WORKSPACE}/data/d/versions/labels/latest",
        f"azureml:/{WORKSPACE.replace('/providers/Microsoft.MachineLearningServices', '')}/data/d/labels/latest",
        "azureml://locations/westeurope/workspaces/wsp/data/d/versions/1",
    ],
)
def test_a_data_asset_as_input(ready: Learning, uri: str) -> None:
    ready.call("PUT", "/data/d/versions/1", {"properties": {"dataType": "uri_folder", "dataUri": FOLDER + "deep"}})
    uri = uri.replace("GUID", ready.call("GET", "").body["properties"]["workspaceId"])
    ready.call("POST", HOST, asked(inputData={"a": {"jobInputType": "UriFolder", "uri": uri}}))
    assert ready.jobs.submitted[0].input == InputLocation(
        "folder", ACCOUNT, container(ready), "in/deep/", by_identity=True
    )


@pytest.mark.parametrize(
    "uri",
    [
        f"{WORKSPACE}x/data/d/versions/1",
        f"azureml:{WORKSPACE}/data/d/versions/1".replace("resourceGroups/rg", "resourceGroups/other"),
        "azureml://locations/westeurope/workspaces/x/data/d/labels/latest",
        "azureml://subscriptions/s/resourcegroups/rg/workspaces/wsp/data/d/versions/1",
    ],
)
def test_a_data_asset_of_another_workspace_is_not_this_ones_of_the_same_name(ready: Learning, uri: str) -> None:
    ready.call("PUT", "/data/d/versions/1", {"properties": {"dataType": "uri_folder", "dataUri": FOLDER + "deep"}})
    refused = ready.refused("POST", HOST, asked(inputData={"a": {"jobInputType": "UriFolder", "uri": uri}}))
    assert refused == (
        400,
        "UserError",
        f"The data asset '{uri}' is of another workspace than the job, which is in 'wsp'.",
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
    refused = "https://raw.example.org/a.csv"
    here = (
        refused,
        FOLDER,
        FOLDER + "a.csv",
        "azureml://datastores/none/paths/x",
        "azureml://datastores/workspaceblobstore",
    )
    no_account = (
        "cannot be read here: the sandbox has no storage account 'elsewhere', and reads nothing from Azure. To put a"
        " copy of the files there: python -m sandbox data add"
    )
    assert sentences(ready.world, [*here, THERE, asset]) == [
        f"'{THERE}' {no_account} {THERE}/ COPY",
        f"'{asset}' {no_account} {THERE}/a.csv COPY",
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


def test_more_nodes_than_the_cluster_has_are_taken(ready: Learning) -> None:
    assert ready.call("POST", HOST, asked(compute={"instanceCount": 3})).status == 201
    assert ready.jobs.submitted[0].instance_count == 3


def test_a_request_of_a_workspace_that_is_gone_is_not_repeated(ready: Learning) -> None:
    headers = {"repeatability_request-id": "r1"}
    first = ready.call("POST", HOST, asked(), headers=headers)
    ready.done("DELETE", "/batchEndpoints/digits-ep")
    ready.done("DELETE", "?forceToPurge=true")
    ready.make_all()
    again = ready.call("POST", HOST, asked(), headers=headers)
    assert (again.status, again.body["name"] == first.body["name"]) == (201, False)


@pytest.mark.parametrize("uri", ["https://[x/data/in", "https://[::1/data", "wasbs://[x"])
def test_a_uri_that_is_none_is_refused(ready: Learning, uri: str) -> None:
    inputs = {"one": {"jobInputType": "UriFolder", "uri": uri}}
    status, code, message = ready.refused("POST", HOST, {"properties": {"inputData": inputs}})
    assert (status, code) == (400, "UserError")
    assert message.startswith(f"'{uri}' is not a location of data: allowed are ")
