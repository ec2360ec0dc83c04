"""What a preview says when Azure cannot be asked."""

from dataclasses import replace

import pytest

from modelops.errors import RefusedPlanError
from modelops.plan.plan import ReleasePlan
from modelops.plan.reader import UNREAD
from modelops.release.preview import from_plans
from tests.unit.plans import MODEL_DIGEST, changed, plan_json

RELEASED = ReleasePlan.from_inputs(plan_json())


def test_a_first_release() -> None:
    assert from_plans(RELEASED, None) == [
        f"register model digits-mlp (sha256 {MODEL_DIGEST[:12]})",
        "create revision mlp-86263ee2",
        "default (none) -> mlp-86263ee2",
    ]


def test_a_changed_setting() -> None:
    plan = ReleasePlan.from_inputs(changed("deployments", "mlp", "settings", "miniBatchSize", value=3))
    assert from_plans(plan, RELEASED) == [
        f"create revision {plan.target}",
        f"default mlp-86263ee2 -> {plan.target}",
    ]


def test_another_description() -> None:
    plan = ReleasePlan.from_inputs(changed("endpoint", "description", value="Other"))
    assert from_plans(plan, RELEASED) == ["update the endpoint's description and tags"]


def test_nothing_that_matters() -> None:
    plan = ReleasePlan.from_inputs(changed("deployments", "mlp", "description", value="Other"))
    assert from_plans(plan, RELEASED) == ["nothing to register or create; default stays mlp-86263ee2"]


def test_a_deployment_that_left_the_stack_file() -> None:
    both = plan_json()
    both["deployments"]["old"] = both["deployments"]["mlp"]
    assert from_plans(RELEASED, ReleasePlan.from_inputs(both)) == [
        "nothing to register or create; default stays mlp-86263ee2",
        "delete the revisions of old, which is no longer in the stack file",
    ]


def test_a_pin_on_the_cluster_that_is_replaced() -> None:
    plain = changed("deployments", "mlp", "compute", value="?")
    plan = ReleasePlan.from_inputs({**plain, "pin": "mlp-00000000"}, lambda value: value == "?")
    with pytest.raises(RefusedPlanError) as refused:
        from_plans(plan, RELEASED)
    assert str(refused.value) == "pin: 'mlp-00000000' runs on a cluster that this `pulumi up` replaces."


def test_a_revision_whose_parts_are_not_known_yet() -> None:
    plan = ReleasePlan.from_inputs(changed("deployments", "mlp", "compute", value="?"), lambda value: value == "?")
    assert from_plans(plan, RELEASED) == ["create revision mlp-????????", "default mlp-86263ee2 -> mlp-????????"]


def test_versions_that_moved() -> None:
    def plan(model: str, environment: str, **label: str) -> ReleasePlan:
        plain = changed("deployments", "mlp", "model", value={"name": "churn", "version": model, **label})
        plain["deployments"]["mlp"]["environment"] = {"name": "base", "version": environment}
        return ReleasePlan.from_inputs(plain)

    before, after = plan("6", "1"), plan("7", "2", label="latest")
    assert from_plans(after, before)[:2] == ["model churn 6 -> 7 (latest)", "environment base 1 -> 2"]
    assert from_plans(after, RELEASED)[0] == f"create revision {after.target}"


def test_a_pin_makes_nothing() -> None:
    changed_plan = changed("deployments", "mlp", "settings", "miniBatchSize", value=3)
    plan = ReleasePlan.from_inputs({**changed_plan, "pin": "mlp-00000000"})
    own = replace(plan, pin=None).target
    waits = f"once pin is removed, these are made and tried out: {own}"
    assert from_plans(plan, RELEASED) == ["default mlp-86263ee2 -> mlp-00000000", waits]
    assert from_plans(plan, plan) == ["nothing to register or create; default stays mlp-00000000", waits]
    pinned = ReleasePlan.from_inputs({**plan_json(), "pin": RELEASED.target})
    assert from_plans(pinned, plan) == ["default mlp-00000000 -> mlp-86263ee2"]
    gone = changed("deployments", "mlp", "code", "digest", value=UNREAD)
    assert from_plans(ReleasePlan.from_inputs({**gone, "pin": "mlp-00000000"}), RELEASED)[1] == (
        "once pin is removed, these are made and tried out: mlp (its content cannot be read)"
    )
