"""Registries: filled by commands and by azure-ai-ml, read by azure-ai-ml, and used by deployments."""

import asyncio
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential

from learning import WORKSPACE, Learning, deployment_body
from sandbox.__main__ import main
from sandbox.azure.jobs.request import BuildContext, CodeFiles, EnvironmentSpec
from sandbox.azure.machine_learning.jobs.environments import environment_of
from sandbox.azure.machine_learning.stock.intake import Intake
from sandbox.azure.readings import Switches
from sandbox.testing import Sandbox

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import BuildContext as SdkBuildContext
    from azure.ai.ml.entities import Environment, Model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SHARED = "azureml://registries/shared"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with an MLflow model."""
    folder = tmp_path / "model"
    (folder / "data").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "data" / "weights.bin").write_bytes(b"weights")
    return folder


@pytest.fixture
def commands(in_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The shared sandbox as the one that commands find."""
    monkeypatch.setenv("SANDBOX_HOME", str(in_sandbox.home.root))
    return in_sandbox


@pytest.fixture
def registry(commands: Sandbox, model: Path) -> Iterator[Any]:
    """azure-ai-ml as the client of the registry ``shared``, which has the model ``churn.v2`` 3."""
    assert main(["registry", "add", "model", "shared/churn.v2:3", str(model)]) == 0
    assert commands.subscription
    with DefaultAzureCredential() as credential:
        yield MLClient(credential, registry_name="shared")


def test_a_model_that_a_command_added(registry: Any, model: Path, tmp_path: Path) -> None:
    found = registry.models.get("churn.v2", label="latest")
    assert (found.id, found.type) == (f"{SHARED}/models/churn.v2/versions/3", "mlflow_model")
    assert "churn.v2" in [each.name for each in registry.models.list()]
    assert [each.version for each in registry.models.list("churn.v2")] == ["3"]
    registry.models.download("churn.v2", "3", tmp_path / "down")
    got = tmp_path / "down" / "churn.v2" / "model"
    assert sorted(each.relative_to(got) for each in got.rglob("*")) == sorted(
        each.relative_to(model) for each in model.rglob("*")
    )
    with pytest.raises(ResourceNotFoundError):
        registry.models.get("churn.v2", "4")


def test_an_environment_that_a_command_added(registry: Any, tmp_path: Path) -> None:
    conda = tmp_path / "conda.yaml"
    conda.write_text("name: e\n")
    line = ["registry", "add", "environment", "shared/env.x:1.0", "--image", "img:1", "--conda", str(conda)]
    assert main(line) == 0
    found = registry.environments.get("env.x", "1.0")
    assert (found.id, found.image, found.conda_file) == (
        f"{SHARED}/environments/env.x/versions/1.0",
        "img:1",
        {"name": "e"},
    )


def test_azure_ai_ml_fills_a_registry_too(registry: Any, model: Path, tmp_path: Path) -> None:
    made = registry.models.create_or_update(Model(name="own", version="1", path=str(model), type="mlflow_model"))
    assert made.id == f"{SHARED}/models/own/versions/1"
    registry.models.download("own", "1", tmp_path / "down")
    assert (tmp_path / "down" / "own" / "model" / "data" / "weights.bin").read_bytes() == b"weights"
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\n")
    built = Environment(name="built", version="1", build=SdkBuildContext(path=str(context)))
    assert registry.environments.create_or_update(built).build.dockerfile_path == "Dockerfile"


def test_a_registry_that_is_not_there(commands: Sandbox) -> None:
    with DefaultAzureCredential() as credential, pytest.raises(ResourceNotFoundError) as caught:
        MLClient(credential, registry_name="nobody")
    assert commands.subscription
    assert caught.value.message.startswith(
        "(ResourceNotFound) The registry 'nobody' was not found. In the sandbox, python -m sandbox registry create "
        "nobody makes it, and registries have what you add: python -m sandbox registry add model "
    )


