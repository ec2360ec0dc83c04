"""Pipelines through the router: graphs, refusals, what the runner gets, and what clients read of their jobs.

Does not run commands: test_pipelines_run does.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from learning import ACCOUNT, HOST, WORKSPACE, Learning
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.jobs.pipelines.command import filled
from sandbox.azure.jobs.pipelines.request import PipelineRequest
from sandbox.azure.jobs.records import RunRecords
from sandbox.azure.jobs.request import BuildContext, CodeFiles, EnvironmentSpec, InputLocation, OutputLocation
from sandbox.azure.machine_learning.pipelines.graph import Data, Output, graph_of
from sandbox.azure.machine_learning.stock.registry import add_environment, registry

API_HOST = "https://westeurope.api.azureml.ms"
IN = "azureml://datastores/workspaceblobstore/paths/in/"
COMPONENT = f"{WORKSPACE}/components"

PREPARE = {
    "type": "command",
    "name": "prepare",
    "command": "prepare ${{inputs.data}} $[[--how ${{inputs.how}}]] $[[--more ${{inputs.more}}]] ${{outputs.ready}}",
    "code": f"azureml:{WORKSPACE}/codes/c/versions/1",
    "environment": f"azureml:{WORKSPACE}/environments/e/versions/1",
    "inputs": {
        "data": {"type": "uri_folder"},
        "how": {"type": "string", "default": "plainly", "optional": True},
        "more": {"type": "string", "optional": True},
    },
    "outputs": {"ready": {"type": "uri_folder"}},
}
SCORE = {
    "type": "command",
    "name": "score",
    "command": "score ${{inputs.data}} ${{inputs.model}} ${{inputs.mode}} ${{outputs.scores}}",
    "environment": "azureml://registries/azureml/environments/curated/labels/latest",
    "inputs": {"data": {"type": "uri_folder"}, "model": {"type": "custom_model"}, "mode": {"type": "string"}},
    "outputs": {"scores": {"type": "uri_folder"}},
}
PIPELINE: dict[str, Any] = {
    "type": "pipeline",
    "inputs": {"source": {"type": "uri_folder"}, "mode": {"type": "string", "default": "append"}},
    "outputs": {"scores": {"type": "uri_folder"}},
    "jobs": {
        # In an order in which it cannot run.
        "second": {
            "componentId": f"{COMPONENT}/score/versions/1",
            "inputs": {
                "data": {"job_input_type": "literal", "value": "${{parent.jobs.first.outputs.ready}}"},
                "model": {"job_input_type": "custom_model", "uri": f"{WORKSPACE}/models/m/versions/1"},
                "mode": {"job_input_type": "literal", "value": "x-${{parent.inputs.mode}}"},
            },
            "outputs": {"scores": {"type": "literal", "value": "${{parent.outputs.scores}}"}},
        },
        "first": {
            "componentId": f"{COMPONENT}/prepare/versions/1",
            "inputs": {"data": {"job_input_type": "literal", "value": "${{parent.inputs.source}}"}},
        },
    },
}


def with_job(**job: Any) -> dict[str, Any]:
    """Return the pipeline with changes to its job ``first``."""
    return PIPELINE | {"jobs": {**PIPELINE["jobs"], "first": PIPELINE["jobs"]["first"] | job}}


def deployment(component: str, **settings: str) -> dict[str, Any]:
    """Return the request that makes a pipeline component deployment."""
    configuration = {
        "deploymentConfigurationType": "PipelineComponent",
        "componentId": {"referenceType": "Id", "assetId": component},
        "settings": {"default_compute": "cpu", **settings},
    }
    return {"location": "westeurope", "properties": {"deploymentConfiguration": configuration}}


@pytest.fixture
def ready(learning: Learning) -> Learning:
    """An endpoint whose default deployment is the pipeline ``both`` of two steps."""
    learning.make_all()
    for name, spec in {"prepare": PREPARE, "score": SCORE, "both": PIPELINE}.items():
        answer = learning.call("PUT", f"/components/{name}/versions/1", {"properties": {"componentSpec": spec}})
        assert answer.status == 201, answer.body
    path = "/batchEndpoints/digits-ep/deployments/pipe"
    learning.done("PUT", path, deployment(f"{COMPONENT}/both/versions/1", continue_on_step_failure="True"))
    learning.make_endpoint(defaults={"deploymentName": "pipe"})
    return learning


def asked(inputs: Mapping[str, Any], **properties: Any) -> dict[str, Any]:
    """Return a scoring request."""
    return {"properties": {"inputData": inputs, **properties}}


SOURCE = {"jobInputType": "UriFolder", "uri": IN}


def submitted(learning: Learning) -> PipelineRequest:
    """Return the only job that the runner was given."""
    (job,) = learning.jobs.submitted
    assert isinstance(job, PipelineRequest)
    return job


def test_the_runner_is_handed_every_step_in_order(ready: Learning) -> None:
    answer = ready.call("POST", HOST, asked({"source": SOURCE}))
    job = submitted(ready)
    assert (answer.status, answer.body["name"], job.name[:9]) == (201, job.name, "batchjob-")
    own: str = ready.call("GET", "/datastores/workspaceblobstore").body["properties"]["containerName"]
    first, second = job.steps
    assert (job.go_on, [first.name, second.name], first.after, second.after) == (
        True,
        ["first", "second"],
        (),
        ("first",),
    )
    assert (first.code, second.code) == (CodeFiles(ACCOUNT, own, "code/src/"), None)
    assert first.environment == EnvironmentSpec("e", "1", "img:1", '{\n  "name": "e"\n}')
    assert second.environment == EnvironmentSpec("curated", "latest", registry="azureml")
    assert first.compute == second.compute == f"{WORKSPACE}/computes/cpu"
    handed = OutputLocation(ACCOUNT, own, f"azureml/{first.run_id}/ready/", "", by_identity=True)
    assert (first.outputs, second.outputs["scores"].prefix) == ({"ready": handed}, f"azureml/{second.run_id}/scores/")
    assert first.inputs == {"data": InputLocation("folder", ACCOUNT, own, "in/", by_identity=True), "how": "plainly"}
    assert second.inputs == {
        "data": InputLocation("folder", ACCOUNT, own, handed.prefix, by_identity=True),
        "model": InputLocation("folder", ACCOUNT, own, "models/one/model/"),
        "mode": "x-append",
    }


def test_what_clients_read_of_the_job(ready: Learning) -> None:
    name = ready.call("POST", HOST, asked({"source": SOURCE}, properties={"experimentName": "mine"})).body["name"]
    first, second = submitted(ready).steps
    job = ready.call("GET", f"/jobs/{name}").body["properties"]
    assert (job["jobType"], job["experimentName"], job["tags"]) == (
        "Pipeline",
        "mine",
        {"azureml.batchrun": "true", "azureml.deploymentname": "pipe", "azureml.jobtype": "azureml.pipelinejob"},
    )
    children = ready.call("GET", f"{API_HOST}/history/v1.0{WORKSPACE}/runs/{name}/children").body["value"]
    assert [(each["displayName"], each["properties"]["azureml.moduleName"]) for each in children] == [
        ("first", "prepare"),
        ("second", "score"),
    ]
    assert ready.call("GET", f"/jobs/{first.run_id}").body["properties"]["command"] == PREPARE["command"]
    data = ready.call("POST", f"{API_HOST}/history/v1.0{WORKSPACE}/rundata", {"runId": name}).body["runMetadata"]
    asset = data["outputs"]["scores"]["assetId"]
    resolved = f"{API_HOST}/data/v1.0{WORKSPACE}/dataversion/batchGetResolvedUris"
    found = ready.call("POST", resolved, {"values": [asset]}).body["values"][asset]["uri"]
    assert found.endswith(f"/datastores/workspaceblobstore/paths/azureml/{second.run_id}/scores/")


def test_a_model_as_an_input_and_a_place_for_the_output(ready: Learning) -> None:
    """In whatever case the members are; what Azure/azure-cli#27685 wanted to send."""
    spec = {
        **PREPARE,
        "command": "x ${{inputs.model}}",
        "inputs": {"model": {"type": "mlflow_model"}},
        "outputs": {"out": {"type": "uri_folder"}},
    }
    ready.call("PUT", "/components/modelled/versions/1", {"properties": {"componentSpec": spec}})
    job = {
        "componentId": f"{COMPONENT}/modelled/versions/1",
        "inputs": {"model": {"value": "${{parent.inputs.trained}}"}},
        "outputs": {"out": "${{parent.outputs.result}}"},
    }
    pipeline = {"type": "pipeline", "inputs": {"trained": {"type": "mlflow_model"}}, "jobs": {"only": job}}
    ready.call("PUT", "/components/outer/versions/1", {"properties": {"componentSpec": pipeline}})
    path = "/batchEndpoints/digits-ep/deployments/model"
    ready.done("PUT", path, deployment(f"{COMPONENT}/outer/versions/1"))
    body = asked(
        {"trained": {"JobInputType": "mlflowmodel", "Uri": f"azureml:{WORKSPACE}/models/m/versions/1"}},
        outputData={
            "result": {"jobOutputType": "UriFolder", "uri": "azureml://datastores/workspaceblobstore/paths/mine"}
        },
    )
    ready.call("POST", HOST, body, headers={"azureml-model-deployment": "model"})
    (step,) = submitted(ready).steps
    assert (step.inputs["model"], step.outputs["out"].prefix) == (
        InputLocation("folder", ACCOUNT, step.outputs["out"].container, "models/one/model/"),
        "mine/",
    )


