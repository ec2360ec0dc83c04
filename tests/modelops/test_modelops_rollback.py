"""Going back: by pin, and to the last release's default when the live one is gone or broken."""

from dataclasses import replace

import pytest

from modelops.errors import PlanError, RefusedPlanError, ReleaseError
from modelops.plan.plan import ReleasePlan
from modelops.plan.try_out import TryOut
from modelops.release import default, deploy, live, preview, register
from modelops.release.context import CREATE, PRUNE, READ, REGISTER, RESTORE, SWITCH, VERIFY, up
from modelops.release.last_set import LastSet
from modelops.release.status import status
from tests.modelops.conftest import Bench, in_both_profiles
from tests.unit.outlooks import said

DEPLOYMENT = "/deployments/[^/]+$"


def _elsewhere(bench: Bench, plan: ReleasePlan) -> ReleasePlan:
    """Return the plan on the other cluster."""
    moved = replace(plan.deployments["mlp"], compute=f"{bench.place.path}/computes/other")
    return replace(plan, deployments={"mlp": moved})


def _break(bench: Bench, plan: ReleasePlan) -> None:
    """Send the plan's deployment again, and let that fail."""
    bench.place.sandbox.control.fault("operation-fail", method="PUT", path=DEPLOYMENT, code="X", message="broken")
    model = register.model_id(plan, bench.model_name, "1")
    with pytest.raises(ReleaseError, match="broken"):
        deploy.create_revision(bench.context(), plan, plan.deployments["mlp"], model)
    bench.place.sandbox.control.clear_faults()
    assert bench.live().deployments[plan.target].state == "Failed"


@in_both_profiles
def test_a_pin_moves_the_default_and_leaves_the_plan_s_revisions_to_the_time_after_it(bench: Bench) -> None:
    """Beside a candidate that fails, `up` would else try that out again each time, and never succeed."""
    first = bench.release()
    bad = bench.release(bench.changed(mini_batch_size=3))
    tried = replace(bench.changed(mini_batch_size=4).deployments["mlp"], try_out=TryOut("images"))
    worse = replace(bench.plan, deployments={"mlp": tried})
    pinned = replace(worse, pin=first.default)
    waits = f"once pin is removed, these are made and tried out: {worse.target}"
    assert said(preview.from_live(bench.workspace, pinned, None)) == [
        f"default {bad.default} -> {first.default} (pin)",
        waits,
    ]
    bench.steps.clear()
    before = bench.mark()
    report = bench.release(pinned, previous=bad.default)
    assert bench.steps == [READ, SWITCH, VERIFY]
    assert bench.writes(before) == [f"PUT {bench.place.path}/batchEndpoints/{bench.plan.endpoint.name}"]
    assert report.summary() == (f"{bench.plan.endpoint.name}: default {bad.default} -> {first.default}\n  {waits}")
    before = bench.mark()
    assert not bench.release(pinned).changed
    assert bench.writes(before) == []
    assert said(preview.from_live(bench.workspace, pinned, None)) == [
        f"default {first.default} stays (pin); nothing to register or create",
        waits,
    ]
    assert status(bench.workspace, pinned).problems == ()
    bench.release(replace(worse, deployments={"mlp": replace(tried, try_out=None)}))
    assert bench.live().default == worse.target


def test_a_pin_on_the_plan_s_own_revision_makes_none(bench: Bench) -> None:
    first = bench.release()
    pinned = replace(bench.changed(mini_batch_size=3), pin=bench.changed(mini_batch_size=3).target)
    before = bench.mark()
    with pytest.raises(RefusedPlanError) as refused:
        bench.release(pinned)
    assert str(refused.value) == (
        f"pin is '{pinned.pin}', which does not exist. Allowed are: {first.default}. Nothing was changed; correct or "
        "remove the key: without it, what the stack file has is tried out and released. Across a change of "
        "the cluster, go back in git."
    )
    assert bench.writes(before) == []


def test_a_pin_on_another_cluster_is_refused_because_that_one_may_be_about_to_go(bench: Bench) -> None:
    first = bench.release()
    before = bench.mark()
    plan = replace(_elsewhere(bench, bench.plan), pin=first.default)
    with pytest.raises(RefusedPlanError) as refused:
        bench.release(plan, previous=first.default)
    assert str(refused.value) == (
        f"pin is '{first.default}', which runs on cluster cpu, not on a cluster of the endpoint's current "
        "deployments. Allowed are: none. Nothing was changed; correct or remove the key: without it, what the stack "
        "file has is tried out and released. Across a change of the cluster, go back in git."
    )
    assert bench.writes(before) == []
    with pytest.raises(RefusedPlanError) as previewed:
        preview.from_live(bench.workspace, plan, None)
    assert str(previewed.value) == str(refused.value)


def test_a_refused_pin_leaves_a_moved_default_alone(bench: Bench) -> None:
    first = bench.release()
    second = bench.release(bench.changed(mini_batch_size=3))
    bench.move(first.default)
    before = bench.mark()
    with pytest.raises(PlanError, match="Nothing was changed"):
        bench.release(replace(bench.changed(mini_batch_size=3), pin="mlp-00000000"), previous=second.default)
    assert bench.writes(before) == []
    assert bench.live().default == first.default


def test_a_target_that_broke_gives_way_to_the_last_default_while_it_is_made_anew(bench: Bench) -> None:
    first = bench.release()
    changed = bench.changed(mini_batch_size=3)
    bench.release(changed)
    _break(bench, changed)
    bench.place.sandbox.control.fault("operation-fail", method="PUT", path=DEPLOYMENT, code="X", message="still broken")
    bench.steps.clear()
    with pytest.raises(ReleaseError, match="still broken"):
        bench.release(changed, previous=first.default)
    assert bench.steps[:2] == [READ, RESTORE]
    assert bench.live().default == first.default


