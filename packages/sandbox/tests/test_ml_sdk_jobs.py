"""azure-ai-ml, unmodified and over real HTTP: every way to start a job, to find it, and to fetch what it left.

Does not prove that Azure answers like this; behaviour.md says what is confirmed.
"""

import itertools
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from sdk_client import Client, deploy

with warnings.catch_warnings():
    # The SDK's own modules use what the libraries below it have deprecated; we cannot fix that.
    warnings.simplefilter("ignore")
    from azure.ai.ml import Input, Output
    from azure.ai.ml.constants._endpoint import EndpointInvokeFields
    from azure.ai.ml.entities import BatchEndpoint, CodeConfiguration, Data, Model, ModelBatchDeployment


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ENDPOINT = "ep-of-jobs"
STORE = "azureml://datastores/workspaceblobstore/paths"

_numbers = itertools.count(1)

_SETTINGS = """\
import os, sys

def init(): pass

def run(mini_batch):
    given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    names = ("mini_batch_size", "error_threshold", "run_invocation_timeout", "run_max_try")
    told = [str(len(mini_batch)), os.environ["AZUREML_NODE_COUNT"], *(given[f"--{name}"] for name in names)]
    return [",".join(told) for _ in mini_batch]
"""
_ENDLESS = """\
import os, time

def init(): pass

def run(mini_batch):
    while not os.path.exists("made by nobody"):
        time.sleep(0.1)
    return mini_batch
"""


@pytest.fixture
def served(client: Client) -> Iterator[Client]:
    """The client, with an endpoint whose default deployment ``blue`` scores one file after the other."""
    ml = client.ml
    ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name=ENDPOINT)).result()
    deploy(client, ENDPOINT, "blue", ml.models.create_or_update(Model(name="jobs", path=client.model("jobs"))))
    endpoint = ml.batch_endpoints.get(ENDPOINT)
    endpoint.defaults.deployment_name = "blue"
    ml.batch_endpoints.begin_create_or_update(endpoint).result()
    yield client
    ml.batch_endpoints.begin_delete(ENDPOINT).result()


def folder(client: Client, *names: str) -> str:
    """Return a folder with files; each holds its own name."""
    made = client.files / f"in-{next(_numbers)}"
    made.mkdir()
    for name in names or ("a", "b", "c"):
        (made / name).write_text(name)
    return str(made)


def code(client: Client, name: str, script: str) -> str:
    """Return a folder with a scoring script."""
    made = client.files / name
    made.mkdir(exist_ok=True)
    (made / "score.py").write_text(script)
    return str(made)


def start(client: Client, **more: Any) -> Any:
    """Start a job by the SDK; without another input, on a folder of three files."""
    given = {"input": Input(type="uri_folder", path=folder(client))} if not {"input", "inputs"} & more.keys() else {}
    return client.ml.batch_endpoints.invoke(endpoint_name=ENDPOINT, **given, **more)


def files(root: Path) -> dict[str, str]:
    """Return the text of every file below a folder, by its path."""
    return {file.relative_to(root).as_posix(): file.read_text() for file in root.rglob("*") if file.is_file()}


def test_every_override(served: Client) -> None:
    model = served.ml.models.create_or_update(Model(name="jobs", path=served.model("jobs")))
    deploy(served, ENDPOINT, "settings", model, code=code(served, "settings", _SETTINGS))
    datastore = served.ml.datastores.get("workspaceblobstore")
    job = start(
        served,
        deployment_name="settings",
        experiment_name="mine",
        job_name="no-effect",
        params_override=[
            {"mini_batch_size": "1"},
            {"compute.instance_count": "3"},
            {"compute.target": "azureml:aml-cluster"},
            {"retry_settings.max_retries": "2"},
            {"retry_settings.timeout": "45"},
            {"error_threshold": "5"},
            {"output_dataset.datastore_id": f"azureml:{datastore.id}"},
            {"output_dataset.path": "/of-mine/"},
            {"output_file_name": "mine.csv"},
        ],
    )
    served.ml.jobs.stream(job.name)
    (step,) = served.ml.jobs.list(parent_job_name=job.name)
    served.ml.jobs.download(step.name, download_path=served.files / "out", output_name="score")
    rows = (served.files / "out" / "named-outputs" / "score" / "mine.csv").read_text().splitlines()
    assert rows == ["1,3,1,5,45,2"] * 3


def test_an_override_that_changes_no_experiment(served: Client) -> None:
    job = start(served, params_override=[{"properties": {"experimentName": "mine", "other": "x"}}])
    assert served.ml.jobs.get(job.name).experiment_name == ENDPOINT


def test_inputs_and_outputs_by_name(served: Client) -> None:
    ml = served.ml
    data = ml.data.create_or_update(Data(name="of-jobs", path=folder(served, "x", "y"), type="uri_folder"))
    uri = f"{STORE}/provided-{next(_numbers)}/predictions.csv"
    job = start(
        served,
        inputs={"data": Input(type="uri_folder", path=data.id)},
        outputs={"score": Output(type="uri_file", path=uri)},
    )
    ml.jobs.stream(job.name)
    found = ml.jobs.get(job.name)
    assert (found.status, found.tags["azureml.batchrun"]) == ("Completed", "true")
    (step,) = ml.jobs.list(parent_job_name=job.name)
    ml.jobs.get(step.name)
    for run, place in ((job, "predictions.csv"), (step, "named-outputs/score/predictions.csv")):
        into = served.files / "provided" / run.name
        ml.jobs.download(run.name, download_path=into, output_name="score")
        assert {name: sorted(text.split()) for name, text in files(into).items()} == {place: ["x,x", "y,y"]}


