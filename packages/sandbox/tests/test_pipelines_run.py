"""Pipelines that run, with azure-ai-ml over real HTTP: components, deployments, jobs, outputs, failures, an end."""

import itertools
import shutil
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.__main__ import main
from sandbox.testing import awaited
from sdk_client import CONDA, GROUP, Client

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from azure.ai.ml import Input, Output, command
    from azure.ai.ml.dsl import pipeline
    from azure.ai.ml.entities import BatchEndpoint, Environment, PipelineComponentBatchDeployment
    from azure.ai.ml.exceptions import JobException

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::marshmallow.warnings.RemovedInMarshmallow4Warning"),
]

_numbers = itertools.count(1)
ADD = """\
import sys
from pathlib import Path

source, number, target = sys.argv[1:4]
for file in Path(source).glob("*.txt"):
    Path(target, file.name).write_text(str(int(file.read_text()) + int(number)))
print("added", number)
"""


@pytest.fixture
def numbers(client: Client) -> Path:
    """A folder with two numbers; the code and the environment of the steps are there."""
    folder = client.files / "numbers"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.txt").write_text(str(number))
    (client.files / "steps").mkdir()
    (client.files / "steps" / "add.py").write_text(ADD)
    environment = Environment(name="steps", version="1", image="img:1", conda_file=CONDA)
    client.ml.environments.create_or_update(environment)
    return folder


def step(client: Client, name: str, line: str = "python add.py") -> Any:
    """Return a component that adds a number to those in a folder."""
    return command(
        name=name,
        display_name=name,
        code=str(client.files / "steps"),
        environment="azureml:steps:1",
        command=f"{line} ${{{{inputs.data}}}} ${{{{inputs.number}}}} ${{{{outputs.sums}}}}",
        inputs={"data": Input(type="uri_folder"), "number": Input(type="integer", default=1)},
        outputs={"sums": Output(type="uri_folder")},
    ).component


def twice(client: Client, first: str = "python add.py", second: str = "python add.py") -> Any:
    """Return a pipeline of two steps."""
    one, two = step(client, "one", first), step(client, "two", second)

    # Another name each time, because azure-ai-ml deploys a registered component of the same name instead.
    @pipeline(None, name=f"add_twice_{next(_numbers)}")
    def add_twice(data: Input, number: int) -> dict[str, Any]:
        before = one(data=data, number=number)
        after = two(data=before.outputs.sums, number=10)
        return {"sums": after.outputs.sums}

    return add_twice


def deployed(client: Client, component: Any = None, job: Any = None) -> str:
    """Deploy a pipeline, or that of a job, to an endpoint; return the endpoint's name."""
    endpoint = f"pipe-{next(_numbers)}"
    client.ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name=endpoint)).result()
    wanted = PipelineComponentBatchDeployment(
        name="both",
        endpoint_name=endpoint,
        component=component,
        job_definition=job,
        settings={"default_compute": "aml-cluster"},
    )
    client.ml.batch_deployments.begin_create_or_update(wanted).result()
    assert client.ml.batch_deployments.get("both", endpoint).provisioning_state == "Succeeded"
    live = client.ml.batch_endpoints.get(endpoint)
    live.defaults.deployment_name = "both"
    client.ml.batch_endpoints.begin_create_or_update(live).result()
    return endpoint


def invoked(client: Client, endpoint: str, numbers: Path) -> Any:
    """Start a job on the numbers, with 5."""
    inputs = {"data": Input(type="uri_folder", path=str(numbers)), "number": Input(type="integer", default=5)}
    return client.ml.batch_endpoints.invoke(endpoint_name=endpoint, inputs=inputs)


