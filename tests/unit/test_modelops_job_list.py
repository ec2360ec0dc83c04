"""An endpoint's jobs in order, whatever the order in which the service lists those of the workspace (a stand-in)."""

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from modelops.commands import terminal
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


def _found(**properties: Any) -> Job:
    """Return a job of which ARM tells this."""
    document = {"name": "j", "properties": {"status": "Completed", **properties}}
    workspace: Any = SimpleNamespace(get=lambda _path, _api: document)
    return jobs.found(workspace, "j")


SCORING = {"azureml.batchrun": "true", "azureml.deploymentname": "blue"}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"description": "Pipeline submission for endpoint: e, deployment: d."}, ("e", "d")),
        ({"description": "mine", "tags": SCORING, "experimentName": "e"}, ("e", "blue")),
        (
            {
                "description": "mine",
                "tags": {**SCORING, "azureml.jobtype": "azureml.pipelinejob"},
                "properties": {"azureml.endpointname": "e", "azureml.deploymentname": "blue"},
                "experimentName": "other",
            },
            ("e", "blue"),
        ),
        ({"tags": {**SCORING, "azureml.jobtype": "azureml.pipelinejob"}, "experimentName": "x"}, (None, "blue")),
        ({"description": "mine", "tags": None, "properties": None, "experimentName": "x"}, (None, None)),
    ],
    ids=["the service's description", "an own description", "a pipeline", "a pipeline that says less", "another job"],
)
def test_a_job_says_its_endpoint_and_deployment_whatever_its_description(
    properties: dict[str, Any], expected: tuple[str | None, str | None]
) -> None:
    job = _found(**properties)
    assert (job.endpoint, job.deployment) == expected


def test_a_job_says_its_deployment() -> None:
    moment = "2026-01-01T00:00:00Z"
    assert jobs.listed(_listed({"j": moment}), "e", 1) == [Job("j", "Completed", "e", "d", moment)]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        """Say that it is one."""
        return True


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_a_terminal_cuts_no_name_of_a_job(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stdout", output := _Terminal())
    row = ("batchjob-7236fa54-e307-47f6-b0d6-8cb0f10000bb", "Completed", "mlp-9023e79d", "2026-01-01 00:00:00 UTC")
    author = "5d0b9c57-8c0b-4b43-9c3a-0f9a5f9a6c11"
    terminal.show_table(("job", "state", "deployment", "started", "by"), [(*row, author)])
    lines = [" ".join(line.replace("│", " ").split()) for line in output.getvalue().splitlines()]
    assert " ".join([*row, author]) in lines
    assert any(line.replace("┃", " ").split() == ["job", "state", "deployment", "started", "by"] for line in lines)
