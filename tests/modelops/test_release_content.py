"""What a release sends for each kind of content, and what Azure then has.

Whether a job can run it is for the tests of jobs.
"""

from dataclasses import replace
from typing import Any

import pytest

from modelops.errors import PlanError, ReleaseError
from modelops.plan import fingerprint
from modelops.plan.environments import CondaText
from modelops.plan.plan import (
    UNKNOWN,
    BuildEnvironment,
    DeploymentPlan,
    ImageEnvironment,
    LocalModel,
    NamedEnvironment,
    RegisteredModel,
    ReleasePlan,
    UriModel,
)
from modelops.plan.try_out import TryOut
from modelops.release import preview, uploads
from modelops.release.deploy import shared_with_others
from modelops.workspace import Workspace
from tests.modelops.conftest import IMAGE, Bench, in_one_profile
from tests.unit.outlooks import said

# The SDK uses what the libraries below it have deprecated.
pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), in_one_profile]

MLMODEL = "flavors:\n  python_function: {loader_module: mlflow.sklearn}\n"


def _with(bench: Bench, **parts: Any) -> ReleasePlan:
    """The bench's plan with other parts of its deployment."""
    deployment: DeploymentPlan = replace(bench.plan.deployments["mlp"], **parts)
    return replace(bench.plan, deployments={"mlp": deployment})


def _made(bench: Bench, plan: ReleasePlan) -> Any:
    """What Azure has of the plan's revision."""
    return bench.place.get(f"batchEndpoints/{plan.endpoint.name}/deployments/{plan.target}")["properties"]


def _environment(bench: Bench, plan: ReleasePlan) -> Any:
    """What Azure has of the environment of the plan's revision."""
    path = str(_made(bench, plan)["environmentId"]).removeprefix(f"{bench.place.path}/")
    return bench.place.get(path)["properties"]


def test_an_mlflow_model_without_code_and_environment(bench: Bench) -> None:
    (bench.root / "model" / "MLmodel").write_text(MLMODEL, encoding="utf-8")
    digest = fingerprint.digest(bench.root / "model")
    plan = _with(
        bench, model=LocalModel("model", bench.model_name, "mlflow_model", digest), code=None, environment=None
    )
    assert said(preview.from_live(bench.workspace, plan, None)) == [
        f"default (none) -> {plan.target}",
        f"create revision {plan.target} first release",
        f"register model {bench.model_name} sha256 {digest[:12]}",
        "update endpoint description, tags",
    ]
    before = bench.mark()
    report = bench.release(plan)
    assert report.created == [plan.target]
    assert not [each for each in bench.writes(before) if "/codes/" in each or "/environments/" in each]
    made = _made(bench, plan)
    assert made.get("codeConfiguration") is None
    assert made.get("environmentId") is None
    assert made["outputFileName"] == "predictions.csv"
    registered = bench.place.get(f"models/{bench.model_name}/versions/1")["properties"]
    assert registered["modelType"] == "mlflow_model"
    assert not bench.release(plan).changed


def test_summary_only_names_no_output_file(bench: Bench) -> None:
    plan = bench.changed(output_action="summary_only")
    before = bench.mark()
    assert bench.release(plan).created == [plan.target]
    (sent,) = [each for each in bench.writes(before) if each.endswith(f"/deployments/{plan.target}")]
    assert sent.startswith("PUT ")
    assert _made(bench, plan)["outputAction"] == "SummaryOnly"


def test_an_image_alone(bench: Bench) -> None:
    plan = _with(bench, environment=ImageEnvironment(IMAGE))
    bench.release(plan)
    environment = _environment(bench, plan)
    assert (environment["image"], environment["condaFile"]) == (IMAGE, "")
    assert not bench.release(plan).changed


def test_a_conda_environment_that_is_not_a_file(bench: Bench) -> None:
    plan = _with(bench, environment=ImageEnvironment(IMAGE, CondaText("dependencies:\n- python=3.11\n")))
    assert ReleasePlan.from_inputs(plan.to_json()) == plan
    bench.release(plan)
    environment = _environment(bench, plan)
    recorded = '{\n  "dependencies": [\n    "python=3.11"\n  ]\n}'
    assert (environment["image"], environment["condaFile"]) == (IMAGE, recorded)
    assert not bench.release(plan).changed


