"""What a release deletes, with the request journal as witness."""

from dataclasses import replace

import pytest

from modelops.errors import ReleaseError
from modelops.plan.plan import ReleasePlan
from modelops.rehearsal import located
from modelops.release import preview
from modelops.release.context import CREATE, PRUNE, READ, REGISTER, SWITCH, VERIFY
from modelops.release.forecast import Known
from modelops.release.report import ReleaseReport
from modelops.scoring import following, inputs
from modelops.scoring import start as starting
from modelops.scoring.start import JobOptions
from tests.modelops.conftest import ML_API, Bench, in_one_profile
from tests.modelops.test_modelops_commands import release_script
from tests.modelops.workers import RealWorker
from tests.unit.outlooks import said

DEPLOYMENT = "/deployments/[^/]+$"


def versions(bench: Bench, count: int, **changes: object) -> list[ReleasePlan]:
    """Return plans that differ in a setting, each another revision."""
    return [replace(bench.changed(mini_batch_size=number + 1), **changes) for number in range(count)]  # type: ignore[arg-type]


def released(bench: Bench, plans: list[ReleasePlan]) -> list[ReleaseReport]:
    """Release them one after another."""
    return [bench.release(each) for each in plans]


def live(bench: Bench) -> set[str]:
    """Return the names of what is live."""
    return set(bench.live().deployments)


def by_hand(bench: Bench, name: str, like: str) -> None:
    """Make a deployment without our mark, like another one."""
    path = f"batchEndpoints/{bench.plan.endpoint.name}/deployments"
    body = bench.place.get(f"{path}/{like}")
    kept = {key: body["properties"][key] for key in ("compute", "codeConfiguration", "environmentId", "model")}
    bench.place.put(f"{path}/{name}", {"location": body["location"], "tags": {}, "properties": kept})


def test_what_is_beyond_keep_is_deleted_after_the_verified_switch(bench: Bench) -> None:
    first, second, third = versions(bench, 3)
    released(bench, [first, second])
    assert said(preview.from_live(bench.workspace, third, second)) == [
        f"default {second.target} -> {third.target}",
        f"create revision {third.target} miniBatchSize 2 -> 3",
        f"delete revision {first.target} beyond keep: 2",
    ]
    before = bench.mark()
    bench.steps.clear()
    report = bench.release(third)
    assert bench.steps == [READ, REGISTER, REGISTER, CREATE, SWITCH, VERIFY, PRUNE]
    assert report.pruned == [first.target]
    assert report.summary().endswith(f"default {second.target} -> {third.target}; deleted {first.target}")
    assert report.warnings == []
    assert live(bench) == {second.target, third.target}
    writes = [each.rpartition("/")[2] for each in bench.writes(before) if each.startswith(("PUT", "DELETE"))]
    assert writes[-2:] == [bench.plan.endpoint.name, first.target]
    before = bench.mark()
    assert not bench.release(third).changed
    assert bench.writes(before) == []


def test_going_back_keeps_what_was_the_default_last(bench: Bench) -> None:
    first, second, third, fourth = versions(bench, 4, keep=3)
    released(bench, [first, second, third])
    assert bench.release(first).pruned == []
    assert bench.release(fourth).pruned == [second.target]
    assert live(bench) == {first.target, third.target, fourth.target}


def test_a_pinned_revision_and_the_states_default_stay(bench: Bench) -> None:
    first, second, third, fourth = versions(bench, 4)
    released(bench, [first, second])
    assert bench.release(replace(third, pin=first.target, keep=1)).pruned == []
    assert live(bench) == {first.target, second.target}
    context = replace(bench.context(), state_default=second.target)
    assert bench.release_in(context, fourth).pruned == []
    assert live(bench) == {first.target, second.target, fourth.target}
    assert said(preview.from_live(bench.workspace, fourth, fourth, Known(state_default=second.target)))[1:] == []
    assert said(preview.from_live(bench.workspace, fourth, fourth))[1:] == [
        f"delete revision {second.target} beyond keep: 2"
    ]


def test_a_deployment_made_by_hand_is_never_touched(bench: Bench) -> None:
    plans = versions(bench, 3, keep=1)
    bench.release(plans[0])
    by_hand(bench, "by-hand", plans[0].target)
    assert bench.release(plans[1]).pruned == [plans[0].target]
    assert live(bench) == {"by-hand", plans[1].target}


def test_a_deployment_that_left_the_stack_file_is_named_and_deleted(bench: Bench) -> None:
    side = replace(bench.plan.deployments["mlp"], logical="side")
    both = replace(bench.plan, deployments={"side": side, **bench.plan.deployments})
    bench.release(both)
    gone = f"delete revision {side.revision} deployment side is no longer in the stack file"
    told = (
        f"deployment side is no longer in the stack file: jobs that name {side.revision} are refused from then on; its "
        "model and what jobs wrote stay."
    )
    assert said(preview.from_live(bench.workspace, bench.plan, both))[1:] == [gone, told]
    assert bench.release().pruned == [side.revision]
    assert live(bench) == {bench.plan.target}


