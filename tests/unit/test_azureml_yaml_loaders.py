"""The reader of the CLI's YAML files against azure-ai-ml's own loaders, form by form.

Does not prove that Azure deploys what a loader takes: nothing is sent anywhere.
"""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelops.azureml_yaml.deployment import read_deployment
from modelops.azureml_yaml.endpoint import read_endpoint
from tests.unit.azureml_loaders import comparable, loaded, loaded_endpoint

Form = dict[str, Any]

FLAT: Form = {
    "$schema": "https://azuremlschemas.azureedge.net/latest/batchDeployment.schema.json",
    "name": "mlp",
    "endpoint_name": "digits",
    "model": "azureml:digits:3",
    "code_configuration": {"code": "code", "scoring_script": "score.py"},
    "environment": {"name": "e", "image": "example.com/base:1", "conda_file": "environment/conda.yaml"},
    "compute": "azureml:batch-cluster",
    "resources": {"instance_count": 2},
    "mini_batch_size": 5,
    "max_concurrency_per_instance": 2,
    "output_action": "append_row",
    "output_file_name": "predictions.csv",
    "retry_settings": {"max_retries": 3, "timeout": 300},
    "error_threshold": -1,
    "logging_level": "info",
}
"""The commonest layout: everything at the top, no type."""

JOB = (
    *("mini_batch_size", "max_concurrency_per_instance", "output_action", "output_file_name", "retry_settings"),
    *("error_threshold", "logging_level"),
)
NESTED: Form = {
    "type": "model",
    **{key: value for key, value in FLAT.items() if key not in JOB},
    "settings": {key: FLAT[key] for key in JOB},
}
"""The second commonest: `type: model`, and the job's keys below `settings`."""

BARE: Form = {"name": "mlp", "endpoint_name": "digits", "model": "azureml:digits:3", "compute": "batch-cluster"}
"""An MLflow model without code."""

REGISTRY = "azureml://registries/our-registry"
WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


def flat(**changes: Any) -> Form:
    """Return the flat form with other values; a key that is None is left out."""
    return {key: value for key, value in {**copy.deepcopy(FLAT), **changes}.items() if value is not None}


def nested(**changes: Any) -> Form:
    return {key: value for key, value in {**copy.deepcopy(NESTED), **changes}.items() if value is not None}


def job(**changes: Any) -> Form:
    """Return the nested form with other keys below `settings`."""
    return nested(settings={**copy.deepcopy(NESTED["settings"]), **changes})


def code(folder: str, script: str = "score.py") -> Form:
    return flat(code_configuration={"code": folder, "scoring_script": script})


def environment(**keys: Any) -> Form:
    return flat(environment=keys)


IMAGE = "example.com/base:1"
DIGEST = f"example.com/base@sha256:{'0' * 64}"
CONDA = {"name": "c", "channels": ["conda-forge"], "dependencies": ["python=3.11", {"pip": ["numpy"]}]}

