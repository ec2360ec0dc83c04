"""What others set while a release runs, or set by hand before it: the journal shows what is sent then."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from modelops.errors import RefusedPlanError, ReleaseError
from modelops.plan.plan import ReleasePlan
from modelops.rehearsal import located
from modelops.release import preview, records
from modelops.release.context import CREATE, READ, RESTORE, TRY, up
from modelops.release.going_back import go_back
from modelops.release.last_set import LastSet
from modelops.release.report import ReleaseReport
from tests.modelops.compared import SCRIPT, with_script
from tests.modelops.conftest import Bench, in_both_profiles, in_one_profile
from tests.unit.outlooks import said

# The SDK uses what the libraries below it have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

RAISES = SCRIPT.replace("    return os", '    raise ValueError("broken on purpose")\n    return os')


def switches(bench: Bench, after: int) -> list[str]:
    """The requests since a mark that may have moved the default."""
    return [each for each in bench.writes(after) if re.search(r"^P\w+ .*/batchEndpoints/[^/]+$", each)]


def last(bench: Bench) -> LastSet:
    found = bench.live().last_set
    assert found is not None
    return found


def release(bench: Bench, plan: ReleasePlan, at: str, meanwhile: Callable[[], object]) -> ReleaseReport:
    """Release a plan while somebody does something else, when it comes to a step for the first time."""
    left = [at]

    def progress(step: str, _text: str, **_more: object) -> None:
        if step in left:
            left.remove(step)
            meanwhile()

    return bench.release_in(replace(bench.context(), progress=progress), plan)


@in_both_profiles
def test_a_rollback_during_the_try_out_is_not_undone(bench: Bench) -> None:
    first = bench.release()
    bad = bench.changed(mini_batch_size=3)
    bench.release(bad)
    tried = with_script(bench, SCRIPT).deployments["mlp"]
    more = replace(bad, deployments={**bad.deployments, "blue": replace(tried, logical="blue")})
    mark = bench.mark()
    with pytest.raises(RefusedPlanError) as refused:
        release(bench, more, TRY, lambda: go_back(bench.context(), bad, None))
    assert len(switches(bench, mark)) == 1  # the rollback's
    assert (bench.live().default, last(bench).abandoned) == (first.default, (bad.target,))
    command = located(f"python -m modelops rollback --to {bad.target} --endpoint {bench.plan.endpoint.name}")
    assert str(refused.value) == (
        f"this plan makes {bad.target} the default, which a rollback abandoned on {last(bench).at}. What the release "
        f"made so far stays; the default stays {first.default}. Release a fix, which is another revision, or pin "
        f"{first.default}. If {bad.target} should serve again after all:\n  {command}"
    )


def test_a_fix_waits_for_a_second_run_if_a_rollback_came_in_between(bench: Bench) -> None:
    first = bench.release()
    bad = bench.changed(mini_batch_size=3)
    bench.release(bad)
    fix = bench.changed(mini_batch_size=4)
    mark = bench.mark()
    with pytest.raises(ReleaseError) as refused:
        release(bench, fix, CREATE, lambda: go_back(bench.context(), bad, None))
    assert len(switches(bench, mark)) == 1
    assert bench.live().default == first.default
    assert str(refused.value) == (
        f"a rollback by {last(bench).who} made {first.default} the default of {bench.plan.endpoint.name} on "
        f"{last(bench).at}, while this release ran. It was not undone: the default stays {first.default}, and what "
        f"this release made so far stays, too. If {fix.target} should serve instead, run: {up('')}"
    )
    assert bench.release(fix).done() == [f"default {first.default} -> {fix.target}", f"deleted {bad.target}"]


def test_another_release_of_the_same_plan_is_no_obstacle(bench: Bench) -> None:
    bench.release()
    changed = bench.changed(mini_batch_size=3)
    mark = bench.mark()
    assert not release(bench, changed, CREATE, lambda: bench.release(changed)).switched
    assert len(switches(bench, mark)) == 1


@in_both_profiles
def test_a_failed_candidate_that_was_made_the_default_by_hand_does_not_stay_it(bench: Bench) -> None:
    good = with_script(bench, SCRIPT)
    bench.release(good)
    bad = with_script(bench, RAISES)
    with pytest.raises(ReleaseError, match="failed its try-out"):
        bench.release(bad, good.target)
    bench.move(bad.target)
    sentences = said(preview.from_live(bench.workspace, bad, good))
    assert sentences[:2] == [
        f"restore the default {good.target} first, found {bad.target}",
        f"default {good.target} -> {bad.target}",
    ]
    tried = f"try out {bad.target} on try-out, at most 80 min, compared with {good.target}"
    assert [each for each in sentences if each.startswith("try out")] == [tried]
    mark = bench.mark()
    bench.steps.clear()
    with pytest.raises(ReleaseError, match=rf"failed its try-out; {good.target} still serves"):
        bench.release(bad, good.target)
    assert list(dict.fromkeys(bench.steps)) == [READ, RESTORE, TRY]
    assert len(switches(bench, mark)) == 1
    assert (bench.live().default, last(bench).default) == (good.target, good.target)
    assert list(last(bench).earlier) == []


@in_one_profile
def test_a_first_deployment_that_is_the_default_by_itself_is_tried_out(bench: Bench) -> None:
    """As Azure would do it, should it make an endpoint's first deployment its default; in 2023 it did not."""
    bad = with_script(bench, RAISES)
    with pytest.raises(ReleaseError, match=r"failed its try-out; the endpoint has no default"):
        bench.release(bad)
    bench.move(bad.target)
    mark = bench.mark()
    with pytest.raises(ReleaseError) as failed:
        bench.release(bad)
    assert switches(bench, mark) == []
    command = located(f"python -m modelops rollback --to REVISION --endpoint {bad.endpoint.name}")
    lines = str(failed.value).splitlines()
    assert lines[0] == f"{bad.target} failed its try-out; it is the default, although no release set it"
    assert f"  To make another one the default: {command}" in lines
    good = with_script(bench, SCRIPT)
    bench.release(good)
    assert (last(bench).default, dict(last(bench).earlier)) == (good.target, {})
    assert records.is_failed_candidate(bench.live(), bench.live().deployments[bad.target])
