"""What a rehearsal is asked about an endpoint's deployments, and where its sentences go."""

import hashlib
from pathlib import Path
from typing import Any, cast

import pulumi
import pytest

from components.release_parts.args import ModelReleaseArgs
from components.release_parts.rehearsal_inputs import rehearsal_inputs

MODEL = {"path": "model", "name": "m", "type": "mlflow_model"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {"model/conda.yaml": "of the model", "code/score.py": "script", "code/mine/__init__.py": ""}
    for name, text in {**files, "conda.yaml": "conda", "stand-in.yaml": "stand-in", "build/Dockerfile": "FROM"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def asked(root: Path, **deployment: Any) -> dict[str, Any]:
    args = {"deployments": {"mlp": {"model": MODEL, "code": "code", "scoring_script": "score.py", **deployment}}}
    (found,) = rehearsal_inputs("digits", cast("ModelReleaseArgs", args), root)
    return found


def test_of_a_script_its_text_and_what_is_beside_it(root: Path) -> None:
    environment = {"image": "base:1", "conda_file": "conda.yaml", "rehearse_with": "stand-in.yaml"}
    assert asked(root, environment=environment) == {
        "endpoint": "digits",
        "deployment": "mlp",
        "environment": {"image": "base:1", "conda": "conda"},
        "rehearseWith": "stand-in",
        "script": "script",
        "localModules": ["mine", "score"],
        "model": {"type": "mlflow_model", "conda": "of the model"},
    }


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"image": "base:1"}, {"image": "base:1", "conda": None}),
        ({"image": "base:1", "conda": "text"}, {"image": "base:1", "conda": "text"}),
        (
            {"build": {"path": "build"}},
            {"build": {"dockerfilePath": "Dockerfile", "files": {"Dockerfile": hashlib.sha256(b"FROM").hexdigest()}}},
        ),
        ({"build": {"path": "gone"}}, {"build": {"dockerfilePath": "Dockerfile", "files": {}}}),
        ({"name": "torch", "version": "4"}, {"name": "torch", "version": "4"}),
        ({"registry": "r", "name": "torch", "version": "4"}, {"registry": "r", "name": "torch", "version": "4"}),
        ({"name": "torch", "label": "latest", "version": pulumi.Output.from_input("4")}, {"name": "torch"}),
    ],
)
def test_of_an_environment_its_content(root: Path, environment: Any, expected: Any) -> None:
    found = asked(root, environment=environment)
    assert (found["environment"], found["rehearseWith"]) == (expected, None)


def test_of_a_model_without_a_script_its_conda_file(root: Path) -> None:
    args = {"deployments": {"mlp": {"model": MODEL}, "other": {"model": {"name": "m", "version": "1"}}}}
    found = rehearsal_inputs("digits", cast("ModelReleaseArgs", args), root)
    nothing: dict[str, Any] = {
        "endpoint": "digits",
        "environment": None,
        "rehearseWith": None,
        "script": None,
        "localModules": [],
    }
    assert found == [
        {**nothing, "deployment": "mlp", "model": {"type": "mlflow_model", "conda": "of the model"}},
        {**nothing, "deployment": "other", "model": {"type": None, "conda": None}},
    ]
