"""What of a stack a sandbox cannot have, as its file says it; nothing is checked, settings/ does that."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ci.rehearsed_config import edited
from ci.stand_ins import Elsewhere, Stack, words

LOCAL = {"model": {"path": "model", "name": "m"}, "scoringScript": "score.py"}


def _stack(folder: Path, **config: Any) -> Stack:
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    found = Stack.read(folder, "dev")
    assert found is not None
    return found


def _model(folder: Path, deployment: dict[str, Any]) -> list[Elsewhere]:
    return _stack(folder, endpoints={"churn": {"deployments": {"a": deployment}}}).elsewhere()


@pytest.mark.parametrize(
    ("deployment", "reference", "is_mlflow"),
    [
        ({"model": {"name": "churn", "version": 3}, "scoringScript": "score.py"}, "churn:3", False),
        ({"model": {"name": "churn", "version": 3}}, "churn:3", True),
        (
            {"model": {"registry": "shared", "name": "churn", "version": "1"}, "scoringScript": "score.py"},
            "azureml://registries/shared/models/churn/versions/1",
            False,
        ),
        (
            {"model": {"path": "azureml://jobs/j/outputs/model", "name": "m", "type": "mlflow_model"}},
            "azureml://jobs/j/outputs/model",
            True,
        ),
        ({"model": "azureml:churn:3", "scoringScript": "score.py"}, "churn:3", False),
    ],
)
def test_a_model_in_azure(tmp_path: Path, deployment: dict[str, Any], reference: str, is_mlflow: bool) -> None:
    assert _model(tmp_path, deployment) == [Elsewhere("churn", reference, is_mlflow)]


def test_a_model_in_azure_that_a_deployment_file_names(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("model: azureml:churn@3\ncode_configuration: {code: src}\n", encoding="utf-8")
    assert _model(tmp_path, {"from": "a.yml"}) == [Elsewhere("churn", "azureml:churn@3", is_mlflow=False)]
    (tmp_path / "a.yml").write_text("model: azureml:churn:3\ncode_configuration: {code: src}\n", encoding="utf-8")
    assert _model(tmp_path, {"from": "a.yml"}) == [Elsewhere("churn", "churn:3", is_mlflow=False)]


@pytest.mark.parametrize("deployment", [LOCAL, {}, {"from": "missing.yml"}, {"model": {"path": "m", "name": "m"}}])
def test_a_model_of_the_repository(tmp_path: Path, deployment: dict[str, Any]) -> None:
    assert _model(tmp_path, deployment) == []


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("churn:3", ["model", "add", "churn:3", "f", "--type", "custom_model"]),
        (
            "azureml://registries/shared/models/churn/versions/1",
            ["registry", "add", "model", "shared/churn:1", "f", "--type", "custom_model"],
        ),
        ("azureml://jobs/j/outputs/o", ["model", "add", "--job", "j/o", "f", "--type", "custom_model"]),
        ("azureml://jobs/j/outputs/o/paths/a/b/", ["model", "add", "--job", "j/o/a/b", "f", "--type", "custom_model"]),
        ("azureml://datastores/d/paths/a/b", ["data", "add", "azureml://datastores/d/paths/a/b", "f"]),
        ("runs:/r/model", None),
        ("azureml:churn@latest", None),
    ],
)
def test_how_the_sandbox_gets_it(reference: str, expected: list[str] | None) -> None:
    assert words(reference, Path("f"), is_mlflow=False) == expected


def test_a_try_out_is_not_rehearsed_without_the_model_or_the_input(tmp_path: Path) -> None:
    there = {"model": {"name": "churn", "version": 3}, "scoringScript": "score.py"}
    tried = {"input": "data", "rows": 1}
    endpoints = {
        "local": {"tryOut": tried, "deployments": {"a": LOCAL}},
        "azure": {"tryOut": tried, "deployments": {"a": LOCAL, "b": there}},
        "stand-in": {
            "tryOut": tried,
            "deployments": {"a": {**there, "model": {"name": "churn", "version": 4}}},
        },
        "none": {"tryOut": "none", "deployments": {"a": there}},
        "input": {"tryOut": {"input": "azureml://datastores/d/paths/p"}, "deployments": {"a": LOCAL}},
        "own": {"tryOut": "none", "deployments": {"a": {**LOCAL, "tryOut": {"input": "https://a.b/c"}}}},
    }
    stack = _stack(tmp_path, endpoints=endpoints, rehearsal={"models": {"churn:4": "models/small"}})
    assert stack.not_tried_out() == {
        "azure": "try-out not rehearsed: the model is in Azure",
        "input": "try-out not rehearsed: its input is in Azure",
        "own": "try-out not rehearsed: its input is in Azure",
    }
    assert stack.stand_ins == {"churn:4": tmp_path / "models" / "small"}
    assert stack.endpoints == ["azure", "input", "local", "none", "own", "stand-in"]


@pytest.mark.parametrize(
    ("config", "adopts"),
    [
        ({}, ""),
        ({"resourceGroup": "rg"}, ""),
        ({"project:workspace": {"existing": "/s"}}, "workspace.existing"),
        ({"workspace": {"existing": "/s"}}, "workspace.existing"),
        ({"cluster": {"existing": "/s"}}, "cluster.existing"),
        ({"clusters": {"gpu": {"existing": "/s"}, "cpu": {}}}, "clusters.gpu.existing"),
    ],
)
def test_what_a_stack_adopts(tmp_path: Path, config: dict[str, Any], adopts: str) -> None:
    assert _stack(tmp_path, **config).adopts == adopts


def test_a_stack_without_a_file(tmp_path: Path) -> None:
    assert Stack.read(tmp_path, "dev") is None


@pytest.mark.parametrize(
    ("model", "in_stack_file", "in_deployment_file"),
    [
        ("azureml:churn:3", "", ""),
        ("azureml:churn@latest", "", "azureml:churn@latest"),
        ("azureml:churn", "", "azureml:churn"),
        ("azureml:chu rn", "", ""),
        ("azureml:churn@newest", "", ""),
        ({"name": "chu rn", "version": 3}, "", ""),
        ({"path": "runs:/r/model", "name": "m"}, "runs:/r/model", "runs:/r/model"),
        ({"path": "runs:/r", "name": "m"}, "", ""),
        ({"path": "https://a.b/c", "name": "m"}, "", ""),
    ],
)
def test_a_model_that_nothing_can_stand_in_for(
    tmp_path: Path, model: Any, in_stack_file: str, in_deployment_file: str
) -> None:
    def found(deployment: dict[str, Any]) -> str:
        return _stack(tmp_path, endpoints={"churn": {"deployments": {"a": deployment}}}).without_stand_in()

    assert found({"model": model}) == in_stack_file
    (tmp_path / "a.yml").write_text(yaml.safe_dump({"model": model}), encoding="utf-8")
    assert found({"from": "a.yml"}) == in_deployment_file


def test_what_is_deployed_keeps_every_spelling() -> None:
    text = "config:\n  p:requireReleasedIn: dev\n  resourceGroup: rg\n  p:tags:\n"
    text += "    a: 0123\n    b: yes\n  p:endpoints:\n"
    text += "    churn:\n      tryOut:\n        input: data\n      deployments:\n        a:\n          tryOut: none\n"
    text += "    other:\n      tryOut:\n        input: data\n"
    assert edited(text, ["churn"]) == (
        "config:\n  p:tags:\n    a: 0123\n    b: yes\n  p:endpoints:\n    churn:\n      deployments:\n        a: {}\n"
        "      tryOut: none\n    other:\n      tryOut:\n        input: data\n"
    )
    assert edited("") == ""
