"""Every kind of model and environment in the configuration, and the message for each mistake in them.

Other tests are about MLflow models and about what git does not fix.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.settings_world import Config, changed, make_files, mlp, problems, read

MLP = "endpoints.digits.deployments.mlp"
SET = f"Pulumi.dev.yaml: set {MLP}"
URIS = "azureml://jobs/JOB/outputs/OUTPUT/paths/PATH, azureml://datastores/DATASTORE/paths/PATH or runs:/RUN/PATH"


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    root = make_files(tmp_path)
    for name in ("build/Dockerfile", "build/docker/gpu"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("FROM base:1\n")
    return root


def _deployment(root: Path, **keys: object) -> Mapping[str, Any]:
    """The deployment that the right configuration has with other keys."""
    return read(root, changed(lambda config: mlp(config).update(keys))).endpoints["digits"].deployments["mlp"]


def _problems(root: Path, **keys: object) -> list[str]:
    def change(config: Config) -> None:
        mlp(config).update(keys)

    return problems(root, changed(change))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"name": "sklearn-1.5", "version": 3}, {"name": "sklearn-1.5", "version": "3"}),
        ("azureml:heart.v2:3", {"name": "heart.v2", "version": "3"}),
        (
            "azureml://registries/ours/models/heart/versions/3",
            {"registry": "ours", "name": "heart", "version": "3"},
        ),
        (
            {"path": "azureml://jobs/calm_pear/outputs/model/paths/best/", "name": "heart", "type": "mlflow_model"},
            {"uri": "azureml://jobs/calm_pear/outputs/model/paths/best", "name": "heart", "type": "mlflow_model"},
        ),
        (
            {"path": "azureml://jobs/calm_pear/outputs/model", "name": "heart"},
            {"uri": "azureml://jobs/calm_pear/outputs/model", "name": "heart", "type": "custom_model"},
        ),
        (
            {"path": "azureml://jobs/calm_pear/outputs/model/paths/", "name": "heart"},
            {"uri": "azureml://jobs/calm_pear/outputs/model", "name": "heart", "type": "custom_model"},
        ),
        (
            {"path": "azureml://datastores/models/paths/heart/model.pkl", "name": "heart"},
            {"uri": "azureml://datastores/models/paths/heart/model.pkl", "name": "heart", "type": "custom_model"},
        ),
        (
            {"path": "runs:/0f1e/model", "name": "heart", "type": "mlflow_model"},
            {"uri": "runs:/0f1e/model", "name": "heart", "type": "mlflow_model"},
        ),
    ],
)
def test_models(root: Path, written: object, expected: object) -> None:
    assert _deployment(root, model=written)["model"] == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"image": "base:1"}, {"image": "base:1"}),
        ({"build": {"path": "build"}}, {"build": {"path": "build", "dockerfile_path": "Dockerfile"}}),
        (
            {"build": {"path": "./build/", "dockerfilePath": "docker/gpu"}},
            {"build": {"path": "build", "dockerfile_path": "docker/gpu"}},
        ),
        ({"name": "torch_2.1", "version": "1.0"}, {"name": "torch_2.1", "version": "1.0"}),
        (
            {"registry": "ours", "name": "torch", "version": 4},
            {"registry": "ours", "name": "torch", "version": "4"},
        ),
        ("azureml:torch:4", {"name": "torch", "version": "4"}),
        (
            "azureml://registries/ours/environments/torch/versions/4",
            {"registry": "ours", "name": "torch", "version": "4"},
        ),
        (
            {"build": {"path": "build"}, "rehearseWith": "env/conda.yaml"},
            {"build": {"path": "build", "dockerfile_path": "Dockerfile"}, "rehearse_with": "env/conda.yaml"},
        ),
    ],
)
def test_environments(root: Path, written: object, expected: object) -> None:
    assert _deployment(root, environment=written)["environment"] == expected


@pytest.mark.parametrize(
    ("environment", "image"),
    [
        ({"registry": "azureml", "name": "sklearn-1.5", "version": 12}, "sklearn-1.5:12"),
        ({"name": "AzureML-sklearn-1.0", "version": 3}, "sklearn-1.0:3"),
        ("azureml:AzureML-sklearn-1.0:3", "sklearn-1.0:3"),
    ],
)
def test_a_curated_environment_has_a_warning(root: Path, environment: Mapping[str, object] | str, image: str) -> None:
    settings = read(root, changed(lambda config: mlp(config).update(environment=environment)))
    name = "AzureML-sklearn-1.0" if isinstance(environment, str) else environment["name"]
    assert settings.warnings == (
        (
            f"{MLP}.environment names the curated environment {name}, and a batch deployment takes only "
            "its image. Set image and condaFile instead. The image is usually "
            f"mcr.microsoft.com/azureml/curated/{image}; the environment's page in the studio shows it."
        ),
    )


@pytest.mark.parametrize("listed", ["", "azureml_core==1.61.0"])
def test_a_conda_file_without_what_azure_needs_beside_a_script_has_one_warning(root: Path, listed: str) -> None:
    (root / "env/conda.yaml").write_text(f"dependencies: [pip, {listed}]\n", encoding="utf-8")
    missing = "azureml-dataset-runtime" if listed else "azureml-core and azureml-dataset-runtime"
    assert read(root, changed(lambda _: None)).warnings == (
        (
            f"{MLP}.environment.condaFile is 'env/conda.yaml': does not list {missing}, which Azure's "
            "documentation requires for a scoring script."
        ),
    )


def test_everything_else_has_none(root: Path) -> None:
    assert read(root, changed(lambda _: None)).warnings == ()


def test_a_model_deployment_may_say_so(root: Path) -> None:
    assert "type" not in _deployment(root, type="model")


_REFERENCE = (
    "Allowed: azureml:NAME:VERSION, azureml://registries/REGISTRY/{0}/NAME/versions/VERSION (not latest or another "
    "label: the same configuration must always mean the same version), or an object that describes {1}; "
    "docs/models-and-environments.md has its keys."
)
MODEL_REFERENCE = _REFERENCE.format("models", "a model")
ENVIRONMENT_REFERENCE = _REFERENCE.format("environments", "an environment")
ARM = "azureml:/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("azureml:heart@latest", "azureml:heart:VERSION"),
        ("azureml:heart:latest", "azureml:heart:VERSION"),
        ("heart", "azureml:heart:VERSION"),
        (
            "azureml://registries/ours/models/heart/labels/latest",
            "azureml://registries/ours/models/heart/versions/VERSION",
        ),
        ("azureml://registries/ours/model/heart/versions/1", "azureml://registries/ours/models/heart/versions/VERSION"),
        (
            "azureml://registries/ours/models/heart/versions/latest",
            "azureml://registries/ours/models/heart/versions/VERSION",
        ),
        (f"{ARM}/models/heart/versions/3", "azureml:heart:3"),
        ("heart:3", "azureml:heart:3"),
        ("", "azureml:NAME:VERSION"),
        ("azureml:-heart:1", "azureml:NAME:VERSION"),
        ("runs:/0f1e/model", "azureml:NAME:VERSION"),
    ],
)
def test_a_reference_to_a_model_that_is_not_fixed(root: Path, written: str, meant: str) -> None:
    assert _problems(root, model=written) == [f"{MLP}.model is '{written}'. {MODEL_REFERENCE}\n{SET}.model to {meant}"]


def test_a_reference_to_an_environment_that_is_not_fixed(root: Path) -> None:
    assert _problems(root, environment="azureml:torch@latest") == [
        (
            f"{MLP}.environment is 'azureml:torch@latest'. {ENVIRONMENT_REFERENCE}\n"
            f"{SET}.environment to azureml:torch:VERSION"
        )
    ]


@pytest.mark.parametrize(("key", "what"), [("model", "a model"), ("environment", "an environment")])
@pytest.mark.parametrize("value", [3, [1]])
def test_what_is_not_an_object_is_one_problem(root: Path, key: str, what: str, value: object) -> None:
    assert _problems(root, **{key: value}) == [
        (
            f"{MLP}.{key} is {value}. Allowed: an object that describes {what}.\n"
            f"Pulumi.dev.yaml: write an object below {key}: docs/configuration.md has its keys"
        )
    ]


WRONG: list[tuple[dict[str, object], str]] = [
    (
        {"model": {"registry": "a/b", "name": "heart", "version": 3}},
        (
            f"{MLP}.model.registry is 'a/b'. Allowed: the name of a registry, 2 to 33 characters: letters, digits, "
            f"hyphens and underscores, starting with a letter or digit.\n{SET}.model.registry to REGISTRY"
        ),
    ),
    (
        {"model": {"path": "azureml://jobs/calm_pear/model", "name": "heart"}},
        f"{MLP}.model.path is 'azureml://jobs/calm_pear/model'. Allowed: a path, or {URIS}.\n{SET}.model.path to PATH",
    ),
    (
        {"model": {"path": "azureml:heart:1", "name": "heart"}},
        f"{MLP}.model.path is 'azureml:heart:1'. Allowed: a path, or {URIS}.\n{SET}.model.path to PATH",
    ),
    (
        {"model": {"path": "runs:/0f1e/model.pkl", "name": "heart", "type": "mlflow_model"}},
        (
            f"{MLP}.model.path is 'runs:/0f1e/model.pkl'. Allowed: for mlflow_model, the address of a folder, whose "
            f"name has no dot.\n{SET}.model.path to PATH"
        ),
    ),
    (
        {"model": {"path": "models/mlp", "name": "heart.v2"}},
        (
            f"{MLP}.model.name is 'heart.v2'. Allowed: a model's name, 1 to 255 characters: letters, digits, hyphens "
            f"and underscores, starting with a letter or digit.\n{SET}.model.name to MODEL"
        ),
    ),
    (
        {"model": {"name": "a b", "version": 1}},
        (
            f"{MLP}.model.name is 'a b'. Allowed: the name of an existing model, 1 to 255 characters: letters, digits, "
            f"dots, hyphens and underscores, not starting with a dot or hyphen.\n{SET}.model.name to MODEL"
        ),
    ),
    (
        {"environment": {"name": "a" * 256, "version": 1}},
        (
            f"{MLP}.environment.name is '{'a' * 256}'. Allowed: the name of an existing environment, 1 to 255 "
            f"characters: letters, digits, dots, hyphens and underscores, not starting with a dot or "
            f"hyphen.\n{SET}.environment.name to ENVIRONMENT"
        ),
    ),
    (
        {"environment": {"build": {"path": "env"}}},
        (
            f"{MLP}.environment.build.dockerfilePath is 'Dockerfile', and env has no such file. Allowed: the path of a "
            f"Dockerfile, relative to the folder.\n{SET}.environment.build.dockerfilePath to Dockerfile"
        ),
    ),
    (
        {"environment": {"build": {"path": "build", "dockerfilePath": "../Dockerfile"}}},
        (
            f"{MLP}.environment.build.dockerfilePath is '../Dockerfile', and build has no such file. Allowed: the path "
            f"of a Dockerfile, relative to the folder.\n{SET}.environment.build.dockerfilePath to Dockerfile"
        ),
    ),
    (
        {"environment": {"build": {"path": "builds"}}},
        (
            f"{MLP}.environment.build.path is 'builds', and there is no such folder. Allowed: the path of the folder "
            f"with the Dockerfile.\n{SET}.environment.build.path to build"
        ),
    ),
    (
        {"environment": {"image": "base:1", "rehearseWith": "none.yaml"}},
        (
            f"{MLP}.environment.rehearseWith is 'none.yaml', and there is no such file. Allowed: the path of the conda "
            f"file.\n{SET}.environment.rehearseWith to PATH"
        ),
    ),
    (
        {"type": "pipeline"},
        (
            f"{MLP}.type is 'pipeline'. Allowed: no type, or model. The program deploys models; deploy a pipeline "
            f"component with azure-ai-ml.\nPulumi.dev.yaml: remove {MLP}.type"
        ),
    ),
]


@pytest.mark.parametrize(("keys", "told"), WRONG)
def test_what_is_wrong_is_told(root: Path, keys: dict[str, object], told: str) -> None:
    assert _problems(root, **keys) == [told]


@pytest.mark.parametrize(("length", "is_taken"), [(255, True), (256, False)])
def test_a_name_of_a_new_model_has_the_length_that_the_message_says(root: Path, length: int, *, is_taken: bool) -> None:
    config = changed(lambda config: mlp(config)["model"].update(name="m" * length))
    if is_taken:
        assert read(root, config).endpoints["digits"].deployments["mlp"]["model"].get("name") == "m" * 255
    else:
        (told,) = problems(root, config)
        assert "Allowed: a model's name, 1 to 255 characters: letters, digits, hyphens and underscores" in told