REFUSED = [
    ({}, {}, 400, "The input 'source' of the pipeline has no value."),
    ({"source": SOURCE, "x": SOURCE}, {}, 400, "'x' is not an input of the pipeline; it has: source, mode."),
    (
        {"source": SOURCE | {"jobInputType": "TritonModel"}},
        {},
        400,
        "'properties.inputData.source.jobInputType' is 'TritonModel'; allowed: Literal, UriFolder, UriFile,",
    ),
    (
        {"source": {"jobInputType": "UriFolder"}},
        {},
        400,
        "required member 'properties.inputData.source.uri' is missing",
    ),
    (
        {"source": {"jobInputType": "Literal"}},
        {},
        400,
        "'properties.inputData.source.value' must be a string, a boolean",
    ),
    (
        {"source": SOURCE},
        {"outputData": {"o": {"jobOutputType": "UriFolder", "uri": IN}}},
        400,
        "The pipeline has no output 'o'; it has: scores.",
    ),
    ({"source": SOURCE}, {"miniBatchSize": 3}, 501, "'properties.miniBatchSize' of a scoring request for a pipeline"),
    ({"source": SOURCE}, {"partitionKeys": ["a"]}, 501, "'properties.partitionKeys' of a scoring request"),
    (
        {"source": SOURCE},
        {"loggingLevel": "Info"},
        501,
        "'properties.loggingLevel' of a scoring request for a pipeline",
    ),
]