def test_writing_needs_a_role(commands: Sandbox, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["registry", "add", "model", "guarded/m:1", str(model)]) == 0
    reader = commands.facts.accounts["reader"]
    monkeypatch.setenv("AZURE_CLIENT_ID", reader.principal.client_id)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", reader.secret)
    with DefaultAzureCredential() as credential:
        registry = MLClient(credential, registry_name="guarded")
        assert registry.models.get("m", "1").version == "1"
        with pytest.raises(HttpResponseError, match="registries/assets/write"):
            registry.environments.create_or_update(Environment(name="e", version="1", image="img:1"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("registry add model churn:1 {model}", "the model is 'churn:1'; allowed: REGISTRY/NAME:VERSION, for example "),
        ("registry add model shared/churn:x {model}", "'x' is not a valid model version: a positive integer."),
        ("registry add model s/churn:1 {model}", "'s' is not a valid registry name: 2 to 33 letters, digits, '-' and "),
        ("registry add model shared/churn:1 {model}/no", "/model/no' does not exist"),
        ("registry add environment shared/e --image i:1", "the environment is 'shared/e'; allowed: REGISTRY/NAME:"),
        ("registry add environment shared/e:1 --build {model} --conda c.yml", "sandbox: --conda belongs to --image"),
        ("registry add environment shared/e:1 --image i:1 --dockerfile D", "sandbox: --dockerfile belongs to --build"),
        ("registry add environment shared/e:1 --image i:1 --conda {model}", "' is not a UTF-8 text file ("),
    ],
)
def test_mistakes(commands: Sandbox, model: Path, line: str, message: str) -> None:
    assert commands.subscription
    with pytest.raises(SystemExit) as caught:
        main(line.format(model=model).split())
    assert message in str(caught.value)


async def _fill(learning: Learning, model: Path, registry: str) -> None:
    intake = Intake(learning.world)
    common = {"registry": registry, "name": "m:7"}
    await intake.add(common | {"what": "model", "path": str(model), "type": "mlflow_model"})
    await intake.add({"what": "environment", "registry": registry, "name": "e.e:2", "image": "img:9"})
    await intake.add(
        {"what": "environment", "registry": registry, "name": "b:1", "path": str(model), "dockerfile": "MLmodel"}
    )


def test_a_deployment_uses_a_registry(learning: Learning, model: Path) -> None:
    learning.make_all()
    asyncio.run(_fill(learning, model, "shared"))
    reference = {"referenceType": "Id", "assetId": f"{SHARED}/models/m/versions/7"}
    body = deployment_body(model=reference, environmentId=f"{SHARED}/environments/e.e/versions/2")
    made = learning.done("PUT", "/batchEndpoints/digits-ep/deployments/green", body)
    assert (made["properties"]["model"], made["properties"]["environmentId"]) == (
        reference,
        f"{SHARED}/environments/e.e/versions/2",
    )
    folder = {"jobInputType": "UriFolder", "uri": "azureml://datastores/workspaceblobstore/paths/in/"}
    learning.call(
        "POST",
        "https://digits-ep.westeurope.inference.ml.azure.com/jobs",
        {"properties": {"inputData": {"x": folder}}},
        headers={"azureml-model-deployment": "green"},
    )
    (job,) = learning.jobs.submitted
    assert (job.model.name, job.model.type, job.model.kind) == ("model", "mlflow_model", "folder")
    assert job.environment == EnvironmentSpec("e.e", "2", "img:9", registry="shared")
    assert (
        learning.blobs.read(job.model.account, job.model.container, f"{job.model.path}data/weights.bin") == b"weights"
    )


def test_what_a_job_gets_of_a_build_context(learning: Learning, model: Path) -> None:
    learning.make_workspace()
    asyncio.run(_fill(learning, model, "shared"))
    workspace = learning.store.get(WORKSPACE)
    assert workspace is not None
    spec = environment_of(learning.world, workspace, f"{SHARED}/environments/b/versions/1", "x")
    assert spec.build is not None
    account, container = spec.build.uri.removeprefix("https://").split("/")[:2]
    files = CodeFiles(account.partition(".")[0], container, "model/")
    assert spec == EnvironmentSpec(
        "b", "1", build=BuildContext(f"https://{account}/{container}/model/", "MLmodel", files), registry="shared"
    )


def test_a_curated_environment_is_taken_where_the_sandbox_has_it(tmp_path: Path, model: Path) -> None:
    learning = Learning(tmp_path, Switches(curated_environments_refused=False))
    learning.make_all()
    asyncio.run(_fill(learning, model, "azureml"))
    body = deployment_body(environmentId="azureml://registries/azureml/environments/e.e/versions/2")
    assert learning.call("PUT", "/batchEndpoints/digits-ep/deployments/green", body).status == 201
    learning.store.close()
