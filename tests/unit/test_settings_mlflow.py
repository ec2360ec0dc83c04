"""MLflow models in the configuration: served without code, and the message for each one that cannot be.

That Azure, or the sandbox, serves them is not shown here.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unit.settings_world import RIGHT, Config, changed, make_files, mlp, problems, read

MLP = "endpoints.digits.deployments.mlp"
SERVED = "flavors:\n  python_function: {loader_module: mlflow.sklearn}\n  sklearn: {}\n"
FOLDER = (
    "Allowed: for mlflow_model, a folder that MLflow's save_model or log_model wrote, with its file MLmodel; any other "
    "model is a custom_model, with code and scoringScript."
)
NO_SCRIPT = "and only an MLflow model runs without code and scoringScript"


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    root = make_files(tmp_path)
    (root / "models" / "mlp" / "MLmodel").write_text(SERVED)
    return root


def _without_code(model: Mapping[str, object], **keys: object) -> Config:
    """The right configuration with a model, without code and environment."""

    def change(config: Config) -> None:
        for key in ("code", "scoringScript", "environment"):
            del mlp(config)[key]
        mlp(config).update(model=model, **keys)

    return changed(change)


LOCAL = {"path": "models/mlp", "name": "heart", "type": "mlflow_model"}


@pytest.mark.parametrize(
    "model",
    [
        LOCAL,
        {"name": "heart", "version": "3"},
        {"name": "heart", "version": "3", "type": "mlflow_model"},
        {"registry": "ours", "name": "heart", "version": "3", "type": "mlflow_model"},
    ],
)
def test_without_code_and_environment(root: Path, model: Mapping[str, object]) -> None:
    deployment = read(root, _without_code(model)).endpoints["digits"].deployments["mlp"]
    assert deployment["model"] == model
    assert not {"code", "scoring_script", "environment"} & set(deployment)


def test_an_environment_alone_is_taken(root: Path) -> None:
    config = _without_code(LOCAL, environment={"name": "scoring", "version": "12"})
    deployment = read(root, config).endpoints["digits"].deployments["mlp"]
    assert deployment.get("environment") == {"name": "scoring", "version": "12"}
    assert "code" not in deployment


def test_a_script_of_its_own_needs_no_python_function(root: Path) -> None:
    (root / "models" / "mlp" / "MLmodel").write_text("flavors: {pytorch: {}}\n")
    config = changed(lambda config: mlp(config).update(model=LOCAL))
    assert read(root, config).endpoints["digits"].deployments["mlp"]["model"] == LOCAL


@pytest.mark.parametrize(
    ("description", "why"),
    [
        (None, "which has no file MLmodel"),
        ("flavors: [", "whose MLmodel is not a YAML file with flavors"),
        ("no flavors", "whose MLmodel is not a YAML file with flavors"),
    ],
)
@pytest.mark.parametrize("has_code", [False, True])
def test_a_folder_that_is_no_mlflow_model(root: Path, description: str | None, why: str, *, has_code: bool) -> None:
    (root / "models" / "mlp" / "MLmodel").unlink()
    if description:
        (root / "models" / "mlp" / "MLmodel").write_text(description)
    config = changed(lambda config: mlp(config).update(model=LOCAL)) if has_code else _without_code(LOCAL)
    assert problems(root, config) == [
        f"{MLP}.model.path is 'models/mlp', {why}. {FOLDER}\nPulumi.dev.yaml: set {MLP}.model.path to PATH"
    ]


def test_a_file(root: Path) -> None:
    assert problems(root, _without_code({**LOCAL, "path": "models/mlp/model.onnx"})) == [
        (
            f"{MLP}.model.path is 'models/mlp/model.onnx', which is a file. {FOLDER}\n"
            f"Pulumi.dev.yaml: set {MLP}.model.path to PATH"
        )
    ]


@pytest.mark.parametrize(
    ("description", "flavors"), [("flavors: {}", "no flavor"), ("flavors: {sklearn: {}, onnx: {}}", "onnx, sklearn")]
)
def test_a_flavor_that_azure_does_not_serve(root: Path, description: str, flavors: str) -> None:
    (root / "models" / "mlp" / "MLmodel").write_text(description)
    assert problems(root, _without_code(LOCAL)) == [
        (
            f"{MLP}.model.path is 'models/mlp', whose MLmodel has {flavors}. Allowed: without code and scoringScript, "
            "an MLflow model with the flavor python_function, the only one that Azure serves by itself; for another "
            "one, set code, scoringScript and environment.\n"
            f"Pulumi.dev.yaml: set {MLP}.model.path to PATH"
        )
    ]


def test_an_mlflow_model_without_its_type(root: Path) -> None:
    assert problems(root, _without_code({"path": "models/mlp", "name": "heart"})) == [
        (
            f"{MLP}.model.type is not set, and models/mlp is an MLflow model. Allowed: mlflow_model for a model "
            "without code and scoringScript; the default is custom_model.\n"
            f"Pulumi.dev.yaml: set {MLP}.model.type to mlflow_model"
        )
    ]


@pytest.mark.parametrize(
    "model",
    [
        {"path": "models/mlp/model.onnx", "name": "digits"},
        {"path": "models/mlp", "name": "digits", "type": "custom_model"},
        {"name": "digits", "version": "1", "type": "custom_model"},
    ],
)
def test_another_model_without_code(root: Path, model: Mapping[str, object]) -> None:
    environment = RIGHT["endpoints"]["digits"]["deployments"]["mlp"]["environment"]
    assert problems(root, _without_code(model, environment=environment)) == [
        (
            f"{MLP}.code is not set, {NO_SCRIPT}. Allowed: the path of the folder with the scoring script, relative to "
            "the folder of Pulumi.yaml and inside it, with / as the separator.\n"
            f"Pulumi.dev.yaml: set {MLP}.code to PATH"
        ),
        (
            f"{MLP}.scoringScript is not set, {NO_SCRIPT}. Allowed: a Python file, relative to the code folder.\n"
            f"Pulumi.dev.yaml: set {MLP}.scoringScript to score.py"
        ),
    ]


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        ("code", f"{MLP}.code is not set, {NO_SCRIPT}"),
        ("scoringScript", f"{MLP}.scoringScript is not set, {NO_SCRIPT}"),
        ("environment", f"{MLP}.environment is not set, and a scoring script needs one"),
    ],
)
def test_a_part_of_a_script(root: Path, left: str, expected: str) -> None:
    def change(config: Config) -> None:
        mlp(config)["model"] = LOCAL
        del mlp(config)[left]

    assert [each.partition(".")[0] for each in problems(root, changed(change))] == [expected.partition(".")[0]]
    (problem,) = problems(root, changed(change))
    assert problem.startswith(f"{expected}. Allowed: ")