def test_a_build_context(bench: Bench) -> None:
    for name, content in (("docker/Dockerfile", "FROM base:1\n"), ("requirements.txt", "numpy\n")):
        (bench.root / "build" / name).parent.mkdir(parents=True, exist_ok=True)
        (bench.root / "build" / name).write_text(content, encoding="utf-8")
    digest = fingerprint.digest(bench.root / "build")
    plan = _with(bench, environment=BuildEnvironment("build", "docker/Dockerfile", digest))
    bench.release(plan)
    build = _environment(bench, plan)["build"]
    assert build["dockerfilePath"] == "docker/Dockerfile"
    folder = str(build["contextUri"]).partition("/azureml-blobstore-")[2].partition("/")[2]
    sent = {each.name.removeprefix(folder) for each in uploads.container(bench.workspace).list_blobs(folder)}
    assert sent == {"docker/Dockerfile", "requirements.txt"}
    assert not bench.release(plan).changed


def test_one_folder_is_code_and_build_context(bench: Bench) -> None:
    (bench.root / "code" / "Dockerfile").write_text("FROM base:1\n", encoding="utf-8")
    code = bench.plan.deployments["mlp"].code
    assert code is not None
    digest = fingerprint.digest(bench.root / "code")
    environment = BuildEnvironment("code", "Dockerfile", digest)
    plan = _with(bench, code=replace(code, digest=digest), environment=environment)
    assert shared_with_others(plan.deployments["mlp"]) == [
        f"code/{digest}",
        f"build/{digest}",
        f'environment/{{"build": {{"digest": "{digest}", "dockerfilePath": "Dockerfile"}}}}',
    ]
    bench.release(plan)
    assert _environment(bench, plan)["build"]["dockerfilePath"] == "Dockerfile"


def test_what_deployments_share_is_brought_to_azure_by_one_of_them(bench: Bench) -> None:
    parts = {"code": None, "environment": ImageEnvironment(IMAGE, CondaText("dependencies: []"))}
    with_image = _with(bench, **parts).deployments["mlp"]
    assert shared_with_others(with_image) == [
        f'environment/{{"conda": "dependencies: []", "image": "{IMAGE}"}}',
    ]
    assert shared_with_others(replace(with_image, environment=NamedEnvironment("torch", "1"))) == []
    assert shared_with_others(replace(with_image, environment=None)) == []


def test_a_registered_environment_whose_name_has_dots(bench: Bench) -> None:
    bench.place.put("environments/torch-2.1/versions/1.0", {"properties": {"image": IMAGE}})
    plan = _with(bench, environment=NamedEnvironment("torch-2.1", "1.0"))
    bench.release(plan)
    assert _made(bench, plan)["environmentId"] == f"{bench.place.path}/environments/torch-2.1/versions/1.0"


def test_a_model_in_a_datastore_is_registered_once(bench: Bench) -> None:
    folder = f"left/{bench.model_name}"
    uploads.container(bench.workspace).upload_blob(f"{folder}/MLmodel", MLMODEL)
    uri = f"azureml://datastores/workspaceblobstore/paths/{folder}"
    plan = _with(bench, model=UriModel(uri, bench.model_name, "mlflow_model"), code=None, environment=None)
    assert said(preview.from_live(bench.workspace, plan, None))[2] == f"register model {bench.model_name} from {uri}"
    report = bench.release(plan)
    assert report.registered == [f"{bench.model_name}:1"]
    registered = bench.place.get(f"models/{bench.model_name}/versions/1")["properties"]
    assert sorted(registered["properties"]) == ["origin", "releasedBy"]
    assert registered["properties"]["origin"] == uri
    assert registered["modelType"] == "mlflow_model"
    assert str(registered["modelUri"]).endswith(f"/datastores/workspaceblobstore/paths/{folder}")
    assert not bench.release(plan).changed
    other = replace(plan, deployments={"b": replace(plan.deployments["mlp"], logical="b")}, default="b")
    assert bench.release(other).registered == []


