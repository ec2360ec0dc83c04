"""Every kind of model and environment from the stack file to the deployment, with the real engine.

A job's output and a registry have their models before the workspace exists. No job runs here: the sandbox's
tests of jobs do that.
"""

from typing import Any

from tests.e2e.commands import Done
from tests.e2e.rehearsal import Rehearsal

MODEL = "examples/tabular/model"
IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1"
CODE = {"code": "examples/digits/code", "scoringScript": "score.py"}
DIGITS = {"path": "examples/digits/model", "name": "digits-mlp"}

DEPLOYMENTS: dict[str, dict[str, Any]] = {
    "served": {"model": {"path": MODEL, "name": "patients", "type": "mlflow_model"}},
    "job": {
        "model": {"path": "azureml://jobs/train-1/outputs/model", "name": "from-job", "type": "mlflow_model"},
    },
    "run": {"model": {"path": "runs:/train-2/model", "name": "from-run", "type": "mlflow_model"}},
    "shared": {"model": "azureml://registries/ours/models/patients.v2/versions/3"},
    "image": {"model": DIGITS, **CODE, "environment": {"image": IMAGE}},
    "built": {
        "model": DIGITS,
        **CODE,
        "environment": {"build": {"path": "build"}},
        "outputAction": "summary_only",
    },
}


def _every_kind(config: dict[str, Any]) -> None:
    config["endpoints"] = {"digits": {"default": "served", "keep": 2, "tryOut": "none", "deployments": DEPLOYMENTS}}


def _stand_in(config: dict[str, Any]) -> None:
    environment = config["endpoints"]["digits"]["deployments"]["built"]["environment"]
    environment["rehearseWith"] = "examples/digits/environment/conda.yaml"


def _created(done: Done) -> set[str]:
    """The logical names of the revisions that a release says it created."""
    line = next(each for each in done.text.splitlines() if ": registered " in each or ": created " in each)
    return {each.rpartition("-")[0] for each in line.replace(";", "").split() if each.rpartition("-")[0] in DEPLOYMENTS}


def test_every_kind_is_released_and_stays(fresh: Rehearsal) -> None:
    fresh.configure(_every_kind)
    (fresh.folder / "build").mkdir()
    (fresh.folder / "build" / "Dockerfile").write_text(f"FROM {IMAGE}\n", encoding="utf-8")
    for job in ("train-1/model", "train-2/artifacts/model"):
        fresh.python("-m", "sandbox", "model", "add", "--job", job, MODEL).ok()
    fresh.python("-m", "sandbox", "registry", "add", "model", "ours/patients.v2:3", MODEL).ok()

    preview = fresh.pulumi("preview").ok()
    assert "register model from-job from azureml://jobs/train-1/outputs/model" in preview.flat
    assert "register model from-run from runs:/train-2/model" in preview.flat

    assert _created(fresh.up()) == set(DEPLOYMENTS)
    assert len(fresh.of_kind("batchEndpoints/deployments")) == len(DEPLOYMENTS)
    before = fresh.mark()
    assert fresh.up("--expect-no-changes").steps == ()
    fresh.configure(_stand_in)
    fresh.up("--expect-no-changes")
    assert fresh.writes(before) == []

    (fresh.folder / "build" / "Dockerfile").write_text(f"FROM {IMAGE}\nRUN true\n", encoding="utf-8")
    assert _created(fresh.up()) == {"built"}
