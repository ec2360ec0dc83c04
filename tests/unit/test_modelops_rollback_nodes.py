"""A pinned revision that asks for more nodes than its cluster has, and a pin while a cluster is being made."""

from dataclasses import replace

import pytest

from modelops.plan.plan import UNKNOWN, ReleasePlan
from modelops.release import live
from modelops.release.live import LiveDeployment, LiveEndpoint
from modelops.release.rollback import problem, problem_before_deploy
from modelops.workspace import Workspace
from tests.unit.plans import plan_json

PLAN = replace(ReleasePlan.from_inputs(plan_json()), pin="mlp-00000001")
CLUSTER = PLAN.deployments["mlp"].compute
OLD = {
    "mlp-00000001": LiveDeployment("mlp-00000001", "Succeeded", CLUSTER.upper(), instances=8),
    "mlp-00000002": LiveDeployment("mlp-00000002", "Succeeded", CLUSTER, instances=2),
}
ENDPOINT = LiveEndpoint("digits", "mlp-00000001", "", {}, {}, "westeurope", None, OLD)


WORKSPACE = Workspace("0", "rg", "ws")


@pytest.fixture(autouse=True)
def _cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Azure say that the cluster has 4 nodes."""
    monkeypatch.setattr(live, "most_nodes", lambda *_: 4)


def test_it_is_refused() -> None:
    text = (
        f"pin is 'mlp-00000001', which asks for 8 nodes, and cluster {CLUSTER.upper().rpartition('/')[2]} has at most "
        "4. Allowed are: mlp-00000002."
    )
    assert problem(WORKSPACE, PLAN, ENDPOINT) == text
    assert problem(WORKSPACE, PLAN, ENDPOINT, {CLUSTER.lower(): 4}) == text


def test_it_is_taken_if_the_cluster_gets_enough() -> None:
    assert problem(WORKSPACE, PLAN, ENDPOINT, {CLUSTER.lower(): 8}) is None
    assert problem(WORKSPACE, replace(PLAN, pin="mlp-00000002"), ENDPOINT) is None


def test_a_cluster_that_is_being_made_beside_another_does_not_matter() -> None:
    known = PLAN.deployments["mlp"]
    beside = replace(PLAN, deployments={"mlp": known, "gpu": replace(known, logical="gpu", compute=UNKNOWN)})
    assert problem_before_deploy(beside) is None
    alone = replace(PLAN, deployments={"mlp": replace(known, compute=UNKNOWN)})
    assert problem_before_deploy(alone) == "pin: 'mlp-00000001' runs on a cluster that this `pulumi up` replaces."
