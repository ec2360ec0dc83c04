"""The service's limit of deployments per endpoint."""

from modelops.plan.plan import ReleasePlan
from modelops.release.limits import problem
from modelops.release.live import LiveDeployment, LiveEndpoint
from tests.unit.plans import plan_json

PLAN = ReleasePlan.from_inputs(plan_json())
MISSING = list(PLAN.deployments.values())


def endpoint(*names: str) -> LiveEndpoint:
    """An endpoint that serves the first of these deployments."""
    deployments = {name: LiveDeployment(name, "Succeeded") for name in names}
    return LiveEndpoint("churn", names[0], "", {}, {}, "westeurope", None, deployments)


def test_there_is_room() -> None:
    old = [f"old-{number}" for number in range(19)]
    assert problem(PLAN, endpoint(*old), MISSING) is None
    assert problem(PLAN, endpoint(*old, "a"), []) is None


def test_a_failed_revision_is_replaced_in_its_place() -> None:
    assert problem(PLAN, endpoint(*[f"old-{number}" for number in range(19)], PLAN.target), MISSING) is None


def test_the_21st() -> None:
    assert problem(PLAN, endpoint("serving", *[f"old-{number:02}" for number in range(19)]), MISSING) == (
        "endpoint churn has 20 deployments, and 1 more would exceed the service's limit of 20. Delete at least 1 "
        f"that nobody uses. Candidates: {', '.join(f'old-{number:02}' for number in range(19))}.\n"
        f"  az resource delete --ids /subscriptions/{PLAN.subscription_id}/resourceGroups/{PLAN.resource_group}/"
        f"providers/Microsoft.MachineLearningServices/workspaces/{PLAN.workspace}/batchEndpoints/churn/"
        "deployments/DEPLOYMENT --api-version 2025-12-01"
    )


def test_what_the_release_deletes_first_makes_room() -> None:
    full = endpoint("serving", *[f"old-{number:02}" for number in range(20)])
    assert problem(PLAN, full, MISSING, ["old-00", "old-01"]) is None
    said = problem(PLAN, full, MISSING, ["old-00"])
    assert said is not None
    assert said.startswith(
        "endpoint churn has 21 deployments, of which the release would delete 1 first, and 1 more would exceed the "
        "service's limit of 20. Delete at least 1 that nobody uses. Candidates: old-01, "
    )