@pytest.mark.parametrize(("inputs", "more", "status", "message"), REFUSED)
def test_requests_that_do_not_fit(
    ready: Learning, inputs: Mapping[str, Any], more: Mapping[str, Any], *, status: int, message: str
) -> None:
    refusal = ready.refused("POST", HOST, asked(inputs, **more))
    assert refusal[0] == status
    assert message in refusal[2]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (None, "required member 'properties.componentSpec' is missing"),
        ({"type": "command"}, "required member 'properties.componentSpec.command' is missing"),
        ({"type": "pipeline"}, "a pipeline component has no 'jobs'"),
        ({"type": "parallel"}, "does not model a component of type 'parallel' (only command and pipeline)"),
        (PREPARE | {"distribution": {"type": "mpi"}}, "does not model 'distribution' of a command component"),
        (
            {"type": "pipeline", "sourceJobId": f"{WORKSPACE}/jobs/gone"},
            f"'properties.componentSpec.sourceJobId' is '{WORKSPACE}/jobs/gone', and there is no such pipeline job.",
        ),
    ],
)
def test_components_that_are_refused(ready: Learning, spec: Any, message: str) -> None:
    body = {"properties": {"componentSpec": spec}}
    assert message in ready.refused("PUT", "/components/new/versions/1", body)[2]


