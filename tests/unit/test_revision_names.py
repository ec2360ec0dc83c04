"""The names of existing revisions: a change of the identity's computation renames every deployment.

What is pinned was computed by the program of 2026-11-27, before the scoring settings had one table. The contents of the
example are part of it: a change of `examples/digits` is a new revision, and then the names below change with it.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

import settings
from components.release_parts.args import ModelReleaseArgs
from components.release_parts.plan_inputs import plan_inputs
from modelops.plan.plan import ReleasePlan
from tests.unit.plans import plan_json
from tests.unit.settings_world import RIGHT, changed, make_files, mlp, read

ROOT = Path(__file__).resolve().parents[2]
_SET = {
    "instanceCount": 2,
    "maxConcurrencyPerInstance": 3,
    "miniBatchSize": 4,
    "maxRetries": 5,
    "timeoutSeconds": 6,
    "errorThreshold": 7,
    "loggingLevel": "debug",
    "outputAction": "append_row",
    "outputFileName": "out.csv",
}
"""No default, except for the output action: an output file belongs to `append_row` alone."""


def revisions(endpoint: settings.EndpointSettings, root: Path) -> dict[str, str]:
    """The names that an endpoint's deployments get on a cluster `/computes/cpu`."""
    everything: Any = {
        **dict.fromkeys(ModelReleaseArgs.__annotations__, "x"),
        "endpoint_tags": {},
        "compute_ids": {"aml": "/computes/cpu"},
        **endpoint.served,
    }
    return ReleasePlan.from_inputs(plan_inputs(everything, root)).revisions


@pytest.mark.parametrize(
    ("stack", "name"), [("dev", "mlp-0687e5b7"), ("staging", "mlp-07a66558"), ("prod", "mlp-cfd5a015")]
)
def test_each_committed_stack_s(stack: str, name: str) -> None:
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    raw = {key: value for key, value in config.items() if ":" not in key}
    read_stack = settings.parse(raw, location="westeurope", project="azureml-batch-endpoint", stack=stack, root=ROOT)
    assert revisions(read_stack.endpoints["digits"], ROOT) == {"mlp": name}


def emptied(root: Path) -> Path:
    """The same folder with the files as they were when the names were computed: empty."""
    for name in ("code/score.py", "env/conda.yaml"):
        (root / name).write_text("")
    return root


def test_one_with_all_defaults(tmp_path: Path) -> None:
    root = make_files(tmp_path)
    assert revisions(read(root, RIGHT).endpoints["digits"], emptied(root)) == {"mlp": "mlp-69ca7e47"}


def test_one_that_sets_everything(tmp_path: Path) -> None:
    root = make_files(tmp_path)
    config = changed(lambda config: mlp(config).update(_SET, environmentVariables={"A": "b"}))
    assert revisions(read(root, config).endpoints["digits"], emptied(root)) == {"mlp": "mlp-bcaecb4e"}


def test_a_recorded_plan_s() -> None:
    plan = plan_json()
    assert ReleasePlan.from_inputs(plan).revisions == {"mlp": "mlp-86263ee2"}
    plan["deployments"]["mlp"]["settings"] = _SET
    assert ReleasePlan.from_inputs(plan).revisions == {"mlp": "mlp-94b2cbea"}
