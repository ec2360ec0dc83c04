"""The sandbox dies at ten moments of `make up`; `make up` again converges, and what was lost is named.

Each moment is a request: the server is killed with SIGKILL before it looked at it, or after it had committed it and
before it answered. The latter is a lost answer: the resource exists, but no state has it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.e2e.rehearsal import OUTCOME, SCORED, Rehearsal


@dataclass(frozen=True)
class Moment:
    """One request of the run, and on which side of it the server dies."""

    action: str
    method: str
    path: str
    skip: int = 0
    lost: str = ""
    """Each resource that no state has must be deleted or imported at least once."""


MOMENTS = {
    "storage account made": Moment("kill-after", "PUT", r"/storageAccounts/[^/]+$", lost="deleted"),
    "key vault asked for": Moment("kill-before", "PUT", r"/vaults/[^/]+$"),
    "third role assigned": Moment("kill-after", "PUT", r"/roleAssignments/[^/]+$", skip=2, lost="imported"),
    "workspace made": Moment("kill-after", "PUT", r"/workspaces/[^/]+$", skip=1, lost="deleted"),
    "cluster asked for": Moment("kill-before", "PUT", r"/computes/[^/]+$"),
    "endpoint made": Moment("kill-after", "PUT", r"/batchEndpoints/[^/]+$", lost="deleted"),
    "model registered": Moment("kill-after", "PUT", r"/models/[^/]+/versions/[^/]+$"),
    "deployment made": Moment("kill-after", "PUT", r"/batchEndpoints/[^/]+/deployments/[^/]+$"),
    "default switched": Moment("kill-after", "PUT", r"/batchEndpoints/[^/]+$", skip=1),
    "job started": Moment("kill-after", "POST", r"\.inference\.ml\.azure\.com/jobs"),
}


QUICK = {"third role assigned", "default switched"}
"""The moments that every run tries: one that leaves something in no state, one in the middle of a release."""


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(moment, id=name, marks=() if name in QUICK else pytest.mark.long(part="kills"))
        for name, moment in MOMENTS.items()
    ],
)
def test_a_killed_sandbox_and_the_same_command_again(
    fresh: Rehearsal, moment: Moment, record_property: Callable[[str, object], None]
) -> None:
    fresh.start_server()
    fresh.fault(moment.action, moment.method, moment.path, skip=moment.skip)
    fresh.make("up").failed()

    counts: Counter[str] = Counter()
    again = fresh.make("up")
    if again.code != 0:
        # Something with a fixed name is there and in no state: azure-native's text, and a command that fixes it.
        assert "cannot create already existing resource" in again.text, again.text
        assert "keep it:" in again.out
        counts += fresh.do_what_is_printed_of_the_lost(again.out)
        again = fresh.make("up")
    assert SCORED in again.ok().out

    counts += fresh.do_what_is_printed_of_the_lost(fresh.lost())
    assert fresh.lost() == ""
    if moment.lost:
        assert counts[moment.lost] >= 1
    record_property(OUTCOME, dict(counts) or {"converged by themselves": 1})
    # Nothing twice, nothing missing, nothing to do.
    assert fresh.of_kind("models/versions") == ["1"]
    assert len(fresh.of_kind("batchEndpoints")) == 1
    assert len(fresh.of_kind("batchEndpoints/deployments")) == 1
    assert fresh.state().get("pending_operations", []) == []
    fresh.up("--expect-no-changes")