def test_a_default_whose_cluster_is_gone_is_not_restored(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelops.release.live.compute_exists", lambda *_: False)
    bench.release()
    bench.release(bench.changed(mini_batch_size=3))
    bench.move(bench.plan.target)
    bench.steps.clear()
    report = bench.release(bench.changed(mini_batch_size=4))
    assert report.restored is None
    assert bench.steps == [READ, REGISTER, REGISTER, CREATE, SWITCH, VERIFY, PRUNE]


def test_the_preview_says_what_is_restored_and_what_is_updated(bench: Bench) -> None:
    first = bench.release()
    second = bench.changed(mini_batch_size=3)
    bench.release(second)
    described = replace(second, endpoint=replace(second.endpoint, description="Other"))
    assert said(preview.from_live(bench.workspace, described, second)) == [
        f"default {second.target} stays",
        "update endpoint description",
    ]
    bench.move(first.default)
    assert said(preview.from_live(bench.workspace, second, second)) == [
        f"restore the default {second.target} first, found {first.default}",
        f"default {second.target} stays",
    ]
    third = bench.changed(mini_batch_size=4)
    assert said(preview.from_live(bench.workspace, third, second)) == [
        f"restore the default {second.target} first, found {first.default}",
        f"default {second.target} -> {third.target}",
        f"create revision {third.target} miniBatchSize 3 -> 4",
        f"delete revision {first.default} beyond keep: 2",
    ]


def test_a_switch_that_did_not_hold_is_noticed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bench.release()
    changed = bench.changed(mini_batch_size=3)
    monkeypatch.setattr(default, "switch", lambda *_: None)
    with pytest.raises(ReleaseError) as failed:
        bench.release(changed)
    assert str(failed.value) == (
        f"the switch of {bench.plan.endpoint.name} to {changed.target} was accepted, but the endpoint's default is "
        f"{first.default}. Somebody changed it at the same moment; run `{up('')}` again."
    )


def test_a_default_that_broke_since_the_switch_is_noticed(bench: Bench) -> None:
    bench.release()
    _break(bench, bench.plan)
    with pytest.raises(ReleaseError, match=rf"is {bench.plan.target}, which is no longer in state Succeeded\."):
        default.verify(bench.workspace, bench.plan.endpoint.name, bench.plan.target, "pulumi up")


def test_only_a_succeeded_deployment_can_become_the_default(bench: Bench) -> None:
    bench.release()
    changed = bench.changed(mini_batch_size=3)
    bench.release(changed)
    _break(bench, bench.plan)
    before = bench.mark()
    with pytest.raises(ReleaseError) as refused:
        default.switch(bench.workspace, bench.plan, bench.live(), LastSet(bench.plan.target))
    assert str(refused.value) == (
        f"deployment {bench.plan.target} cannot become the default of {bench.plan.endpoint.name}: it is in state "
        "Failed. The default was not changed."
    )
    assert bench.writes(before) == []


def test_a_revision_that_ends_in_another_state_is_not_released(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bench.release()
    changed = bench.changed(mini_batch_size=3)
    monkeypatch.setattr(deploy, "finished", lambda poller, _doing: poller.wait())
    made = live.LiveDeployment(changed.target, "Canceled")
    monkeypatch.setattr(live, "read_deployment", lambda *_: made)
    with pytest.raises(ReleaseError, match=rf"creating deployment {changed.target} ended in state Canceled"):
        bench.release(changed)
    assert bench.live().default == first.default


def test_a_revision_that_somebody_is_making_is_waited_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.release()
    changed = bench.changed(mini_batch_size=3)
    states = iter(["Creating", "Updating", "Succeeded"])
    deployment = changed.deployments["mlp"]

    def read(*_: object) -> live.LiveDeployment:
        return live.LiveDeployment(changed.target, next(states), identity=deployment.identity())

    monkeypatch.setattr(live, "read_deployment", read)
    found = deploy.settle(bench.context(), changed, deployment)
    assert found is not None
    assert found.state == "Succeeded"
    assert bench.said[-2:] == [
        f"waiting for deployment {changed.target}, which is in state Creating (0 s)",
        f"waiting for deployment {changed.target}, which is in state Updating (5 s)",
    ]


def test_a_revision_that_is_never_made_ends_the_wait(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = bench.plan.deployments["mlp"]
    stuck = live.LiveDeployment(bench.plan.target, "Deleting", identity=deployment.identity())
    monkeypatch.setattr(live, "read_deployment", lambda *_: stuck)
    with pytest.raises(ReleaseError) as failed:
        deploy.settle(bench.context(), bench.plan, deployment)
    assert str(failed.value) == (
        f"{bench.plan.target} is in state Deleting, which has not ended after 3600 s. It continues in the sandbox: "
        "release again when it has ended; the release continues from there."
    )


def test_a_pin_may_name_a_revision_whose_deployment_left_the_stack_file(bench: Bench) -> None:
    first = bench.release()
    moved = replace(bench.changed(mini_batch_size=3).deployments["mlp"], logical="net")
    renamed = replace(bench.plan, default="net", deployments={"net": moved}, pin=first.default)
    bench.release(bench.changed(mini_batch_size=4))
    report = bench.release(renamed)
    assert (report.default, bench.live().default) == (first.default, first.default)
    assert moved.revision not in bench.live().deployments
