"""The command `rollback`, and what the releases after it do."""

from dataclasses import replace

import pytest

from modelops.errors import PlanError, RefusedPlanError, ReleaseError, UsageError
from modelops.plan.plan import ReleasePlan
from modelops.plan.try_out import TryOut
from modelops.rehearsal import located
from modelops.release import default, live, preview, records
from modelops.release.context import READ, SWITCH, VERIFY
from modelops.release.going_back import WentBack, go_back
from modelops.release.last_set import LastSet
from tests.modelops.conftest import Bench, in_both_profiles

ENDPOINT = "/batchEndpoints/[^/]+$"
REST = (
    "Nothing was changed; correct or remove the key: without it, what the stack file has is tried out and released. "
    "Across a change of the cluster, go back in git."
)


def numbered(plan: ReleasePlan, number: int) -> ReleasePlan:
    """Return the plan with the number that the program gives it."""
    return replace(plan, number=number)


def back(bench: Bench, plan: ReleasePlan, to: str | None = None) -> WentBack:
    return go_back(bench.context(), plan, to)


def with_another(bench: Bench) -> ReleasePlan:
    """Return a changed plan that has a second deployment, which is never the default."""
    changed = bench.changed(mini_batch_size=3)
    blue = replace(bench.changed(mini_batch_size=5).deployments["mlp"], logical="blue")
    return replace(changed, deployments={**changed.deployments, "blue": blue})


def record(bench: Bench) -> LastSet:
    found = bench.live().last_set
    assert found is not None
    return found


@in_both_profiles
def test_a_rollback_is_one_request_that_leaves_everything_else_as_it_is(bench: Bench) -> None:
    first = bench.release(numbered(bench.plan, 1))
    bad = numbered(bench.changed(mini_batch_size=3), 2)
    bench.release(bad)
    before, mark = bench.live(), bench.mark()
    bench.steps.clear()
    done = back(bench, bad)
    assert bench.steps == [READ, SWITCH, VERIFY]
    assert (done.before, done.endpoint.default, done.sent) == (bad.target, first.default, True)
    assert bench.writes(mark) == [f"PUT {bench.place.path}/batchEndpoints/{bench.plan.endpoint.name}"]
    after = bench.live()
    assert (after.description, after.properties) == (before.description, before.properties)
    assert live.same_tags(after.tags, {"purpose": "test"})
    assert replace(record(bench), at="", who="", earlier={}) == LastSet(
        first.default, "rollback", number=2, abandoned=(bad.target,)
    )
    assert record(bench).who == bench.place.sandbox.facts.accounts["deployer"].principal.client_id
    assert list(record(bench).earlier) == [bad.target]
    mark = bench.mark()
    assert back(bench, bad, first.default).sent is False
    assert bench.writes(mark) == []


@in_both_profiles
def test_the_release_of_the_fix_never_makes_the_bad_revision_the_default(bench: Bench) -> None:
    first = bench.release(numbered(bench.plan, 1))
    bad = numbered(bench.changed(mini_batch_size=3), 2)
    bench.release(bad)
    back(bench, bad)
    unchanged = numbered(bad, 3)  # its default is not the live one
    mark = bench.mark()
    command = located(f"python -m modelops rollback --to {bad.target} --endpoint {bench.plan.endpoint.name}")
    with pytest.raises(RefusedPlanError) as refused:
        bench.release(unchanged, previous=bad.target)
    assert str(refused.value) == (
        f"this plan makes {bad.target} the default, which a rollback abandoned on {record(bench).at}. Nothing was "
        f"changed; the default stays {first.default}. Release a fix, which is another revision, or pin "
        f"{first.default}. If {bad.target} should serve again after all:\n"
        f"  {command}"
    )
    with pytest.raises(RefusedPlanError):
        preview.from_live(bench.workspace, unchanged, bad)
    assert bench.writes(mark) == []

    fix = numbered(bench.changed(mini_batch_size=4), 3)
    report = bench.release(fix, previous=bad.target)
    assert report.restored is None
    assert [each for each in bench.writes(mark) if each.endswith(f"/{fix.endpoint.name}")] == [
        f"PUT {bench.place.path}/batchEndpoints/{fix.endpoint.name}"
    ]
    assert (record(bench).default, record(bench).by, record(bench).abandoned) == (fix.target, "release", ())
    assert list(record(bench).earlier) == [first.default, bad.target]


def test_a_default_that_was_moved_after_a_rollback_is_what_the_rollback_set_again(bench: Bench) -> None:
    first = bench.release()
    bad = bench.changed(mini_batch_size=3)
    bench.release(bad)
    back(bench, bad)
    bench.move(bad.target)
    fix = bench.changed(mini_batch_size=4)
    bench.place.sandbox.control.fault("status", method="PUT", path="/deployments/", status=400, code="X", message="no")
    with pytest.raises(ReleaseError, match="no"):
        bench.release(fix, previous=bad.target)
    assert bench.live().default == first.default
    assert record(bench).abandoned == (bad.target,)


def test_a_pin_says_that_the_revision_may_serve_again(bench: Bench) -> None:
    bench.release()
    bad = bench.changed(mini_batch_size=3)
    bench.release(bad)
    back(bench, bad)
    bench.release(replace(bad, pin=bad.target))
    assert bench.live().default == bad.target
    assert record(bench).abandoned == ()


def test_the_pin_that_was_left_does_not(bench: Bench) -> None:
    first = bench.release()
    second = bench.changed(mini_batch_size=3)
    bench.release(second)
    pinned = replace(second, pin=first.default)
    bench.release(pinned)
    back(bench, pinned, second.target)
    with pytest.raises(RefusedPlanError):
        bench.release(pinned)
    assert bench.live().default == second.target


