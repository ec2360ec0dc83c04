"""azure-ai-ml, unmodified and over real HTTP, against the sandbox: every kind of call that a release makes.

Does not prove that Azure answers like this; behaviour.md says what is confirmed.
"""

import itertools
import warnings
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from sdk_client import CONDA, Client, deploy, make_workspace

with warnings.catch_warnings():
    # The SDK's own modules use what the libraries below it have deprecated; we cannot fix that.
    warnings.simplefilter("ignore")
    from azure.ai.ml import Input
    from azure.ai.ml.entities import (
        AmlCompute,
        AzureBlobDatastore,
        BatchEndpoint,
        Data,
        Environment,
        Model,
        Workspace,
    )

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

_numbers = itertools.count(1)

WRITER = """\
import os
from pathlib import Path


def init():
    global folder
    folder = Path(os.environ["AZUREML_BI_OUTPUT_PATH"])
    (folder / "more").mkdir(exist_ok=True)


def run(mini_batch):
    for file in map(Path, mini_batch):
        (folder / file.name).write_text(file.read_text().upper())
        (folder / "more" / file.name).write_text(file.read_text())
    return mini_batch
"""


def test_the_code_of_the_learn_unit_runs(client: Client) -> None:
    ml_client = client.ml
    endpoint = BatchEndpoint(
        name="endpoint-example",
        description="A batch endpoint",
    )
    ml_client.batch_endpoints.begin_create_or_update(endpoint).result()
    cpu_cluster = AmlCompute(
        name="aml-cluster",
        type="amlcompute",
        size="STANDARD_DS11_V2",
        min_instances=0,
        max_instances=4,
        idle_time_before_scale_down=120,
        tier="Dedicated",
    )
    cpu_cluster = ml_client.compute.begin_create_or_update(cpu_cluster).result()
    assert ml_client.batch_endpoints.get("endpoint-example").description == "A batch endpoint"
    assert (cpu_cluster.max_instances, cpu_cluster.idle_time_before_scale_down) == (4, 120)
    assert [each.name for each in ml_client.compute.list()] == ["aml-cluster"]
    ml_client.batch_endpoints.begin_delete("endpoint-example").result()


def test_a_model_is_uploaded_once_and_never_changed(client: Client) -> None:
    models, name = client.ml.models, f"m{next(_numbers)}"
    first = models.create_or_update(Model(name=name, path=client.model("one"), tags={"a": "b"}))
    assert first.version == "1"
    before = client.sandbox.control.sequence()
    again = models.create_or_update(Model(name=name, path=client.model("one")))
    assert (again.version, again.path) == ("2", first.path)
    assert client.writes(before) == ["azure.com 2"]
    with pytest.raises(HttpResponseError) as caught:
        models.create_or_update(Model(name=name, version="1", path=client.model("two")))
    assert "Asset paths cannot be updated." in str(caught.value)
    with pytest.raises(ResourceNotFoundError):
        models.get(name, "9")
    with pytest.raises(HttpResponseError, match=r"'1\.0' is not a valid model version: a positive integer"):
        models.create_or_update(Model(name=name, version="1.0", path=client.model("one")))
    models.archive(name, "1")
    assert [each.version for each in models.list(name)] == ["2"]
    assert models.get(name, label="latest").version == "2"


def test_from_model_to_predictions(client: Client) -> None:
    ml, endpoint = client.ml, f"ep-{next(_numbers)}-job"
    ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name=endpoint, tags={"a": "b"})).result()
    model = ml.models.create_or_update(Model(name="served", path=client.model("served")))
    deployment = deploy(client, endpoint, "blue", model, max_concurrency_per_instance=2)
    assert deployment.provisioning_state == "Succeeded"
    live = ml.batch_endpoints.get(endpoint)
    live.defaults.deployment_name = "blue"
    ml.batch_endpoints.begin_create_or_update(live).result()
    assert ml.batch_endpoints.get(endpoint).defaults.deployment_name == "blue"
    folder = client.files / "input"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.txt").write_text(str(number * number))
    job = ml.batch_endpoints.invoke(endpoint_name=endpoint, input=Input(type="uri_folder", path=str(folder)))
    ml.jobs.stream(job.name)
    ml.jobs.download(job.name, download_path=client.files / "out", output_name="score")
    rows = (client.files / "out" / "predictions.csv").read_text().splitlines()
    assert sorted(rows) == ["0.txt,0", "1.txt,1", "2.txt,4", "3.txt,9", "4.txt,16"]
    assert ml.jobs.get(job.name).status == "Completed"
    assert [each.name for each in ml.batch_endpoints.list_jobs(endpoint)] == [job.name]
    (step,) = ml.jobs.list(parent_job_name=job.name)
    assert (step.display_name, step.status) == ("batchscoring", "Completed")
    for run in (step, ml.jobs.get(job.name)):
        assert run.creation_context.last_modified_at > run.creation_context.created_at
    ml.jobs.download(step.name, download_path=client.files / "step", output_name="score")
    assert (client.files / "step" / "named-outputs" / "score" / "predictions.csv").exists()