def test_the_former_default_of_a_deployment_that_left_the_stack_file_stays_for_now(bench: Bench) -> None:
    bench.release()
    other = replace(bench.changed(mini_batch_size=3).deployments["mlp"], logical="other")
    plan = replace(bench.plan, deployments={"other": other}, default="other")
    assert said(preview.from_live(bench.workspace, plan, bench.plan))[-1] == (
        f"deployment mlp is no longer in the stack file: {bench.plan.target} stays for now, to go back to (keep: 2)."
    )
    bench.release(plan)
    assert live(bench) == {bench.plan.target, plan.target}


def test_a_failed_candidate_is_replaced_by_the_next_attempt(bench: Bench) -> None:
    first, bad, worse, good = versions(bench, 4)
    bench.release(first)
    fail = {"method": "PUT", "path": DEPLOYMENT, "code": "X", "message": "no nodes"}
    for each in (bad, worse):
        bench.place.sandbox.control.fault("operation-fail", **fail)
        with pytest.raises(ReleaseError, match="no nodes"):
            bench.release(each)
        assert live(bench) == {first.target, each.target}
    assert said(preview.from_live(bench.workspace, good, first))[-1] == f"delete revision {worse.target} first, failed"
    bench.place.sandbox.control.clear_faults()
    report = bench.release(good)
    assert report.pruned == [worse.target]
    assert live(bench) == {first.target, good.target}


def test_a_prune_that_fails_is_a_warning(bench: Bench) -> None:
    first, second = versions(bench, 2, keep=1)
    bench.release(first)
    bench.place.sandbox.control.fault(
        "status", method="DELETE", path=DEPLOYMENT, times=-1, status=409, code="Conflict", message="it is locked"
    )
    report = bench.release_in(replace(bench.context(), where=" --stack prod"), second)
    assert report.default == second.target
    assert report.pruned == []
    (warning,) = report.warnings
    assert warning.startswith(
        "the release is complete, but not everything that it no longer needs was deleted: deleting deployment "
        f"{first.target} failed: Conflict: it is locked (HTTP 409"
    )
    again = located(f"python -m modelops release --stack prod --endpoint {first.endpoint.name}")
    assert warning.endswith(f" The next release tries again; so does `{again}`.")
    bench.place.sandbox.control.clear_faults()
    assert bench.release(second).pruned == [first.target]


def test_room_is_made_before_the_candidate_where_that_is_safe(bench: Bench) -> None:
    plans = versions(bench, 4, keep=3)
    released(bench, plans[:3])
    for number in range(17):
        by_hand(bench, f"by-hand-{number}", plans[0].target)
    assert f"delete revision {plans[0].target} first, beyond keep: 3" in said(
        preview.from_live(bench.workspace, plans[3], plans[2])
    )
    before = bench.mark()
    report = bench.release(plans[3])
    assert report.pruned == [plans[0].target]
    assert {each.target for each in plans[1:]} <= live(bench)
    sent = [each for each in bench.writes(before) if "/deployments/" in each]
    assert [each.partition(" ")[0] for each in sent] == ["DELETE", "PUT"]


def test_no_room_is_made_with_the_default_and_the_one_before_it(bench: Bench) -> None:
    plans = versions(bench, 3)
    released(bench, plans[:2])
    for number in range(18):
        by_hand(bench, f"by-hand-{number:02}", plans[0].target)
    before = bench.mark()
    with pytest.raises(ReleaseError, match="has 20 deployments, and 1 more would exceed the service's limit of 20"):
        bench.release(plans[2])
    assert bench.writes(before) == []


def test_a_revision_whose_cluster_is_gone_is_deleted(bench: Bench) -> None:
    first = bench.release()
    moved = replace(bench.plan.deployments["mlp"], compute=f"{bench.place.path}/computes/other")
    plan = replace(bench.plan, deployments={"mlp": moved})
    assert bench.release(plan).pruned == []
    bench.place.sandbox.control.fault("status", method="GET", path="/computes/cpu", times=-1, status=404)
    report = bench.release(plan)
    assert report.pruned == [first.default]
    assert f"deleting deployment {first.default} (its cluster cpu is gone)" in bench.said


@pytest.mark.long(part="series")
def test_thirty_releases_in_a_row_end_with_two_revisions(bench: Bench) -> None:
    plans = [bench.changed(mini_batch_size=number + 1) for number in range(30)]
    most = 0
    for each in plans:
        report = bench.release(each)
        assert (report.default, report.warnings) == (each.target, [])
        most = max(most, len(live(bench)))
    assert live(bench) == {plans[-1].target, plans[-2].target}
    assert most == 2
    # A pin makes and deletes none.
    for number in range(30, 33):
        bench.release(replace(bench.changed(mini_batch_size=number + 1), pin=plans[-2].target))
    assert live(bench) == {plans[-1].target, plans[-2].target}
    assert bench.live().default == plans[-2].target


