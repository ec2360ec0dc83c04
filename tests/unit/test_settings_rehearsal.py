"""The key `rehearsal`: which models something stands in for; tests/ci has what is done with it."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.settings_world import RIGHT, make_files, problems, read

_ALLOWED = (
    "Allowed: NAME:VERSION, azureml://registries/REGISTRY/models/NAME/versions/VERSION, "
    "azureml://jobs/JOB/outputs/OUTPUT/paths/PATH or azureml://datastores/DATASTORE/paths/PATH."
)


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    return make_files(tmp_path)


@pytest.mark.parametrize(
    "model",
    [
        "churn:3",
        "azureml://registries/shared/models/churn/versions/1",
        "azureml://jobs/train/outputs/model",
        "azureml://jobs/train/outputs/model/paths/a/b",
        "azureml://datastores/models/paths/churn/3",
    ],
)
def test_it_changes_nothing_that_is_deployed(root: Path, model: str) -> None:
    models = {model: RIGHT["endpoints"]["digits"]["deployments"]["mlp"]["model"]["path"]}
    assert read(root, {**RIGHT, "rehearsal": {"models": models}}) == read(root, RIGHT)


@pytest.mark.parametrize(
    ("rehearsal", "problem"),
    [
        (
            {"models": {"churn": "x"}},
            (f"rehearsal.models.churn does not name a model in Azure. {_ALLOWED}\nPulumi.dev.yaml: rename churn"),
        ),
        *(
            (
                {"models": {"churn:3": path}},
                (
                    f"rehearsal.models.churn:3 is {path!r}. Allowed: the path of a file or folder of this repository, "
                    "with / as the separator.\nPulumi.dev.yaml: name another path"
                ),
            )
            for path in ("/x", "../x", "missing", "")
        ),
        (
            {"model": {}},
            (
                "rehearsal.model is an unknown key. Did you mean models? Allowed: models.\n"
                "Pulumi.dev.yaml: rename model to models"
            ),
        ),
    ],
)
def test_what_is_wrong(root: Path, rehearsal: dict[str, Any], problem: str) -> None:
    assert problems(root, {**RIGHT, "rehearsal": rehearsal}) == [problem]