def test_a_model_in_a_datastore_that_is_not_there(bench: Bench) -> None:
    uri = "azureml://datastores/workspaceblobstore/paths/nothing"
    plan = _with(bench, model=UriModel(uri, bench.model_name, "custom_model"))
    with pytest.raises(ReleaseError, match=f"registering model {bench.model_name} failed: .*does not exist"):
        bench.release(plan)


def _first(bench: Bench, collection: str) -> str:
    """What the workspace has, by name, the first ten; other tests use the same one."""
    names = sorted(each["name"] for each in bench.place.get(collection)["value"])
    return ", ".join([*names[:10], *([f"and {len(names) - 10} more"] if names[10:] else [])])


def _refused(bench: Bench, plan: ReleasePlan, problem: str) -> None:
    """Assert that the preview says a problem, and that the release does too before it sends anything."""
    assert said(preview.from_live(bench.workspace, plan, None)) == [f"`pulumi up` will refuse this: {problem}"]
    before = bench.mark()
    with pytest.raises(PlanError) as raised:
        bench.release(plan)
    assert str(raised.value) == (f"{problem}\nNothing was uploaded or created; correct the stack file.")
    assert bench.writes(before) == []


def test_a_registered_model_that_does_not_exist(bench: Bench) -> None:
    bench.release()
    bench.release(bench.with_model(b"other weights"))
    name = bench.model_name
    plan = _with(bench, model=RegisteredModel(name, "7"))
    there = f"model {name}:7 of deployment 'mlp' does not exist in workspace {bench.place.workspace}."
    _refused(bench, plan, f"{there} Versions of {name}: 1, 2.")


def test_a_registered_model_with_a_misspelt_name(bench: Bench) -> None:
    bench.release()
    name = bench.model_name
    plan = _with(bench, model=RegisteredModel(f"{name}x", "1"))
    with pytest.raises(PlanError) as raised:
        bench.release(plan)
    there = f"model {name}x:1 of deployment 'mlp' does not exist in workspace {bench.place.workspace}."
    assert str(raised.value).startswith(f"{there} Its models: {name}")


def test_a_version_that_the_same_release_does_not_register_is_missing(bench: Bench) -> None:
    bench.release()
    name = bench.model_name
    new = bench.with_model(b"other weights")
    registered = replace(new.deployments["mlp"], logical="again", model=RegisteredModel(name, "7"))
    plan = replace(new, deployments={**new.deployments, "again": registered})
    there = f"model {name}:7 of deployment 'again' does not exist in workspace {bench.place.workspace}."
    _refused(bench, plan, f"{there} Versions of {name}: 1.")


def test_an_environment_that_does_not_exist(bench: Bench) -> None:
    plan = _with(bench, environment=NamedEnvironment("none", "1"))
    there = f"environment none:1 of deployment 'mlp' does not exist in workspace {bench.place.workspace}."
    _refused(bench, plan, f"{there} Its environments: {_first(bench, 'environments')}.")


def test_a_datastore_that_does_not_exist(bench: Bench) -> None:
    uri = "azureml://datastores/none/paths/model"
    plan = _with(bench, model=UriModel(uri, bench.model_name, "custom_model"))
    there = f"datastore none of deployment 'mlp' does not exist in workspace {bench.place.workspace}."
    _refused(bench, plan, f"{there} Its datastores: {_first(bench, 'datastores')}.")


def test_a_data_asset_that_does_not_exist(bench: Bench) -> None:
    plan = _with(bench, try_out=TryOut(input="azureml:none:1"))
    there = f"data asset none:1 of deployment 'mlp' does not exist in workspace {bench.place.workspace}."
    data = _first(bench, "data")
    _refused(bench, plan, f"{there} Its data assets: {data}." if data else f"{there[:-1]}, which has no data asset.")