def test_a_component_version_never_changes(ready: Learning) -> None:
    path = "/components/prepare/versions/1"
    assert ready.call("PUT", path, {"properties": {"componentSpec": PREPARE, "tags": {"a": "b"}}}).status == 200
    assert ready.refused("PUT", path, {"properties": {"componentSpec": PREPARE | {"command": "x"}}}) == (
        400,
        "UserError",
        "The specification of a component version cannot be updated: register another version.",
    )
    assert ready.call("GET", "/components/prepare/versions/azureml_default").body["name"] == "1"


def test_pipelines_without_a_name_are_kept_apart(ready: Learning) -> None:
    """azure-ai-ml calls them all ``azureml_anonymous`` 1, and deploys what it finds under that name."""
    path = "/components/azureml_anonymous/versions/1"
    specs = (PIPELINE, PIPELINE, with_job(inputs={}))
    names = [ready.call("PUT", path, {"properties": {"componentSpec": spec}}).body["name"] for spec in specs]
    assert names[0] == names[1] != names[2]
    assert ready.refused("GET", path)[0] == 404


@pytest.mark.parametrize(
    ("component", "settings", "message"),
    [
        ("both/versions/9", {}, "both/versions/9', and there is no such version"),
        ("prepare/versions/1", {}, "is a component of type 'command', not a pipeline."),
        (
            "both/versions/1",
            {"default_compute": "none"},
            "settings.default_compute' is 'none', and the workspace has no such",
        ),
    ],
)
def test_deployments_that_are_refused(
    ready: Learning, component: str, settings: Mapping[str, str], message: str
) -> None:
    body = deployment(f"{COMPONENT}/{component}", **settings)
    assert message in ready.refused("PUT", "/batchEndpoints/digits-ep/deployments/new", body)[2]


def test_a_pipeline_job_by_arm_and_a_component_of_it(ready: Learning) -> None:
    properties: dict[str, Any] = {
        "jobType": "Pipeline",
        "experimentName": "mine",
        "displayName": "Mine",
        "inputs": {
            "source": {"jobInputType": "uri_folder", "uri": IN},
            "mode": {"jobInputType": "literal", "value": "replace"},
        },
        "outputs": {"scores": {"jobOutputType": "uri_folder"}},
        "jobs": PIPELINE["jobs"],
        "settings": {"default_compute": f"{WORKSPACE}/computes/cpu"},
    }
    answer = ready.call("PUT", "/jobs/job-1", {"properties": properties})
    assert (answer.status, answer.body["properties"]["status"]) == (201, "Preparing")
    job = submitted(ready)
    assert (job.name, [each.name for each in job.steps], job.steps[1].inputs["mode"]) == (
        "job-1",
        ["first", "second"],
        "x-replace",
    )
    run = RunRecords(ready.store).get("job-1")
    assert run is not None
    assert (run.display_name, run.experiment_name, run.endpoint, [*run.outputs]) == ("Mine", "mine", "", ["scores"])
    assert ready.refused("PUT", "/jobs/job-1", {"properties": properties})[1] == "NotModelledInSandbox"
    spec = {"type": "pipeline", "name": "of-job", "sourceJobId": f"{WORKSPACE}/jobs/job-1"}
    made = ready.call("PUT", "/components/of-job/versions/1", {"properties": {"componentSpec": spec}})
    assert made.body["properties"]["componentSpec"]["jobs"] == PIPELINE["jobs"]


