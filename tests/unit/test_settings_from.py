"""`from` of a deployment or an endpoint: a YAML file of the Azure ML CLI, and the stack file's own keys over it.

The file's forms are in test_azureml_yaml_loaders.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from modelops.plan.scoring_settings import ScoringSettings
from tests.unit.settings_world import RIGHT, changed, make_files, mlp, problems, read

FILE: dict[str, Any] = {
    "name": "another",
    "endpoint_name": "another",
    "description": "from the file",
    "model": {"name": "digits-mlp", "path": "../models/mlp"},
    "code_configuration": {"code": "../code", "scoring_script": "score.py"},
    "environment": {"image": "example.com/base:1", "conda_file": "../env/conda.yaml"},
    "compute": "azureml:batch-cluster",
    "resources": {"instance_count": 2},
    "tags": {"size": 16},
    "mini_batch_size": 5,
    "logging_level": "INFO",
}
WARNING = (
    "deployments/mlp.yml:13: compute is 'batch-cluster', but the stack has only one cluster (the key cluster), which "
    "is used."
)


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    (tmp_path / "deployments").mkdir()
    return make_files(tmp_path)


def write(root: Path, **changes: Any) -> None:
    """Write the file; a key that is None is left out."""
    content = {key: value for key, value in {**FILE, **changes}.items() if value is not None}
    (root / "deployments" / "mlp.yml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def from_file(**own: Any) -> dict[str, Any]:
    """Return the configuration whose deployment is the file, and has these keys itself."""

    def change(config: dict[str, Any]) -> None:
        config["endpoints"]["digits"]["deployments"]["mlp"] = {"from": "deployments/mlp.yml", **own}

    return changed(change)


def deployment(root: Path, config: dict[str, Any]) -> Any:
    return read(root, config).endpoints["digits"].deployments["mlp"]


def test_it_is_the_same_deployment_as_by_the_stack_files_words(root: Path) -> None:
    write(root)
    same = {
        "description": "from the file",
        "tags": {"size": "16"},
        "instanceCount": 2,
        "miniBatchSize": 5,
    }
    assert deployment(root, from_file()) == deployment(root, changed(lambda config: mlp(config).update(same)))
    assert read(root, from_file()).warnings == (WARNING,)


def test_the_stack_files_keys_win(root: Path) -> None:
    write(root)
    own = {"miniBatchSize": 7, "tags": {}, "environment": {"name": "base", "version": "2"}}
    found = deployment(root, from_file(**own))
    assert found["settings"] == ScoringSettings(instance_count=2, mini_batch_size=7)
    assert found["tags"] == {}
    assert found["environment"] == {"name": "base", "version": "2"}
    assert found["description"] == "from the file"


def test_a_stand_in_is_added_to_the_files_environment(root: Path) -> None:
    write(root)
    found = deployment(root, from_file(environment={"rehearseWith": "env/conda.yaml"}))
    assert found["environment"] == {
        "image": "example.com/base:1",
        "conda_file": "env/conda.yaml",
        "rehearse_with": "env/conda.yaml",
    }


def test_what_git_does_not_fix_is_taken_from_the_file_alone(root: Path) -> None:
    image = {"image": "base:latest", "conda_file": "../env/conda.yaml"}
    write(root, model="azureml:digits@latest", environment=image, compute=None)
    found = deployment(root, from_file())
    assert found["model"] == {"name": "digits", "label": "latest"}
    assert found["environment"] == {"image": "base:latest", "any_tag": True, "conda_file": "env/conda.yaml"}
    assert read(root, from_file()).warnings == (
        ("deployments/mlp.yml:4: model is 'azureml:digits@latest': git does not fix which version that is."),
        (
            "deployments/mlp.yml:9: endpoints.digits.deployments.mlp.environment.image is 'base:latest': git does not "
            "fix which image that is."
        ),
    )
    own = {"image": "base:latest", "condaFile": "env/conda.yaml"}
    assert [each.split(". ")[0] for each in problems(root, from_file(environment=own))] == [
        "endpoints.digits.deployments.mlp.environment.image is 'base:latest'"
    ]


def test_a_conda_environment_in_the_file(root: Path) -> None:
    conda = {"dependencies": ["python=3.11", {"pip": ["numpy"]}]}
    write(root, environment={"image": "base:1", "conda_file": conda})
    assert deployment(root, from_file())["environment"] == {"image": "base:1", "conda": yaml.safe_dump(conda)}
    warning = read(root, from_file()).warnings[-1]
    assert warning.endswith(
        "environment.conda does not list azureml-core and azureml-dataset-runtime, which Azure's documentation "
        "requires for a scoring script."
    )
    write(root, environment={"image": "base:1", "conda_file": {"name": "empty"}})
    (problem,) = problems(root, from_file())
    assert problem.startswith(
        "endpoints.digits.deployments.mlp.environment.conda is not a conda environment. It has no dep"
    )
    assert problem.endswith("edit deployments/mlp.yml:12")


def test_a_model_without_a_name_has_the_deployments(root: Path) -> None:
    write(root, model={"path": "../models/mlp"})
    assert deployment(root, from_file())["model"]["name"] == "mlp"


def test_the_compute_of_the_file_is_a_key_of_clusters(root: Path) -> None:
    write(root)
    config = from_file()
    config["clusters"] = {"batch-cluster": {"maxNodes": 2}, "gpu": {}}
    assert deployment(root, config)["compute"] == "batch-cluster"
    assert read(root, config).warnings == ()
    del config["clusters"]["batch-cluster"]
    config["clusters"]["cpu"] = {}
    assert problems(root, config) == [
        (
            "endpoints.digits.deployments.mlp.compute is 'batch-cluster'. Allowed: gpu or cpu.\n"
            "edit deployments/mlp.yml:13, or Pulumi.dev.yaml: set endpoints.digits.deployments.mlp.compute to gpu"
        )
    ]
    config["endpoints"]["digits"]["deployments"]["mlp"]["compute"] = "cpu"
    assert deployment(root, config)["compute"] == "cpu"


def test_everything_wrong_in_the_file_at_once(root: Path) -> None:
    write(root, name="${NAME}", model={"local_path": "m"}, mini_batch_size="10kb")
    said = "endpoints.digits.deployments.mlp.from is 'deployments/mlp.yml'"
    assert problems(root, from_file()) == [
        f"{said}: name is '${{NAME}}': nothing fills in ${{NAME}}. Write the value itself.\nedit deployments/mlp.yml:1",
        f"{said}: model.local_path is a key that Azure does not take. Write path.\nedit deployments/mlp.yml:5",
        (
            f"{said}: mini_batch_size is '10kb'. Write a whole number without a unit (files for each call of run()).\n"
            "edit deployments/mlp.yml:17"
        ),
    ]


def test_what_is_wrong_in_the_stack_file_too(root: Path) -> None:
    write(root, model={"local_path": "m"}, environment={"image": "base:1", "conda_file": "../nowhere"})
    told = problems(root, from_file(miniBatchSize=0, tgas={}))
    assert [each.split(". ")[0] for each in told] == [
        (
            "endpoints.digits.deployments.mlp.from is 'deployments/mlp.yml': model.local_path is a key that Azure does "
            "not take"
        ),
        "endpoints.digits.deployments.mlp.tgas is an unknown key",
        "endpoints.digits.deployments.mlp.miniBatchSize is 0",
        "endpoints.digits.deployments.mlp.environment.condaFile is 'nowhere', and there is no such file",
    ]


def test_what_the_stack_file_sets_is_not_wrong_in_the_file(root: Path) -> None:
    write(root, model={"local_path": "m"}, compute="azureml:${CLUSTER}", mini_batch_size="10kb")
    own = {"model": mlp(RIGHT)["model"], "miniBatchSize": 5}
    assert problems(root, from_file(**own)) == [
        (
            "endpoints.digits.deployments.mlp.from is 'deployments/mlp.yml': compute is 'azureml:${CLUSTER}': nothing "
            "fills in ${CLUSTER}. Write the value itself.\n"
            "edit deployments/mlp.yml:12"
        )
    ]


def test_values_that_the_stack_file_would_not_take_either(root: Path) -> None:
    write(root, mini_batch_size=0, code_configuration={"code": "../nowhere", "scoring_script": "score.py"})
    (nodes, code) = problems(root, from_file())
    assert nodes == (
        "endpoints.digits.deployments.mlp.miniBatchSize is 0. Allowed: a whole number from 1 "
        "(files for each call of run()).\n"
        "edit deployments/mlp.yml:18, or Pulumi.dev.yaml: set endpoints.digits.deployments.mlp.miniBatchSize to 10"
    )
    assert code.startswith("endpoints.digits.deployments.mlp.code is 'nowhere', and there is no such folder.")


def test_a_file_that_does_not_exist_is_the_only_problem(root: Path) -> None:
    (problem,) = problems(root, from_file())
    assert problem.startswith(
        "endpoints.digits.deployments.mlp.from is 'deployments/mlp.yml', and there is no such file."
    )


def test_a_pipeline(root: Path) -> None:
    write(root, type="pipeline")
    assert problems(root, from_file()) == [
        (
            "endpoints.digits.deployments.mlp.from is 'deployments/mlp.yml': type is 'pipeline'. The program deploys "
            "models; deploy a pipeline component with azure-ai-ml.\n"
            "edit deployments/mlp.yml:20"
        )
    ]


ENDPOINT = "name: other\ndescription: Reads digits\nauth_mode: aad_token\n"


def with_endpoint(root: Path, text: str, **own: Any) -> dict[str, Any]:
    (root / "endpoint.yml").write_text(text, encoding="utf-8")
    return changed(lambda config: config["endpoints"]["digits"].update({"from": "endpoint.yml", **own}))


def test_an_endpoint(root: Path) -> None:
    assert read(root, with_endpoint(root, ENDPOINT)).endpoints["digits"].description == "Reads digits"
    own = with_endpoint(root, ENDPOINT, description="Mine")
    assert read(root, own).endpoints["digits"].description == "Mine"


def test_an_endpoints_tags(root: Path) -> None:
    text = f"{ENDPOINT}tags: {{owner: ml, size: 3}}\n"
    stack = {"project": "azureml-batch-endpoint", "stack": "dev"}
    assert read(root, with_endpoint(root, text)).endpoints["digits"].tags == {**stack, "owner": "ml", "size": "3"}
    own = with_endpoint(root, text, tags={"owner": "me"})
    assert read(root, own).endpoints["digits"].tags == {**stack, "owner": "me"}


def test_what_is_wrong_in_an_endpoints_file(root: Path) -> None:
    said = "endpoints.digits.from is 'endpoint.yml'"
    assert problems(root, with_endpoint(root, f"{ENDPOINT}deployments: []\n")) == [
        (
            f"{said}: deployments is a key that Azure does not take. Write a file for each deployment, and name each "
            "with its own `from`.\n"
            "edit endpoint.yml:4"
        )
    ]


DEPLOYMENT = "endpoints.digits.deployments.mlp"
NOT_NEEDED = "The rollback does not need it, but a release without the pin does."


def rolled_back(root: Path, config: dict[str, Any]) -> Any:
    config["endpoints"]["digits"]["pin"] = "mlp-0123abcd"
    return read(root, config)


@pytest.mark.parametrize("own", [{}, {"model": {"path": "models/mlp", "name": "m"}, "code": "code"}])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, f"{DEPLOYMENT}.from is 'deployments/mlp.yml', and there is no such file. {NOT_NEEDED}"),
        (
            "a: [",
            (
                f"{DEPLOYMENT}.from is 'deployments/mlp.yml', and its line 1 is wrong: The file is not YAML: expected "
                f"the node content, but found '<stream end>'. {NOT_NEEDED}"
            ),
        ),
        (
            "type: pipeline\n",
            (
                f"{DEPLOYMENT}.from is 'deployments/mlp.yml', and its line 1 is wrong: type is 'pipeline'. The program "
                f"deploys models; deploy a pipeline component with azure-ai-ml. {NOT_NEEDED}"
            ),
        ),
    ],
)
def test_a_file_that_is_gone_or_broken_does_not_stop_a_rollback(
    root: Path, text: str | None, told: str, own: dict[str, Any]
) -> None:
    if text is not None:
        (root / "deployments" / "mlp.yml").write_text(text, encoding="utf-8")
    config = from_file(**own)
    config["endpoints"]["digits"]["tryOut"] = {"input": "code"}
    found = rolled_back(root, config)
    assert found.warnings == (told,)
    unread = found.endpoints["digits"].deployments["mlp"]
    assert (unread["model"], unread["compute"], unread["try_out"].input.path) == ({}, "aml", "code")


def test_a_value_of_a_file_that_is_wrong_does_not_stop_a_rollback(root: Path) -> None:
    write(root, mini_batch_size=0, model={"name": "digits-mlp", "path": "../gone"})
    found = rolled_back(root, from_file())
    assert [each for each in found.warnings if each.endswith(NOT_NEEDED)] == [
        (
            f"deployments/mlp.yml:6: {DEPLOYMENT}.model.path is 'gone', and there is no such file or folder. "
            f"{NOT_NEEDED}"
        ),
        f"deployments/mlp.yml:18: {DEPLOYMENT}.miniBatchSize is 0. {NOT_NEEDED}",
    ]
    assert found.endpoints["digits"].deployments["mlp"]["model"] == {}


@pytest.mark.parametrize("text", [None, "a: ["])
def test_an_endpoint_s_file_does_not_stop_a_rollback(root: Path, text: str | None) -> None:
    config = with_endpoint(root, text or "", description="Mine")
    if text is None:
        (root / "endpoint.yml").unlink()
    found = rolled_back(root, config)
    first, second = found.warnings
    assert first.startswith("endpoints.digits.from is 'endpoint.yml', and ")
    assert first.endswith(NOT_NEEDED)
    assert second == "endpoints.digits.from cannot be read, so description and tags are those of the stack file."
    assert found.endpoints["digits"].description == "Mine"
    assert found.endpoints["digits"].deployments["mlp"]["model"] != {}
