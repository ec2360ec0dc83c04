"""Which revisions stay and which go."""

from dataclasses import replace
from typing import Any

import pytest

from modelops.plan.plan import ReleasePlan
from modelops.release.last_set import LastSet
from modelops.release.live import LiveDeployment, LiveEndpoint
from modelops.release.prune import to_go_first
from modelops.release.retention import Surplus, surplus
from tests.unit.plans import plan_json

PLAN = replace(ReleasePlan.from_inputs(plan_json()), keep=2)
NEW = PLAN.target
FAILED: dict[str, Any] = {"tags": {"modelops-try-out": "failed batchjob-1 0123456789ab"}}


def revision(name: str, day: int, logical: str | None = "mlp", **changes: Any) -> LiveDeployment:
    """A deployment of the plan's cluster, made on that day."""
    made = LiveDeployment(name, "Succeeded", "/computes/cpu", "0", 1, logical, f"2026-01-{day:02}T00:00:00.1234567Z")
    return replace(made, **changes)


def endpoint(*found: LiveDeployment, default: str | None = NEW, earlier: tuple[str, ...] = ()) -> LiveEndpoint:
    """An endpoint after the switch, with the plan's own revision, which is as old as can be."""
    last = LastSet(default, earlier=dict.fromkeys(earlier, "")) if default and earlier else None
    deployments = {each.name: each for each in (revision(NEW, 1), *found)}
    return LiveEndpoint("digits1a2b", default, "", {}, {}, "westeurope", None, deployments, last)


def going(found: LiveEndpoint, plan: ReleasePlan = PLAN, **options: Any) -> dict[str, str]:
    """Return names and reasons, in order."""
    return {each.name: each.why for each in surplus(plan, found, **options)}


def test_the_plans_revision_is_the_newest_and_the_latest_others_stay() -> None:
    found = endpoint(revision("mlp-2", 2), revision("mlp-4", 4), revision("mlp-3", 3))
    assert going(found) == {"mlp-2": "beyond keep: 2", "mlp-3": "beyond keep: 2"}
    assert list(going(found, replace(PLAN, keep=1))) == ["mlp-2", "mlp-3", "mlp-4"]
    assert going(found, replace(PLAN, keep=4)) == {}


def test_when_a_revision_was_the_default_counts_before_when_it_was_made() -> None:
    old, tried_only = revision("mlp-2", 2), revision("mlp-5", 5)
    assert list(going(endpoint(old, tried_only, earlier=("mlp-2",)))) == ["mlp-5"]
    assert list(going(endpoint(old, revision("mlp-3", 3), earlier=("mlp-2", "mlp-3")))) == ["mlp-3"]
    assert list(going(endpoint(old, tried_only))) == ["mlp-2"]


def test_before_the_switch_the_live_default_is_the_latest() -> None:
    found = endpoint(revision("mlp-2", 2), revision("mlp-3", 3), default="mlp-2", earlier=("mlp-3",))
    assert surplus(PLAN, found) == [Surplus("mlp-3", "mlp", "beyond keep: 2", is_failed=False, may_go_first=False)]


def test_a_deployment_without_our_mark_or_that_is_being_changed_stays() -> None:
    foreign = revision("by-hand", 2, None)
    changing = revision("mlp-3", 3, state="Updating")
    assert going(endpoint(foreign, changing, revision("mlp-4", 4), revision("mlp-5", 5))) == {"mlp-4": "beyond keep: 2"}


def test_what_the_state_names_or_is_pinned_stays() -> None:
    found = endpoint(revision("mlp-2", 2), revision("mlp-3", 3), revision("mlp-4", 4), default="mlp-2")
    pinned = replace(PLAN, pin="mlp-2")
    assert list(going(found, pinned)) == ["mlp-3"]
    assert list(going(found, pinned, never=["mlp-3"])) == []


def test_failed_candidates_go_first_and_do_not_count() -> None:
    found = endpoint(
        revision("mlp-2", 2),
        revision("mlp-3", 3, **FAILED),
        revision("mlp-4", 4, state="Failed"),
        revision("mlp-5", 5, state="Canceled"),
        revision("mlp-6", 6),
    )
    assert going(found) == {"mlp-3": "failed", "mlp-4": "failed", "mlp-2": "beyond keep: 2"}
    assert list(going(found, replaced=["mlp"])) == ["mlp-3", "mlp-4", "mlp-5", "mlp-2"]


def test_the_plans_own_failed_revision_is_the_one_that_stays() -> None:
    found = endpoint(revision("mlp-2", 2), revision("mlp-3", 3, **FAILED), default="mlp-2")
    assert going(found, replace(PLAN, pin="mlp-2")) == {}
    own = replace(found, deployments={**found.deployments, NEW: revision(NEW, 1, **FAILED)})
    assert going(own, replace(PLAN, pin="mlp-2")) == {"mlp-3": "failed"}


def test_a_deployment_that_left_the_stack_file_goes() -> None:
    found = endpoint(revision("blue-2", 2, "blue"), revision("blue-3", 3, "blue", state="Failed"))
    assert going(found) == {"blue-3": "failed", "blue-2": "deployment blue is no longer in the stack file"}
    assert [each.may_go_first for each in surplus(PLAN, found)] == [True, False]


def test_what_was_the_default_counts_as_a_revision_of_the_default_deployment() -> None:
    found = endpoint(revision("blue-2", 2, "blue"), revision("blue-3", 3, "blue"), earlier=("blue-3", "blue-2"))
    assert going(found) == {"blue-2": "beyond keep: 2"}
    assert going(found, replace(PLAN, keep=3)) == {}
    with_newer = endpoint(revision("blue-3", 3, "blue"), revision("mlp-4", 4), earlier=("mlp-4", "blue-3"))
    assert going(with_newer) == {"blue-3": "beyond keep: 2"}


def test_a_revision_whose_cluster_is_gone_goes() -> None:
    elsewhere = "/computes/Old"
    found = endpoint(revision("mlp-2", 2, compute=elsewhere), revision("mlp-3", 3, compute=elsewhere))
    assert going(found, gone={"/computes/old"}) == {
        "mlp-2": "its cluster Old is gone",
        "mlp-3": "its cluster Old is gone",
    }
    assert list(going(found)) == ["mlp-2"]


@pytest.mark.parametrize(("excess", "first"), [(0, ["f-2"]), (1, ["f-2"]), (2, ["f-2", "mlp-3"])])
def test_what_goes_before_the_new_revisions(excess: int, first: list[str]) -> None:
    """Failed candidates always; of the others, as many as have to; the default and the one before it never."""
    found = endpoint(
        revision("f-2", 2, "blue", **FAILED),
        revision("mlp-3", 3),
        revision("mlp-4", 4),
        revision("mlp-5", 5),
        default="mlp-5",
        earlier=("mlp-4",),
    )
    surplus_now = surplus(replace(PLAN, keep=1), found)
    assert [each.name for each in surplus_now] == ["f-2", "mlp-3", "mlp-4", "mlp-5"]
    assert [each.name for each in to_go_first(surplus_now, excess)] == first