@in_one_profile
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK uses what the libraries below it have deprecated
def test_a_revision_that_a_job_uses_stays_until_the_job_has_ended(bench: Bench) -> None:
    data = release_script(bench)
    old = bench.plan.target
    read = inputs.read(str(data), None)
    job = starting.start(bench.workspace, bench.plan.endpoint.name, None, read, JobOptions())
    second, third, fourth = (bench.changed(mini_batch_size=number) for number in (2, 3, 4))
    bench.release(second)
    report = bench.release(third)
    assert (report.pruned, report.in_use, report.warnings) == ([], [old], [])
    assert report.summary().endswith(f"default {second.target} -> {third.target}; kept {old}, which a job uses")
    for number in range(17):
        by_hand(bench, f"by-hand-{number:02}", old)
    with pytest.raises(ReleaseError) as refused:
        bench.release(fourth)
    assert str(refused.value) == (
        f"endpoint {bench.plan.endpoint.name} has no room for the new deployments: {old} is used by a job that has not "
        "ended. The default was not changed."
    )
    (bench.root / "go").touch()
    following.follow(bench.workspace.ml, job.name, lambda _text, _seconds: None, "")
    assert bench.release(fourth).pruned == [old, second.target]


@in_one_profile
def test_a_worker_is_told_the_states_default(bench: Bench) -> None:
    first, second = versions(bench, 2, keep=1)
    bench.release(first)
    with RealWorker(bench) as worker:
        worker.begin(second, state_default=first.target)
        done = worker.done()
    assert done.report is not None
    assert done.report["pruned"] == []
    assert live(bench) == {first.target, second.target}


def test_models_that_no_deployment_uses_are_archived_if_asked(bench: Bench) -> None:
    path = f"{bench.place.path}/models/{bench.model_name}/versions?listViewType=ArchivedOnly"

    def archived() -> set[str]:
        answer = bench.place.sandbox.arm("GET", path, api_version=ML_API)
        return {each["name"] for each in answer.json["value"]}

    first, weights = bench.plan, bench.root / "model" / "weights.bin"
    content = weights.read_bytes()
    bench.release(replace(first, keep=1))
    second = bench.with_model(b"second")
    assert bench.release(replace(second, keep=1)).archived == []
    asking = replace(second, keep=1, archive_models=True)
    assert said(preview.from_live(bench.workspace, asking, second))[1:] == [
        f"archive model {bench.model_name}:1 no deployment uses it"
    ]
    report = bench.release(asking)
    assert report.summary() == f"{bench.plan.endpoint.name}: archived {bench.model_name}:1"
    assert archived() == {"1"}
    before = bench.mark()
    assert not bench.release(asking).changed
    assert bench.writes(before) == []

    weights.write_bytes(content)
    report = bench.release(replace(first, keep=1, archive_models=True))
    assert (report.registered, report.archived) == ([], [f"{bench.model_name}:2"])
    assert archived() == {"2"}


def test_a_model_that_another_endpoint_uses_is_not_archived(bench: Bench) -> None:
    bench.release()
    other = bench.second_endpoint()
    bench.release(replace(bench.plan, endpoint=other))
    second = replace(bench.with_model(b"second"), keep=1, archive_models=True)
    report = bench.release(second)
    assert (report.pruned, report.archived) == ([bench.plan.target], [])
    second = replace(second, endpoint=other)
    assert bench.release(second).archived == [f"{bench.model_name}:1"]


def test_another_endpoint_that_is_deleted_meanwhile_uses_no_model(bench: Bench) -> None:
    bench.release()
    other = bench.second_endpoint()
    bench.place.sandbox.control.fault(
        "status",
        method="GET",
        path=f"/{other.name}/deployments$",
        times=-1,
        status=404,
        code="NotFound",
        message="gone",
    )
    report = bench.release(replace(bench.with_model(b"second"), keep=1, archive_models=True))
    assert (report.archived, report.warnings) == ([f"{bench.model_name}:1"], [])


def test_what_cannot_be_archived_is_a_warning_and_the_revision_goes(bench: Bench) -> None:
    bench.release()
    fault = {"status": 403, "code": "AuthorizationFailed", "message": "not you"}
    second = replace(bench.with_model(b"second"), keep=1, archive_models=True)
    bench.release(replace(second, keep=2))
    bench.place.sandbox.control.fault("status", method="PUT", path="/models/.*/versions/1", times=-1, **fault)
    report = bench.release(second)
    assert (report.pruned, report.archived) == ([bench.plan.target], [])
    (warning,) = report.warnings
    assert f"archiving model {bench.model_name}:1 failed: AuthorizationFailed: not you" in warning
