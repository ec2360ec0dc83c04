"""Which limit a job of a try-out exceeds, by the states of its step; what a preview says of them."""

import pytest

from modelops.plan.plan import ReleasePlan
from modelops.plan.try_out import TryOut
from modelops.release import forecast
from modelops.release.tryout.limits import Phase, Spent
from tests.unit.plans import plan_json

ASKED = TryOut("azureml:data:1", image_minutes=3, queue_minutes=2, run_minutes=1)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([("Preparing", 0), ("Preparing", 179)], None),
        ([("Preparing", 0), ("Preparing", 179), ("Preparing", 1)], Phase.IMAGE),
        ([("NotStarted", 0), ("Starting", 100), ("Queued", 100), ("Queued", 119)], None),
        ([("Queued", 0), ("Provisioning", 60), ("Queued", 60)], Phase.QUEUE),
        ([("Queued", 0), ("Running", 119), ("Running", 59)], None),
        ([("Running", 0), ("Finalizing", 59), ("Finalizing", 1)], Phase.RUN),
        # A state that says nothing counts for the one before.
        ([("Running", 0), ("Unknown", 30), ("Unknown", 30)], Phase.RUN),
        # What took long is over.
        ([("Preparing", 0), ("Queued", 500)], None),
    ],
)
def test_a_phase_is_over_its_limit(seen: list[tuple[str, float]], expected: Phase | None) -> None:
    spent = Spent()
    for state, seconds in seen:
        spent.add(state, seconds)
    assert spent.exceeded(ASKED) == expected


def test_a_preview_shows_no_query_of_an_address() -> None:
    deployment = ReleasePlan.from_inputs(plan_json()).deployments["mlp"]
    asked = TryOut("https://a.blob.core.windows.net/c/rows/?sv=1&sig=SECRET")
    (planned,) = forecast.try_outs([(deployment, asked)], None, forecast.Known())
    assert str(planned.row()) == (
        f"try out {deployment.revision} on https://a.blob.core.windows.net/c/rows/?***, at most 80 min"
    )