@pytest.mark.parametrize("name", ["azureml:labelled@latest", "azureml:labelled:1", "labelled@latest"])
def test_a_data_asset_by_name_and_label(served: Client, name: str) -> None:
    ml = served.ml
    if "labelled" not in [each.name for each in ml.data.list()]:
        ml.data.create_or_update(Data(name="labelled", version="1", path=folder(served, "x"), type="uri_folder"))
    job = start(served, input=Input(type="uri_folder", path=name))
    ml.jobs.stream(job.name)
    ml.jobs.download(job.name, download_path=served.files / "out")
    assert files(served.files / "out") == {"predictions.csv": "x,x\n"}


def test_a_deployment_of_the_latest_versions(served: Client) -> None:
    ml = served.ml
    wanted = ModelBatchDeployment(
        name="latest",
        endpoint_name=ENDPOINT,
        model="jobs@latest",
        environment="env@latest",
        code_configuration=CodeConfiguration(code=served.code(), scoring_script="score.py"),
        compute="aml-cluster",
    )
    made = ml.batch_deployments.begin_create_or_update(wanted).result()
    assert made.environment.endswith("/environments/env/versions/1")
    assert "/models/jobs/versions/" in made.model


def test_an_output_in_a_datastore_by_its_name(served: Client) -> None:
    """The SDK makes the newer body of it: a URI with two slashes."""
    job = start(
        served,
        params_override=[
            {"output_dataset.datastore_id": "azureml:workspaceblobstore"},
            {"output_dataset.path": f"/named-{next(_numbers)}/"},
            {"output_file_name": "mine.csv"},
        ],
    )
    served.ml.jobs.stream(job.name)
    served.ml.jobs.download(job.name, download_path=served.files / "out")
    assert {name: sorted(text.split()) for name, text in files(served.files / "out").items()} == {
        "mine.csv": ["a,a", "b,b", "c,c"]
    }


def test_a_dataset_as_text_is_refused_and_the_sdk_says_why(served: Client) -> None:
    """The SDK's older override sends a text where the data plane's model has an object."""
    with pytest.raises(HttpResponseError, match=r"'properties\.dataset' must be an object"):
        start(served, input=None, params_override=[{"dataset": "azureml:labelled:1"}])


def test_everything_of_a_job_and_of_its_step_is_downloaded(served: Client) -> None:
    ml = served.ml
    job = start(served)
    ml.jobs.stream(job.name)
    (step,) = ml.jobs.list(parent_job_name=job.name)
    ml.jobs.download(job.name, download_path=served.files / "job", all=True)
    assert [*files(served.files / "job")] == ["predictions.csv"]
    ml.jobs.download(step.name, download_path=served.files / "step", all=True)
    found = files(served.files / "step")
    assert sorted(found["named-outputs/score/predictions.csv"].split()) == ["a,a", "b,b", "c,c"]
    assert "Azure Machine Learning Batch Inference Start" in found["artifacts/user_logs/std_log_0.txt"]
    assert {"artifacts/logs/job_result.txt", "artifacts/logs/readme.txt"} <= found.keys()


def test_jobs_are_listed_by_both_operations(served: Client) -> None:
    ml = served.ml
    deploy(served, ENDPOINT, "green", ml.models.create_or_update(Model(name="jobs", path=served.model("jobs"))))
    first = start(served)
    second = start(served, deployment_name="green")
    EndpointInvokeFields.DEFAULT_HEADER.pop(EndpointInvokeFields.MODEL_DEPLOYMENT, None)

    def names(found: Any) -> list[str]:
        return [each.name for each in found]

    assert names(ml.batch_endpoints.list_jobs(ENDPOINT))[:2] == [second.name, first.name]
    assert names(ml.batch_deployments.list_jobs(ENDPOINT, name="green")) == [second.name]
    assert second.name not in names(ml.batch_deployments.list_jobs(ENDPOINT, name="blue"))


def test_times_and_authors_of_a_job_and_of_its_step(served: Client) -> None:
    ml = served.ml
    job = start(served)
    ml.jobs.stream(job.name)
    (step,) = ml.jobs.list(parent_job_name=job.name)
    for run in (step, ml.jobs.get(job.name)):
        context = run.creation_context
        assert context.last_modified_at > context.created_at
        assert context.created_by
        assert context.last_modified_by
    assert ml.jobs.get(job.name).creation_context.created_by == os.environ["AZURE_CLIENT_ID"]
    assert step.creation_context.created_by.user_name == os.environ["AZURE_CLIENT_ID"]


def test_a_job_is_canceled(served: Client) -> None:
    ml = served.ml
    model = ml.models.create_or_update(Model(name="jobs", path=served.model("jobs")))
    deploy(served, ENDPOINT, "endless", model, code=code(served, "endless", _ENDLESS))
    job = start(served, deployment_name="endless")
    EndpointInvokeFields.DEFAULT_HEADER.pop(EndpointInvokeFields.MODEL_DEPLOYMENT, None)
    served.ml.jobs.begin_cancel(job.name).result()
    assert served.ml.jobs.get(job.name).status == "Canceled"
    with pytest.raises(HttpResponseError, match="is Canceled and cannot be canceled"):
        served.ml.jobs.begin_cancel(job.name)