def test_a_rollback_whose_answer_was_lost_is_one(bench: Bench) -> None:
    """The one request names the default and what was left: there is nothing in between."""
    first = bench.release()
    bad = bench.changed(mini_batch_size=3)
    bench.release(bad)
    control = bench.place.sandbox.control
    control.fault("reset-after", method="PUT", path=ENDPOINT)
    back(bench, bad)
    control.clear_faults()
    assert bench.live().default == first.default
    assert record(bench).abandoned == (bad.target,)


def test_a_second_rollback_goes_further_back(bench: Bench) -> None:
    bench.plan = replace(bench.plan, keep=3)
    first = bench.release()
    second = bench.release(bench.changed(mini_batch_size=3))
    plan = bench.changed(mini_batch_size=4)
    bench.release(plan)
    assert back(bench, plan).endpoint.default == second.default
    assert back(bench, plan).endpoint.default == first.default
    with pytest.raises(PlanError) as refused:
        back(bench, plan)
    third = plan.target
    others = ", ".join(sorted([second.default, third]))
    assert str(refused.value) == (
        f"which revision of {bench.plan.endpoint.name} was the default before {first.default} is not known. Name one "
        f"with --to. Other revisions that work: {others}."
    )
    assert back(bench, plan, third).endpoint.default == third
    assert record(bench).abandoned == (first.default, second.default)


def test_a_revision_that_never_was_is_a_wrong_word(bench: Bench) -> None:
    first = bench.release()
    mark = bench.mark()
    with pytest.raises(UsageError) as refused:
        back(bench, bench.plan, "mlp-00000000")
    assert str(refused.value) == (
        f"--to: endpoint {bench.plan.endpoint.name} has no revision 'mlp-00000000'. Other revisions that work: none."
    )
    assert bench.writes(mark) == []
    assert bench.live().default == first.default


def test_what_cannot_serve_is_refused_with_the_reason(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bench.release()
    two = with_another(bench)
    second, never = bench.release(two), two.deployments["blue"].revision

    def why(name: str) -> str:
        with pytest.raises(PlanError) as refused:
            back(bench, bench.changed(mini_batch_size=3), name)
        text = str(refused.value)
        assert text.startswith(f"{name} ")
        return text.removeprefix(f"{name} ").partition(". The default stays")[0]

    assert bench.live().default == second.default
    records.write(bench.context(), bench.plan.endpoint.name, never, records.TRY_OUT, "failed job-1 abc")
    assert why(never) == "failed its try-out"
    monkeypatch.setattr(live, "model_exists", lambda *_: False)
    assert why(first.default) == f"has the model {bench.model_name}:1, which does not exist any more"
    monkeypatch.setattr(live, "most_nodes", lambda *_: 0)
    assert why(first.default) == "asks for 1 nodes, and cluster cpu has at most 0"
    monkeypatch.setattr(live, "most_nodes", lambda *_: None)
    assert why(first.default) == "runs on cluster cpu, which does not exist any more"


def test_a_pin_on_a_failed_revision_or_one_without_its_model_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bench.release()
    second = with_another(bench)
    bench.release(second)
    pinned = replace(second, pin=first.default)
    monkeypatch.setattr(live, "model_exists", lambda *_: False)
    with pytest.raises(RefusedPlanError) as refused:
        preview.from_live(bench.workspace, pinned, second)
    assert str(refused.value) == (
        f"pin is '{first.default}', which has the model {bench.model_name}:1, which does not exist any more. Allowed "
        f"are: {', '.join(sorted([second.target, second.deployments['blue'].revision]))}. {REST}"
    )


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ("failed job-1 abc", "failed its try-out"),
        ("started job-1 abc", "has not passed its try-out yet"),
        ("", "was not tried out"),
    ],
)
def test_what_did_not_pass_a_try_out_can_neither_be_pinned_nor_rolled_back_to(
    bench: Bench, record: str, why: str
) -> None:
    first = bench.release()
    two = with_another(bench)
    bench.release(two)
    never = two.deployments["blue"].revision
    if record:
        records.write(bench.context(), bench.plan.endpoint.name, never, records.TRY_OUT, record)
    asked = {name: replace(each, try_out=TryOut("azureml:data:1")) for name, each in two.deployments.items()}
    released = replace(two, deployments=asked)
    pinned = replace(released, pin=never)
    mark = bench.mark()
    with pytest.raises(RefusedPlanError) as previewed:
        preview.from_live(bench.workspace, pinned, released)
    with pytest.raises(RefusedPlanError) as refused:
        bench.release(pinned, released.target)
    assert str(refused.value) == str(previewed.value)
    working = ", ".join(sorted([first.default, two.target]))
    assert str(refused.value) == f"pin is '{never}', which {why}. Allowed are: {working}. {REST}"
    with pytest.raises(PlanError) as stayed:
        back(bench, released, never)
    assert str(stayed.value) == (
        f"{never} {why}. The default stays {two.target}. Other revisions that work: {first.default}. To try out and "
        f"release what the stack file has: {located('pulumi up')}"
    )
    assert bench.writes(mark) == []


def test_a_switch_that_did_not_hold_names_the_command(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bench.release()
    second = bench.release(bench.changed(mini_batch_size=3))
    monkeypatch.setattr(default, "switch_alone", lambda *_: None)
    with pytest.raises(ReleaseError) as failed:
        back(bench, bench.changed(mini_batch_size=3))
    again = located(f"python -m modelops rollback --to {first.default} --endpoint {bench.plan.endpoint.name}")
    assert str(failed.value) == (
        f"the switch of {bench.plan.endpoint.name} to {first.default} was accepted, but the endpoint's default is "
        f"{second.default}. Somebody changed it at the same moment; run `{again}` again."
    )