def test_a_datastore_of_a_try_out_that_does_not_exist(bench: Bench) -> None:
    plan = _with(bench, try_out=TryOut(input="azureml://datastores/none/paths/images/"))
    there = f"datastore none of deployment 'mlp' does not exist in workspace {bench.place.workspace}."
    _refused(bench, plan, f"{there} Its datastores: {_first(bench, 'datastores')}.")


def test_a_registered_model_that_needs_code(bench: Bench) -> None:
    bench.release()
    plan = _with(bench, model=RegisteredModel(bench.model_name, "1"), code=None, environment=None)
    _refused(
        bench,
        plan,
        f"model {bench.model_name}:1 is a custom_model, and deployment 'mlp' has no code and scoringScript: only an "
        "MLflow model runs without them. Set code, scoringScript and environment, or another model.",
    )


def test_a_model_that_the_same_release_registers_is_not_missing(bench: Bench) -> None:
    registered = replace(bench.plan.deployments["mlp"], logical="again", model=RegisteredModel(bench.model_name, "1"))
    plan = replace(bench.plan, deployments={**bench.plan.deployments, "again": registered})
    assert bench.release(plan).created == [*plan.revisions.values()]


def _stock(bench: Bench, **what: str) -> None:
    """Give the sandbox something beside Azure's API, as its commands do."""
    bench.place.sandbox.server.control("POST", "/stock", what)


@pytest.mark.parametrize("form", ["azureml://jobs/{job}/outputs/artifacts/paths/model", "runs:/{job}/model"])
def test_a_model_that_a_job_left_is_registered_once(bench: Bench, form: str) -> None:
    (bench.root / "model" / "MLmodel").write_text(MLMODEL, encoding="utf-8")
    job = f"train-{bench.model_name}"
    _stock(bench, what="output", name=f"{job}/artifacts/model", path=str(bench.root / "model"))
    uri = form.format(job=job)
    plan = _with(bench, model=UriModel(uri, bench.model_name, "mlflow_model"), code=None, environment=None)
    report = bench.release(plan)
    assert report.registered == [f"{bench.model_name}:1"]
    registered = bench.place.get(f"models/{bench.model_name}/versions/1")["properties"]
    assert registered["properties"]["origin"] == uri
    assert _made(bench, plan)["model"]["assetId"].endswith(f"/models/{bench.model_name}/versions/1")
    assert not bench.release(plan).changed


def test_a_model_and_an_environment_of_a_registry(bench: Bench) -> None:
    registry = f"shared-{bench.model_name}"
    _stock(
        bench,
        what="model",
        registry=registry,
        name="heart.v2:3",
        type="custom_model",
        path=str(bench.root / "model"),
    )
    _stock(bench, what="environment", registry=registry, name="torch-2.1:1.0", image=IMAGE)
    plan = _with(
        bench,
        model=RegisteredModel("heart.v2", "3", registry),
        environment=NamedEnvironment("torch-2.1", "1.0", registry),
    )
    report = bench.release(plan)
    assert (report.registered, report.created) == ([], [plan.target])
    made = _made(bench, plan)
    assert made["model"]["assetId"] == f"azureml://registries/{registry}/models/heart.v2/versions/3"
    assert made["environmentId"] == f"azureml://registries/{registry}/environments/torch-2.1/versions/1.0"
    assert not bench.release(plan).changed


def test_a_new_endpoint_finds_the_models_of_the_workspace(bench: Bench) -> None:
    """Its preview has no endpoint to ask, and the workspace knows the bytes."""
    other = replace(bench.plan, endpoint=replace(bench.plan.endpoint, name=UNKNOWN, id=UNKNOWN))
    created = [f"default (none) -> {other.target}", f"create revision {other.target} first release"]
    new = f"register model {bench.model_name} sha256 {fingerprint.digest(bench.root / 'model')[:12]}"
    assert said(preview.from_plans(other, None, None, bench.workspace)) == [*created, new]
    bench.release()
    assert said(preview.from_plans(other, None, None, bench.workspace)) == created
    nowhere = Workspace(bench.workspace.subscription_id, bench.workspace.resource_group, "nowhere")
    assert said(preview.from_plans(other, None, None, nowhere)) == [*created, new]