def sums(client: Client, job: str) -> dict[str, str]:
    """Download the output of a job."""
    client.ml.jobs.download(job, download_path=client.files / "out", output_name="sums")
    folder = client.files / "out" / "named-outputs" / "sums"
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_from_components_to_results(client: Client, numbers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ml = client.ml
    component = ml.components.create_or_update(twice(client)().component)
    endpoint = deployed(client, component)
    job = invoked(client, endpoint, numbers)
    ml.jobs.stream(job.name)
    assert "Step 'before' completed." in capsys.readouterr().out
    assert sums(client, job.name) == {"1.txt": "16", "2.txt": "17"}
    steps = list(ml.jobs.list(parent_job_name=job.name))
    assert [(each.display_name, each.status) for each in steps] == [("before", "Completed"), ("after", "Completed")]
    assert [each.properties["azureml.moduleName"] for each in steps] == ["one", "two"]
    assert [each.name for each in ml.batch_endpoints.list_jobs(endpoint)] == [job.name]
    workspace = f"/subscriptions/{client.sandbox.subscription}/resourceGroups/{GROUP}/providers"
    workspace += "/Microsoft.MachineLearningServices/workspaces/mlsdk"
    path = f"/history/v1.0{workspace}/runs/{steps[0].name}/details"
    files = client.sandbox.request("GET", path, host=f"{client.sandbox.location}.api.azureml.ms").json["logFiles"]
    assert files.keys() == {"user_logs/std_log.txt"}
    log = urlsplit(files["user_logs/std_log.txt"])
    version = {"x-ms-version": "2023-11-03"}
    content = client.sandbox.request(
        "GET", f"{log.path}?{log.query}", host=log.netloc, token="", headers=version
    ).content
    assert content.decode().endswith("added 5\n")


def test_a_pipeline_job_and_a_deployment_of_it(client: Client, numbers: Path) -> None:
    wanted = twice(client)(data=Input(type="uri_folder", path=str(numbers)), number=7)
    wanted.settings.default_compute = "aml-cluster"
    job = client.ml.jobs.create_or_update(wanted, experiment_name="adding")
    client.ml.jobs.stream(job.name)
    assert sums(client, job.name) == {"1.txt": "18", "2.txt": "19"}
    assert client.ml.jobs.get(job.name).experiment_name == "adding"
    endpoint = deployed(client, job=job.name)
    job = invoked(client, endpoint, numbers)
    client.ml.jobs.stream(job.name)
    assert sums(client, job.name) == {"1.txt": "16", "2.txt": "17"}


def test_a_step_that_fails_ends_the_job(client: Client, numbers: Path) -> None:
    endpoint = deployed(client, twice(client, first="echo broken; exit 3; :")().component)
    job = invoked(client, endpoint, numbers)
    with pytest.raises(JobException, match="exited with status code 3"):
        client.ml.jobs.stream(job.name)
    steps = list(client.ml.jobs.list(parent_job_name=job.name))
    assert [(each.display_name, each.status) for each in steps] == [("before", "Failed"), ("after", "Canceled")]


def test_a_step_leaves_no_process_and_changes_no_input(client: Client, numbers: Path) -> None:
    pid, before = client.files / "pid", "echo 40 > ${{inputs.data}}/1.txt; mkfifo ${{outputs.sums}}/pipe"
    daemon = f"env -i setsid sleep 600 & echo $! > {pid}"
    first = f"{before}; {daemon}; python add.py"
    component = twice(client, first=first)().component
    endpoint = deployed(client, component)
    job = invoked(client, endpoint, numbers)
    client.ml.jobs.stream(job.name)
    assert sums(client, job.name) == {"1.txt": "55", "2.txt": "17"}
    assert not Path("/proc", pid.read_text(encoding="utf-8").strip()).exists()
    again = invoked(client, deployed(client, twice(client)().component), numbers)
    client.ml.jobs.stream(again.name)
    shutil.rmtree(client.files / "out")
    assert sums(client, again.name) == {"1.txt": "16", "2.txt": "17"}


def test_a_pipeline_is_cancelled(client: Client, numbers: Path) -> None:
    endpoint = deployed(client, twice(client, first="sleep 1000; :")().component)
    job = invoked(client, endpoint, numbers)
    awaited(
        lambda: any(each.status == "Running" for each in client.ml.jobs.list(parent_job_name=job.name)) or None,
        "a step",
    )
    client.ml.jobs.begin_cancel(job.name)
    awaited(lambda: client.ml.jobs.get(job.name).status == "Canceled" or None, "the job to end")
    assert {each.status for each in client.ml.jobs.list(parent_job_name=job.name)} == {"Canceled"}


def test_an_environment_that_no_registry_has(client: Client, numbers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Curated environments are allowed in components; the sandbox has those that a user added."""
    alone: Any = command(
        name="alone",
        environment="azureml://registries/azureml/environments/some-curated/labels/latest",
        command="echo ${{inputs.data}}",
        inputs={"data": Input(type="uri_folder")},
    ).component

    @pipeline(None)
    def just_one(data: Input) -> None:
        alone(data=data)

    build: Any = just_one
    endpoint = deployed(client, build().component)
    inputs = {"data": Input(type="uri_folder", path=str(numbers))}
    job = client.ml.batch_endpoints.invoke(endpoint_name=endpoint, inputs=inputs)
    with pytest.raises(JobException) as caught:
        client.ml.jobs.stream(job.name)
    assert "python -m sandbox registry add environment azureml/some-curated:VERSION --image IMAGE --conda FILE" in str(
        caught.value
    )
    monkeypatch.setenv("SANDBOX_HOME", str(client.sandbox.home.root))
    conda = client.files / "conda.yaml"
    conda.write_text("dependencies: [pip]\n")
    line = ["registry", "add", "environment", "azureml/some-curated:3", "--image", "img:1", "--conda", str(conda)]
    assert main(line) == 0
    job = client.ml.batch_endpoints.invoke(endpoint_name=endpoint, inputs=inputs)
    client.ml.jobs.stream(job.name)
    assert client.ml.jobs.get(job.name).status == "Completed"


@pytest.mark.usefixtures("numbers")
def test_the_identity_of_the_cluster_must_read_the_input(client: Client) -> None:
    endpoint = deployed(client, twice(client)().component)
    group = f"/subscriptions/{client.sandbox.subscription}/resourceGroups/{GROUP}"
    other = f"{group}/providers/Microsoft.Storage/storageAccounts/stmlsdkother"
    body = {"location": client.sandbox.location, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    assert client.sandbox.arm("PUT", other, body, api_version="2024-01-01").status in (200, 202)
    place = "https://stmlsdkother.blob.core.windows.net/in/numbers/"
    inputs = {"data": Input(type="uri_folder", path=place), "number": Input(type="integer", default=5)}
    job = client.ml.batch_endpoints.invoke(endpoint_name=endpoint, inputs=inputs)
    with pytest.raises(JobException, match="The identity of the cluster 'aml-cluster'"):
        client.ml.jobs.stream(job.name)