def test_all_files_of_a_script_that_writes_its_own_are_downloaded(client: Client) -> None:
    ml, endpoint = client.ml, f"ep-{next(_numbers)}-own"
    ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name=endpoint)).result()
    model = ml.models.create_or_update(Model(name="writer", path=client.model("writer")))
    code = client.files / "writer-code"
    code.mkdir()
    (code / "score.py").write_text(WRITER)
    deploy(client, endpoint, "own", model, code=str(code), output_action="summary_only", mini_batch_size=1)
    folder = client.files / "for-writer"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.txt").write_text(name)
    job = ml.batch_endpoints.invoke(
        endpoint_name=endpoint, deployment_name="own", input=Input(type="uri_folder", path=str(folder))
    )
    ml.jobs.stream(job.name)
    (step,) = ml.jobs.list(parent_job_name=job.name)
    written = {Path("a.txt"): "A", Path("b.txt"): "B", Path("more/a.txt"): "a", Path("more/b.txt"): "b"}
    for run, place in ((job, Path()), (step, Path("named-outputs", "score"))):
        into = client.files / "written" / run.name
        ml.jobs.download(run.name, download_path=into, output_name="score")
        found = {file.relative_to(into / place): file.read_text() for file in into.rglob("*") if file.is_file()}
        assert found == written


def test_an_unchanged_deployment_uploads_nothing(client: Client) -> None:
    endpoint = f"ep-{next(_numbers)}-same"
    client.ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name=endpoint)).result()
    model = client.ml.models.create_or_update(Model(name="same", path=client.model("same")))
    first = deploy(client, endpoint, "blue", model)
    before = client.sandbox.control.sequence()
    second = deploy(client, endpoint, "blue", model)
    assert second.code_configuration.code == first.code_configuration.code
    assert client.writes(before) == ["azure.com 1", "azure.com blue"]


def test_refusals_reach_the_user(client: Client) -> None:
    ml, endpoint = client.ml, f"ep-{next(_numbers)}-no"
    ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name=endpoint)).result()
    with pytest.raises(HttpResponseError, match="and there is no such version"):
        deploy(client, endpoint, "blue", "azureml:nothing:1")
    with pytest.raises(HttpResponseError, match="No valid deployments to route to"):
        ml.batch_endpoints.invoke(
            endpoint_name=endpoint,
            input=Input(type="uri_folder", path="azureml://datastores/workspaceblobstore/paths/x/"),
        )
    with pytest.raises(ResourceNotFoundError):
        ml.batch_endpoints.get("ep-of-nobody")


def test_deployments_and_endpoints_are_deleted(client: Client) -> None:
    ml, endpoint = client.ml, f"ep-{next(_numbers)}-del"
    ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name=endpoint)).result()
    model = ml.models.create_or_update(Model(name="gone", path=client.model("gone")))
    for name in ("blue", "green"):
        deploy(client, endpoint, name, model)
    ml.batch_deployments.begin_delete("green", endpoint).result()
    assert [each.name for each in ml.batch_deployments.list(endpoint)] == ["blue"]
    ml.batch_endpoints.begin_delete(endpoint).result()
    assert endpoint not in [each.name for each in ml.batch_endpoints.list()]


def test_environments_data_and_datastores(client: Client) -> None:
    ml = client.ml
    made = ml.environments.create_or_update(Environment(name="other", image="img:2", conda_file=CONDA))
    assert (made.version, ml.environments.get("other", label="latest").image) == ("1", "img:2")
    data = ml.data.create_or_update(Data(name="d", path=client.model("data"), type="uri_folder"))
    assert ml.data.get("d", data.version).path == data.path
    ml.datastores.create_or_update(AzureBlobDatastore(name="mine", account_name="stmlsdk", container_name="mine"))
    assert ml.datastores.get("mine").container_name == "mine"
    assert ml.datastores.get_default().name == "workspaceblobstore"
    ml.datastores.delete("mine")
    assert "mine" not in [each.name for each in ml.datastores.list()]


def test_a_workspace_is_updated_and_deleted_for_good(client: Client) -> None:
    make_workspace(client.sandbox, "mlsdk2")
    workspaces = client.ml.workspaces
    updated = workspaces.begin_update(Workspace(name="mlsdk2", description="changed", tags={"a": "b"})).result()
    assert (updated.description, updated.tags) == ("changed", {"a": "b"})
    assert {"mlsdk", "mlsdk2"} <= {each.name for each in workspaces.list()}
    workspaces.begin_delete("mlsdk2", delete_dependent_resources=False, permanently_delete=True).result()
    with pytest.raises(ResourceNotFoundError):
        workspaces.get("mlsdk2")
    make_workspace(client.sandbox, "mlsdk2")
