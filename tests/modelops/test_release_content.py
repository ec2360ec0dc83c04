"""What a release sends for each kind of content, and what Azure then has.

Whether a job can run it is for the tests of jobs.
"""

from dataclasses import replace
from typing import Any

import pytest

from modelops.plan import fingerprint
from modelops.plan.plan import DeploymentPlan, LocalModel, ReleasePlan
from modelops.release import preview
from tests.modelops.conftest import Bench, in_one_profile

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


def test_an_mlflow_model_without_code_and_environment(bench: Bench) -> None:
    (bench.root / "model" / "MLmodel").write_text(MLMODEL, encoding="utf-8")
    digest = fingerprint.digest(bench.root / "model")
    plan = _with(
        bench, model=LocalModel("model", bench.model_name, "mlflow_model", digest), code=None, environment=None
    )
    assert preview.from_live(bench.workspace, plan, None) == [
        f"register model {bench.model_name} (sha256 {digest[:12]})",
        f"create revision {plan.target}",
        f"default (none) -> {plan.target}",
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