def test_an_environment_of_a_registry_whose_build_context_is_gone(ready: Learning) -> None:
    """It is not taken for one that the registry does not have."""
    datastore = {"datastoreType": "AzureBlob", "accountName": ACCOUNT, "containerName": "mine"}
    ready.call("PUT", "/datastores/mine", {"properties": datastore | {"credentials": {"credentialsType": "None"}}})
    ready.blobs.create_container(ACCOUNT, "mine")
    ready.blobs.write(ACCOUNT, "mine", "context/Dockerfile", b"FROM scratch")
    uri = f"azureml:/{WORKSPACE}/datastores/mine/paths/context"
    add_environment(ready.world, registry(ready.world, "shared"), "built:1", {"build": {"contextUri": uri}})
    spec = {
        "type": "command",
        "command": "x",
        "environment": "azureml://registries/shared/environments/built/versions/1",
    }
    ready.call("PUT", "/components/built/versions/1", {"properties": {"componentSpec": spec}})
    jobs = {"only": {"componentId": f"{COMPONENT}/built/versions/1"}}
    body = {"properties": {"jobType": "Pipeline", "jobs": jobs, "settings": {"default_compute": "cpu"}}}
    ready.call("PUT", "/jobs/job-1", body)
    assert submitted(ready).steps[0].environment == EnvironmentSpec(
        "built",
        "1",
        build=BuildContext(uri, "Dockerfile", CodeFiles(ACCOUNT, "mine", "context/")),
        registry="shared",
    )
    ready.call("DELETE", "/datastores/mine")
    assert ready.refused("PUT", "/jobs/job-2", body) == (
        400,
        "UserError",
        f"The datastore '{WORKSPACE}/datastores/mine' does not exist.",
    )


def test_other_jobs_cannot_be_made_by_arm(ready: Learning) -> None:
    body = {"properties": {"jobType": "Command", "command": "x"}}
    assert ready.refused("PUT", "/jobs/job-1", body)[1:] == (
        "NotModelledInSandbox",
        "The sandbox does not model a job of type 'Command'. See behaviour.md of the sandbox for what it does.",
    )


def component(specs: Mapping[str, Any]) -> Any:
    """Return the function that finds a component by its id."""
    return specs.__getitem__


def test_a_pipeline_in_a_pipeline() -> None:
    inner = {
        "type": "pipeline",
        "inputs": {"data": {"type": "uri_folder"}},
        "jobs": {
            "a": {
                "component": "prepare",
                "inputs": {"data": "${{parent.inputs.data}}"},
                "outputs": {"ready": "${{parent.outputs.done}}"},
            }
        },
    }
    outer = {
        "type": "pipeline",
        "inputs": {"data": {"type": "uri_folder"}},
        "jobs": {
            "one": {"component": "inner", "inputs": {"data": "${{parent.inputs.data}}"}},
            "two": {"component": "prepare", "inputs": {"data": "${{parent.jobs.one.outputs.done}}", "more": "m"}},
        },
    }
    data = Data("uri_folder", IN)
    graph = graph_of(outer, {"data": data}, component({"inner": inner, "prepare": PREPARE}))
    assert [(each.name, dict(each.inputs)) for each in graph.nodes] == [
        ("one.a", {"data": data, "how": "plainly"}),
        ("two", {"data": Output("one.a", "ready"), "how": "plainly", "more": "m"}),
    ]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (with_job(inputs={}), "The input 'data' of the job 'first' has no value."),
        (
            with_job(inputs={"data": "${{parent.jobs.second.outputs.scores}}"}),
            "The job 'second' of the pipeline is in a circle.",
        ),
        (
            with_job(inputs={"data": "${{parent.jobs.third.outputs.scores}}"}),
            "The job 'third' of the pipeline does not exist.",
        ),
        (
            with_job(inputs={"data": "a ${{parent.inputs.source}}"}),
            "'${{parent.inputs.source}}' in a text must be a literal",
        ),
        (with_job(componentId=None), "does not model a job of a pipeline without a component"),
    ],
)
def test_graphs_that_are_refused(spec: Any, message: str) -> None:
    found = component({f"{COMPONENT}/prepare/versions/1": PREPARE, f"{COMPONENT}/score/versions/1": SCORE})
    with pytest.raises(ArmError) as caught:
        graph_of(spec, {"source": Data("uri_folder", IN)}, found)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("inputs", "line"),
    [
        ({"data": "/d", "how": "well"}, "prepare /d --how well  /o"),
        ({"data": "/d", "more": "x"}, "prepare /d  --more x /o"),
    ],
)
def test_a_command_line(inputs: Mapping[str, str], line: str) -> None:
    assert filled(str(PREPARE["command"]), inputs, {"ready": "/o"}) == line


def test_a_command_line_without_a_value() -> None:
    with pytest.raises(KeyError, match=r"inputs\.data"):
        filled(str(PREPARE["command"]), {}, {"ready": "/o"})
