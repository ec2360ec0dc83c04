"""An endpoint's jobs in order, whatever the order in which the service lists those of the workspace (a stand-in)."""

from types import SimpleNamespace
from typing import Any

import pytest

from modelops.scoring import jobs
from modelops.scoring.jobs import Job


def _listed(moments: dict[str, str | None], others: int = 0) -> Any:
    """Return a workspace whose ARM lists these jobs of an endpoint, and then others that must not be read."""

    def arm(_path: str, _api: str) -> Any:
        for name, moment in moments.items():
            system = {"createdAt": moment} if moment else {}
            yield {"name": name, "properties": {"status": "Completed"}, "systemData": system}
        for _ in range(others):
            pytest.fail("all jobs of the endpoint are known")

    own = [SimpleNamespace(name=name, id=f"/x/deployments/d/jobs/{name}") for name in moments]
    return SimpleNamespace(list=arm, ml=SimpleNamespace(batch_endpoints=SimpleNamespace(list_jobs=lambda _name: own)))


def test_the_newest_jobs_are_first_in_whatever_order_they_are_listed() -> None:
    workspace = _listed(
        {
            "old": "2026-01-01T00:00:00Z",
            "unknown": None,
            "newest": "2026-01-02T00:00:00.5000000Z",
            "new": "2026-01-02T00:00:00Z",
        },
        others=1,
    )
    assert [job.name for job in jobs.listed(workspace, "e", 2)] == ["newest", "new"]
    assert [job.name for job in jobs.listed(workspace, "e", 9)] == ["newest", "new", "old", "unknown"]


def test_a_job_says_its_deployment() -> None:
    moment = "2026-01-01T00:00:00Z"
    assert jobs.listed(_listed({"j": moment}), "e", 1) == [Job("j", "Completed", "e", "d", moment)]
