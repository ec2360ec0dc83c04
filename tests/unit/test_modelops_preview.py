"""What a preview says when Azure cannot be asked: the outlook's rows, one sentence each."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import RefusedPlanError
from modelops.plan.plan import ReleasePlan
from modelops.plan.reader import UNREAD
from modelops.release.forecast import Known
from modelops.release.preview import from_plans
from tests.unit.outlooks import said
from tests.unit.plans import MODEL_DIGEST, changed, plan_json

RELEASED = ReleasePlan.from_inputs(plan_json())
FIRST = "mlp-86263ee2"


def unknown(plain: dict[str, Any]) -> ReleasePlan:
    """The plan of a preview in which the texts `?` are not known yet."""
    return ReleasePlan.from_inputs(plain, lambda value: value == "?")


def test_a_first_release() -> None:
    assert said(from_plans(RELEASED, None)) == [
        f"default (none) -> {FIRST}",
        f"create revision {FIRST} first release",
        f"register model digits-mlp sha256 {MODEL_DIGEST[:12]}",
    ]


def test_the_size_of_a_model(tmp_path: Path) -> None:
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "weights").write_bytes(bytes(3 << 19))
    (tmp_path / "model" / "deep" / "more").write_bytes(b"12")
    assert said(from_plans(RELEASED, None, Known(root=tmp_path)))[2] == (
        f"register model digits-mlp 1.5 MiB, sha256 {MODEL_DIGEST[:12]}"
    )
    assert said(from_plans(RELEASED, None, Known(root=tmp_path / "elsewhere")))[2] == (
        f"register model digits-mlp sha256 {MODEL_DIGEST[:12]}"
    )


def test_a_changed_setting() -> None:
    plan = ReleasePlan.from_inputs(changed("deployments", "mlp", "settings", "miniBatchSize", value=3))
    assert said(from_plans(plan, RELEASED)) == [
        f"default {FIRST} -> {plan.target}",
        f"create revision {plan.target} miniBatchSize 10 -> 3",
    ]


def test_a_changed_model() -> None:
    plan = ReleasePlan.from_inputs(changed("deployments", "mlp", "model", "digest", value="d" * 64))
    assert said(from_plans(plan, RELEASED)) == [
        f"default {FIRST} -> {plan.target}",
        f"create revision {plan.target} model changed",
        "register model digits-mlp sha256 dddddddddddd",
    ]


def test_another_description() -> None:
    plan = ReleasePlan.from_inputs(changed("endpoint", "description", value="Other"))
    assert said(from_plans(plan, RELEASED)) == [f"default {FIRST} stays", "update endpoint description"]
    tagged = ReleasePlan.from_inputs(changed("endpoint", "tags", value={"stack": "other"}))
    assert said(from_plans(tagged, RELEASED)) == [f"default {FIRST} stays", "update endpoint tags"]


def test_nothing_that_matters() -> None:
    plan = ReleasePlan.from_inputs(changed("deployments", "mlp", "description", value="Other"))
    assert said(from_plans(plan, RELEASED)) == [f"default {FIRST} stays; nothing to register or create"]


def test_a_deployment_that_is_new_and_one_that_left_the_stack_file() -> None:
    both = plan_json()
    both["deployments"]["old"] = both["deployments"]["mlp"]
    two = ReleasePlan.from_inputs(both)
    old = two.deployments["old"].revision
    assert said(from_plans(RELEASED, two)) == [
        f"default {FIRST} stays",
        f"delete revision {old} old is no longer in the stack file",
        (
            f"deployment old is no longer in the stack file: jobs that name {old} are refused from then on; its model "
            "and what jobs wrote stay."
        ),
    ]
    assert said(from_plans(two, RELEASED)) == [
        f"default {FIRST} stays",
        f"create revision {old} old is new in the stack file",
    ]


def test_a_try_out_and_what_it_costs_at_most() -> None:
    plain = plan_json()
    minutes = {"imageMinutes": 40, "queueMinutes": 20, "runMinutes": 10}
    plain["deployments"]["mlp"]["tryOut"] = {"input": "azureml:data:1", "rows": "any", "instanceCount": 3, **minutes}
    plan = ReleasePlan.from_inputs(plain)
    tried = f"try out {FIRST} on azureml:data:1, at most 70 min"
    assert said(from_plans(plan, None))[3:] == [tried, "node-minutes at most 90 without the cluster's idle time"]
    priced = from_plans(plan, None, Known(prices={"mlp": 0.5}, currency="EUR"))
    assert said(priced)[3:] == [tried, "node-minutes at most 90 0.75 EUR, without the cluster's idle time"]
    assert priced.to_json()["mostCost"] == {"amount": 0.75, "currency": "EUR"}
    assert said(from_plans(plan, plan)) == [f"default {FIRST} stays; nothing to register or create"]
    plain["deployments"]["mlp"]["settings"]["miniBatchSize"] = 3
    next_one = ReleasePlan.from_inputs(plain)
    assert said(from_plans(next_one, plan))[2:] == [
        f"try out {next_one.target} on azureml:data:1, at most 70 min, and as long for {FIRST}, to compare with it",
        "node-minutes at most 180 without the cluster's idle time",
    ]


def test_a_pin_on_the_cluster_that_is_replaced() -> None:
    plain = changed("deployments", "mlp", "compute", value="?")
    plan = unknown({**plain, "pin": "mlp-00000000"})
    with pytest.raises(RefusedPlanError) as refused:
        from_plans(plan, RELEASED)
    assert str(refused.value) == "pin: 'mlp-00000000' runs on a cluster that this `pulumi up` replaces."


def test_a_cluster_and_an_endpoint_that_are_replaced() -> None:
    cluster = unknown(changed("deployments", "mlp", "compute", value="?"))
    assert said(from_plans(cluster, RELEASED)) == [
        f"default {FIRST} -> mlp-????????",
        "replace cluster cpu its revisions are made again on the new one, and the old ones go",
        "create revision mlp-???????? cluster cpu is replaced",
    ]
    endpoint = unknown(changed("endpoint", "id", value="?"))
    assert said(from_plans(endpoint, RELEASED))[:2] == [
        f"default {FIRST} stays",
        "replace endpoint digits1a2b its address stops answering, and it gets another: tell its callers",
    ]
    workspace = unknown({**changed("endpoint", "id", value="?"), "workspace": "?"})
    assert said(from_plans(workspace, RELEASED))[1:3] == [
        (
            "replace workspace ws its jobs, registered models and data assets go with it, and its files if its storage "
            "account does"
        ),
        "replace endpoint digits1a2b its address stops answering, and it gets another: tell its callers",
    ]


def test_versions_that_moved() -> None:
    def plan(model: str, environment: str, **label: str) -> ReleasePlan:
        plain = changed("deployments", "mlp", "model", value={"name": "churn", "version": model, **label})
        plain["deployments"]["mlp"]["environment"] = {"name": "base", "version": environment}
        return ReleasePlan.from_inputs(plain)

    before, after = plan("6", "1"), plan("7", "2", label="latest")
    assert said(from_plans(after, before)) == [
        f"default {before.target} -> {after.target}",
        f"create revision {after.target} model churn 6 -> 7 (latest), environment base 1 -> 2",
    ]
    assert said(from_plans(after, RELEASED))[1] == (
        f"create revision {after.target} model model -> churn:7, environment image:1 -> base:2"
    )


def test_a_pin_makes_nothing() -> None:
    changed_plan = changed("deployments", "mlp", "settings", "miniBatchSize", value=3)
    plan = ReleasePlan.from_inputs({**changed_plan, "pin": "mlp-00000000"})
    own = replace(plan, pin=None).target
    waits = f"once pin is removed, these are made and tried out: {own}"
    assert said(from_plans(plan, RELEASED)) == [f"default {FIRST} -> mlp-00000000 (pin)", waits]
    assert said(from_plans(plan, plan)) == ["default mlp-00000000 stays (pin); nothing to register or create", waits]
    pinned = ReleasePlan.from_inputs({**plan_json(), "pin": RELEASED.target})
    assert said(from_plans(pinned, plan)) == [f"default mlp-00000000 -> {FIRST} (pin)"]
    assert said(from_plans(replace(plan, pin=None), plan)) == [
        f"default mlp-00000000 -> {own}",
        f"create revision {own} it waited for the end of the pin",
        f"register model digits-mlp sha256 {MODEL_DIGEST[:12]}",
    ]
    gone = changed("deployments", "mlp", "code", "digest", value=UNREAD)
    assert said(from_plans(ReleasePlan.from_inputs({**gone, "pin": "mlp-00000000"}), RELEASED))[1] == (
        "once pin is removed, these are made and tried out: mlp (its content cannot be read)"
    )