BOTH_TAKE: dict[str, Form] = {
    # Layouts.
    "flat": flat(),
    "type: model with settings": nested(),
    "settings without a type": nested(type=None),
    "type: model, flat": flat(type="model"),
    "type in capitals": nested(type="Model"),
    "bare: no settings at all": BARE,
    "bare with a type": {**BARE, "type": "model"},
    "the endpoint's schema": flat(
        **{"$schema": "https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json"}
    ),
    "the SDK's schema": flat(**{"$schema": "http://azureml/sdk-2-0/BatchDeployment.json"}),
    "no schema": flat(**{"$schema": None}),
    "what Azure answers": flat(provisioning_state="Succeeded", creation_context={"created_by": "me"}, id="x"),
    "properties": flat(properties={"a": "b"}),
    # Models.
    "model by label": flat(model="azureml:digits@latest"),
    "model without a version": flat(model="azureml:digits"),
    "model with dots": flat(model="azureml:digits.v2:3"),
    "model in a registry": flat(model=f"{REGISTRY}/models/digits/versions/3"),
    "model by ARM id": flat(model=f"azureml:{WORKSPACE}/models/digits/versions/3"),
    "model by path": flat(model={"path": "model"}),
    "model by name and path": flat(model={"name": "digits", "path": "model"}),
    "model by name, path and an int version": flat(model={"name": "digits", "version": 5, "path": "model"}),
    "model file": flat(model={"name": "digits", "path": "model/model.onnx"}),
    "MLflow model": {**BARE, "model": {"path": "model", "type": "mlflow_model"}},
    "MLflow model in capitals": {**BARE, "model": {"path": "model", "type": "MLFLOW_MODEL"}},
    "model by name and version": flat(model={"name": "digits", "version": "3"}),
    "model from a job": flat(model={"name": "d", "path": "azureml://jobs/train/outputs/model/paths/m"}),
    "model from a datastore": flat(model={"name": "d", "path": "azureml://datastores/store/paths/m"}),
    "model from a run": flat(model={"name": "d", "path": "runs:/abc/model"}),
    "model with a description and tags": flat(model={"path": "model", "description": "d", "tags": {"a": 1}}),
    "no model": flat(model=None),
    # Code.
    "code with a trailing /": code("code/"),
    "code .": code("."),
    "code ./": code("./"),
    "code ..": code(".."),
    "code ../shared": code("../shared/code"),
    "script in a folder": code(".", "code/score.py"),
    "script ./": code("code", "./score.py"),
    "no code": flat(code_configuration=None),
    "code without an environment": flat(environment=None),
    # Environments.
    "environment by version": flat(environment="azureml:env:4"),
    "environment by label": flat(environment="azureml:env@latest"),
    "environment without a version": flat(environment="azureml:env"),
    "environment in a registry": flat(environment=f"{REGISTRY}/environments/env/versions/4"),
    "environment by ARM id": flat(environment=f"azureml:{WORKSPACE}/environments/env/versions/4"),
    "environment by name and version": environment(name="env", version="4"),
    "environment by name and an int version": environment(name="env", version=4),
    "image with a conda file": environment(image=IMAGE, conda_file="environment/conda.yaml"),
    "image with a conda file above": environment(image=IMAGE, conda_file="../shared/conda.yaml"),
    "image with a conda environment": environment(image=IMAGE, conda_file=CONDA),
    "image with name and version": environment(name="e", version=2, image=IMAGE, conda_file=CONDA),
    "image alone": environment(image=IMAGE),
    "image by digest": environment(image=DIGEST),
    "image without a tag": environment(image="example.com/base"),
    "image with the tag latest": environment(image="example.com/base:latest"),
    "image for Linux": environment(image=IMAGE, os_type="linux"),
    "build context": environment(build={"path": "docker"}),
    "build context with a Dockerfile": environment(name="e", build={"path": "docker", "dockerfile_path": "Other"}),
    # Compute and nodes.
    "compute without azureml:": flat(compute="batch-cluster"),
    "compute by ARM id": flat(compute=f"azureml:{WORKSPACE}/computes/batch-cluster"),
    "no compute": flat(compute=None),
    "no resources": flat(resources=None),
    "resources with more": flat(resources={"instance_count": 1, "instance_type": "STANDARD_DS3_V2"}),
    "nodes below settings": nested(resources=None, settings={"instance_count": 4, "mini_batch_size": 1}),
    # Numbers and words.
    "numbers as texts": flat(mini_batch_size="10", error_threshold="-1"),
    "number with a point": flat(mini_batch_size=10.5),
    "Append_Row": flat(output_action="Append_Row"),
    "SUMMARY_ONLY": flat(output_action="SUMMARY_ONLY"),
    "summary_only below settings": job(output_action="summary_only", output_file_name="x.csv"),
    "level in capitals": flat(logging_level="DEBUG"),
    "level of another name": flat(logging_level="verbose"),
    "retries alone": flat(retry_settings={"max_retries": 1}),
    "no retries": flat(retry_settings=None),
    # Texts.
    "tags": flat(tags={"a": "b", "n": 16, "v": "1.0", "f": 1.5, "t": True, "e": ""}),
    "variables": flat(environment_variables={"A": "b", "N": 0.7}),
    "variables below settings": job(environment_variables={"A": "b"}),
    "description": flat(description="one\ntwo, with $5 and <b>\n"),
}


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    """Lay down a program's folder with what the forms name."""
    for name in ("code/score.py", "model/model.onnx", "model/MLmodel", "docker/Dockerfile", "docker/Other"):
        for folder in ("deployments", "shared"):
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).touch()
    for name in ("deployments/environment/conda.yaml", "shared/conda.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(yaml.safe_dump(CONDA), encoding="utf-8")
    return tmp_path


def written(root: Path, form: Form | str) -> Path:
    path = root / "deployments" / "deployment.yml"
    path.write_text(form if isinstance(form, str) else yaml.safe_dump(form, sort_keys=False), encoding="utf-8")
    return path


@pytest.mark.parametrize("form", BOTH_TAKE.values(), ids=BOTH_TAKE.keys())
def test_gives_what_a_loader_gives(root: Path, form: Form) -> None:
    path = written(root, form)
    theirs, ours = loaded(path, root), read_deployment(path, root, "mlp")
    assert [each.text for each in ours.problems] == []
    assert theirs is not None
    said = comparable(ours.values, root)
    if "path" in said.get("model", {}) and "name" not in theirs["model"]:
        assert said["model"].pop("name") == "mlp"  # azure-ai-ml makes a name from the content
    if "type" not in said.get("model", {}):
        theirs.get("model", {}).pop("type", None)  # its default, which is ours
    assert said == theirs


BOTH_REFUSE: dict[str, tuple[Form, list[str]]] = {
    "local_path of a model": (
        flat(model={"local_path": "model"}),
        ["model.local_path is a key that Azure does not take. Write path."],
    ),
    "local_path beside name and version": (
        flat(model={"name": "digits", "version": 1, "local_path": "model"}),
        ["model.local_path is a key that Azure does not take. Write path."],
    ),
    "code as a mapping": (
        flat(code_configuration={"code": {"local_path": "./code"}, "scoring_script": "score.py"}),
        ["code_configuration.code is a mapping. Write code: ./code."],
    ),
    "code by directory": (
        flat(code_configuration={"code": {"directory": "."}, "scoring_script": "score.py"}),
        ["code_configuration.code is a mapping. Write code: .."],
    ),
    "type: batch": (flat(type="batch"), ["type is 'batch'. Write model, or remove the key."]),
    "unknown key": (flat(mini_batch=3), ["mini_batch is an unknown key. Write mini_batch_size."]),
    "misspelt key": (
        flat(max_concurrentcy_per_instance=3),
        ["max_concurrentcy_per_instance is an unknown key. Write max_concurrency_per_instance."],
    ),
    "endpoint": (
        flat(endpoint_name=None, endpoint="digits"),
        ["endpoint is a key that Azure does not take. Write endpoint_name."],
    ),
    "AppendRow": (flat(output_action="AppendRow"), ["output_action is 'AppendRow'. Write append_row or summary_only."]),
    "append-row": (
        flat(output_action="append-row"),
        ["output_action is 'append-row'. Write append_row or summary_only."],
    ),
    "duration": (
        flat(retry_settings={"timeout": "PT30S"}),
        ["retry_settings.timeout is 'PT30S'. Write a whole number without a unit (seconds for each call of run())."],
    ),
    "size with a unit": (
        flat(mini_batch_size="10kb"),
        ["mini_batch_size is '10kb'. Write a whole number without a unit (files for each call of run())."],
    ),
    "boolean for a number": (
        flat(mini_batch_size=True),
        ["mini_batch_size is true. Write a whole number without a unit (files for each call of run())."],
    ),
    "int name": (flat(name=5), ['name is 5, and not a text. Write it in quotes: "5".']),
    "int description": (flat(description=5), ['description is 5, and not a text. Write it in quotes: "5".']),
    "a mapping for a name": (flat(name={"a": 1}), ["name is a mapping, and not a text. Write a text."]),
    "tags as a list": (flat(tags=["a"]), ["tags is a list. Write keys with values below it."]),
    "compute as a mapping": (
        flat(compute={"target": "azureml:c", "instance_count": 1}),
        ["compute is a mapping. Write compute: azureml:NAME, and the number of nodes as resources.instance_count."],
    ),
    "model without azureml:": (flat(model="digits:3"), ["model is 'digits:3'. Write azureml:digits:3."]),
    "model as a path": (
        flat(model="./model"),
        [
            (
                "model is './model'. Write {path: ./model} for a file or folder, or azureml:NAME:VERSION for a "
                "registered model."
            )
        ],
    ),
    "environment as a file": (
        flat(environment="environment/env.yml"),
        [
            (
                "environment is 'environment/env.yml'. Write what the file says, image and conda_file, here: a path is "
                "not taken."
            )
        ],
    ),
    "environment of 2021": (
        environment(name="e", version=1, path=".", docker={"image": IMAGE}),
        [
            "environment.path is a key that Azure does not take. Remove it: image and conda_file say everything.",
            "environment.docker is a key that Azure does not take. Write image: IMAGE:TAG, the value of docker.image.",
        ],
    ),
    "conda environment in place of an environment": (
        environment(name="e", channels=["c"], dependencies=["python"]),
        [
            "environment.channels is a key that Azure does not take. Write the conda environment below conda_file.",
            "environment.dependencies is a key that Azure does not take. Write the conda environment below conda_file.",
        ],
    ),
    "settings and the top": (
        nested(mini_batch_size=3),
        [
            (
                "mini_batch_size is an unknown key. Remove it; allowed are $schema, code_configuration, compute, "
                "creation_context, description, endpoint_name, environment, environment_variables, id, model, name, "
                "properties, provisioning_state, resources, settings, tags, type."
            )
        ],
    ),
    "nodes twice": (
        job(instance_count=2),
        ["settings.instance_count is set, and so is resources. Remove one of the two."],
    ),
    "retries of 2021": (
        flat(retry_settings={"maximum_retries": 3, "timeout_in_seconds": 30}),
        [
            "retry_settings.maximum_retries is a key that Azure does not take. Write max_retries.",
            "retry_settings.timeout_in_seconds is a key that Azure does not take. Write timeout.",
        ],
    ),
    "deployments in an endpoint": (
        {"name": "digits", "type": "batch", "auth_mode": "aad_token", "deployments": [BARE]},
        [
            "auth_mode is a key that Azure does not take. Remove it: it belongs to an endpoint.",
            (
                "deployments is a key that Azure does not take. Write a file for each deployment, and name each with "
                "its own `from`."
            ),
            "type is 'batch'. Write model, or remove the key.",
        ],
    ),
}


@pytest.mark.parametrize(("form", "problems"), BOTH_REFUSE.values(), ids=BOTH_REFUSE.keys())
def test_refuses_what_no_loader_takes(root: Path, form: Form, problems: list[str]) -> None:
    path = written(root, form)
    assert loaded(path, root) is None
    assert [each.text for each in read_deployment(path, root, "mlp").problems] == problems


WE_REFUSE: dict[str, tuple[Form, list[str]]] = {
    # azure-ai-ml takes placeholders for names.
    "endpoint_name ${X}": (
        flat(endpoint_name="${BATCH_ENDPOINT_NAME}"),
        ["endpoint_name is '${BATCH_ENDPOINT_NAME}': nothing fills in ${BATCH_ENDPOINT_NAME}. Write the value itself."],
    ),
    "compute <x>": (
        flat(compute="azureml:<your-cluster>"),
        ["compute is 'azureml:<your-cluster>': nothing fills in <your-cluster>. Write the value itself."],
    ),
    "model of a pipeline": (
        flat(model="azureml:${{parent.inputs.x}}-model@latest"),
        [
            (
                "model is 'azureml:${{parent.inputs.x}}-model@latest': nothing fills in ${{parent.inputs.x}}. Write "
                "the value itself."
            )
        ],
    ),
    "variable for envsubst": (
        flat(environment_variables={"BASE": "$OPENAI_API_BASE"}),
        [
            (
                "environment_variables.BASE is '$OPENAI_API_BASE': nothing fills in $OPENAI_API_BASE. Write the value "
                "itself."
            )
        ],
    ),
    "Azure Pipelines": (
        flat(endpoint_name="$(Build.Repository.Name)-batch"),
        [
            (
                "endpoint_name is '$(Build.Repository.Name)-batch': nothing fills in $(Build.Repository.Name). Write "
                "the value itself."
            )
        ],
    ),
    "quoted Jinja": (
        flat(name="{{ name }}"),
        ["name is '{{ name }}': nothing fills in {{ name }}. Write the value itself."],
    ),
    # What it takes and Azure then refuses, or what means something else on another machine.
    "another label": (
        flat(model="azureml:digits@prod"),
        [
            (
                "model is 'azureml:digits@prod'. Write a version in place of prod: azureml:digits@prod has a label "
                "other than latest."
            )
        ],
    ),
    "a label of a registry": (
        flat(model=f"{REGISTRY}/models/digits/labels/latest"),
        [
            (
                f"model is '{REGISTRY}/models/digits/labels/latest'. Write a version: the program cannot ask a "
                "registry which one a label names. In azure-ai-ml, MLClient(credential, "
                'registry_name="our-registry").models.list(name="digits") lists them.'
            )
        ],
    ),
    "compute local": (
        flat(compute="local"),
        ["compute is 'local'. Write azureml:NAME, with the name of a cluster."],
    ),
    "code elsewhere": (
        code("../../outside"),
        [
            (
                "code_configuration.code is '../../outside', which is outside the folder of Pulumi.yaml. Every machine "
                "must find the same files there: copy them into that folder, and write the path of the copy."
            )
        ],
    ),
    "absolute path": (
        code("/srv/code"),
        [
            (
                "code_configuration.code is '/srv/code', which other machines do not have. Write a path relative to "
                "this file's folder."
            )
        ],
    ),
    "backslashes": (
        code(".\\code"),
        ["code_configuration.code is '.\\\\code'. Write './code', with / in it."],
    ),
    "image and build": (
        environment(image=IMAGE, build={"path": "docker"}),
        ["environment.build is set, and so is image. Write one of the two."],
    ),
    "Windows": (
        environment(image=IMAGE, os_type="Windows"),
        ["environment.os_type is 'Windows'. Batch endpoints run on Linux: remove the key."],
    ),
    "a tag that is a mapping": (
        flat(tags={"a": {"b": "c"}}),
        ["tags.a is a mapping, and not a text. Write a text, in quotes."],
    ),
    "variables at both places": (
        {**job(environment_variables={"A": "b"}), "environment_variables": {"A": "c"}},
        ["environment_variables is set twice: at the top and below settings. Remove one of the two."],
    ),
}


@pytest.mark.parametrize(("form", "problems"), WE_REFUSE.values(), ids=WE_REFUSE.keys())
def test_refuses_what_a_loader_takes_and_azure_cannot_use(root: Path, form: Form, problems: list[str]) -> None:
    path = written(root, form)
    assert loaded(path, root) is not None
    assert [each.text for each in read_deployment(path, root, "mlp").problems] == problems


WE_TAKE: dict[str, Form] = {
    # The command line gives these to azure-ai-ml; here the stack file does.
    "no name": flat(name=None),
    "no endpoint_name": flat(endpoint_name=None),
    "no compute below settings": nested(compute=None),
    "settings without mini_batch_size": nested(settings={"error_threshold": 3}),
    "conda file with file:": environment(image=IMAGE, conda_file="file:environment/conda.yaml"),
}


@pytest.mark.parametrize("form", WE_TAKE.values(), ids=WE_TAKE.keys())
def test_takes_what_the_stack_file_completes(root: Path, form: Form) -> None:
    path = written(root, form)
    assert loaded(path, root) is None
    assert read_deployment(path, root, "mlp").problems == []


PIPELINES: dict[str, tuple[Form, str]] = {
    "component": (
        {"name": "p", "endpoint_name": "e", "type": "pipeline", "component": "azureml:c@latest"},
        "type is 'pipeline'.",
    ),
    "component and settings": (
        {
            "name": "p",
            "endpoint_name": "e",
            "type": "pipeline",
            "component": "azureml:c:1",
            "settings": {"default_compute": "c", "continue_on_step_failure": False},
        },
        "type is 'pipeline'.",
    ),
    "job": (
        {"name": "p", "endpoint_name": "e", "type": "pipeline", "job_definition": "azureml:job"},
        "type is 'pipeline'.",
    ),
    "component without a type": (
        {"name": "p", "endpoint_name": "e", "component": "azureml:c@latest"},
        "component belongs to a pipeline.",
    ),
    "type: component": ({"name": "p", "endpoint_name": "e", "type": "component"}, "type is 'component'."),
}


@pytest.mark.parametrize(("form", "said"), PIPELINES.values(), ids=PIPELINES.keys())
def test_refuses_pipelines_in_one_sentence(root: Path, form: Form, said: str) -> None:
    assert [each.text for each in read_deployment(written(root, form), root, "mlp").problems] == [
        f"{said} The program deploys models; deploy a pipeline component with azure-ai-ml."
    ]


ENDPOINT: Form = {"name": "digits", "description": "d", "auth_mode": "aad_token", "tags": {"a": "b", "n": 1}}


def endpoint(**changes: Any) -> Form:
    return {key: value for key, value in {**ENDPOINT, **changes}.items() if value != ""}


ENDPOINTS: dict[str, Form] = {
    "endpoint": endpoint(),
    "schema": endpoint(**{"$schema": "https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json"}),
    "no auth_mode": endpoint(auth_mode=""),
    "auth_mode in other letters": endpoint(auth_mode="AADToken"),
    "name alone": {"name": "digits"},
    "properties": endpoint(properties={"a": "b"}),
    "location": endpoint(location="westeurope"),
    "defaults": endpoint(defaults={"deployment_name": "mlp"}),
    "what Azure answers": endpoint(scoring_uri="https://x", openapi_uri="https://x", provisioning_state="Succeeded"),
}


@pytest.mark.parametrize("form", ENDPOINTS.values(), ids=ENDPOINTS.keys())
def test_gives_what_the_endpoints_loader_gives(root: Path, form: Form) -> None:
    path = written(root, form)
    ours = read_endpoint(path)
    assert ours.problems == []
    assert ours.values == loaded_endpoint(path)


REFUSED_ENDPOINTS: dict[str, tuple[Form, list[str]]] = {
    "deployments": (
        endpoint(deployments=[BARE], traffic={"mlp": 100}, type="batch"),
        [
            (
                "deployments is a key that Azure does not take. Write a file for each deployment, and name each with "
                "its own `from`."
            ),
            (
                "traffic is a key that Azure does not take. Remove it: `default` of the endpoint in the stack file "
                "names the deployment that serves."
            ),
            "type is a key that Azure does not take. Remove it: the file is of a batch endpoint.",
        ],
    ),
    "keys of a deployment": (
        endpoint(compute="azureml:c"),
        [
            (
                "compute is a key that Azure does not take. Remove it: it belongs to a deployment's file, which `from` "
                "of the deployment names."
            )
        ],
    ),
    "null name": (endpoint(name=None), ["name has no value. Write one, or remove the key."]),
    "null auth_mode": (endpoint(auth_mode=None), ["auth_mode has no value. Write one, or remove the key."]),
    "unknown auth_mode": (
        endpoint(auth_mode="password"),
        ["auth_mode is 'password'. Write aad_token: batch endpoints take nothing else."],
    ),
}


@pytest.mark.parametrize(("form", "problems"), REFUSED_ENDPOINTS.values(), ids=REFUSED_ENDPOINTS.keys())
def test_refuses_endpoints_that_the_loader_refuses(root: Path, form: Form, problems: list[str]) -> None:
    path = written(root, form)
    assert loaded_endpoint(path) is None
    assert [each.text for each in read_endpoint(path).problems] == problems


def test_takes_an_endpoint_with_an_identity_with_which_the_loader_fails(root: Path) -> None:
    path = written(root, endpoint(identity={"type": "system_assigned"}))
    assert loaded_endpoint(path) is None
    found = read_endpoint(path)
    assert found.problems == []
    assert [each.text for each in found.notes][1:] == ["identity is not used: jobs run with the cluster's identity."]


@pytest.mark.parametrize("mode", ["key", "aml_token"])
def test_refuses_a_mode_of_other_endpoints(root: Path, mode: str) -> None:
    path = written(root, endpoint(auth_mode=mode))
    assert loaded_endpoint(path) is not None
    assert [each.text for each in read_endpoint(path).problems] == [
        f"auth_mode is '{mode}'. Write aad_token: batch endpoints take nothing else."
    ]
