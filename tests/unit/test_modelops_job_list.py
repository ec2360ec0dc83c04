"""An endpoint's jobs in order, whatever the order in which the service lists those of the workspace (a stand-in)."""

import io
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from modelops.commands import job_arguments, terminal
from modelops.errors import UsageError
from modelops.scoring import jobs
from modelops.scoring.job_logs import JobLogs
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


NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
SINCE = datetime(2026, 3, 31, 11, tzinfo=UTC)
BEFORE, AFTER = "2026-03-31T10:00:00+00:00", "2026-03-31T11:00:00+00:00"


def test_the_jobs_that_failed_since_a_moment_are_those_that_ended_since(monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, tuple[str, str | None, str | None]] = {
        "old": ("Failed", "2026-03-30T00:00:00Z", BEFORE),
        "late": ("Failed", "2026-03-11T00:00:00Z", AFTER),
        "new": ("Failed", "2026-03-31T11:30:00Z", "2026-03-31T11:40:00+00:00"),
        "unknown": ("Failed", "2026-03-12T00:00:00Z", None),
        "hangs": ("NotResponding", "2026-03-13T00:00:00Z", None),
        "timeless": ("Failed", None, AFTER),
        "runs": ("Running", "2026-03-31T11:30:00Z", None),
        "good": ("Completed", "2026-03-31T11:30:00Z", AFTER),
        "canceled": ("Canceled", "2026-03-31T11:30:00Z", AFTER),
        "ancient": ("Failed", "2026-03-01T10:59:59Z", AFTER),
    }
    asked = []

    def times(logs: JobLogs) -> tuple[None, datetime | None]:
        asked.append(logs._job)
        ended = made[logs._job][2]
        return None, datetime.fromisoformat(ended) if ended else None

    monkeypatch.setattr(JobLogs, "times", times)
    rows = [
        {"name": name, "properties": {"status": state}, "systemData": {"createdAt": moment} if moment else {}}
        for name, (state, moment, _) in made.items()
    ]
    own = [
        SimpleNamespace(name=name, id=f"/x/deployments/d/jobs/{name}", status=state)
        for name, (state, *_) in made.items()
    ]
    ml = SimpleNamespace(batch_endpoints=SimpleNamespace(list_jobs=lambda _name: own))
    workspace: Any = SimpleNamespace(list=lambda _path, _api: rows, ml=ml)
    found = jobs.failed(workspace, "e", SINCE)
    assert [(job.name, job.deployment, job.ended) for job in found] == [
        ("new", "d", "2026-03-31T11:40:00+00:00"),
        ("hangs", "d", None),
        ("unknown", "d", None),
        ("late", "d", AFTER),
        ("timeless", "d", AFTER),
    ]
    assert sorted(asked) == ["hangs", "late", "new", "old", "timeless", "unknown"]


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("30m", "2026-03-31T11:30:00+00:00"),
        ("24h", "2026-03-30T12:00:00+00:00"),
        ("7d", "2026-03-24T12:00:00+00:00"),
        ("2026-03-31", "2026-03-31T00:00:00+00:00"),
        ("2026-03-31T12:00Z", "2026-03-31T12:00:00+00:00"),
        ("2026-03-31T12:00+02:00", "2026-03-31T10:00:00+00:00"),
    ],
)
def test_a_moment_is_a_duration_ago_or_a_time(given: str, moment: str) -> None:
    assert job_arguments.moment(given, NOW).isoformat() == moment


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ("0h", "is neither a duration nor a time"),
        ("10000d", "is neither a duration nor a time"),
        ("yesterday", "is neither a duration nor a time"),
        ("0001-01-01T00:00+02:00", "is neither a duration nor a time"),
        ("2026-03-31T12:00:01", "is in the future"),
    ],
)
def test_another_moment_is_refused(given: str, wrong: str) -> None:
    with pytest.raises(UsageError) as raised:
        job_arguments.moment(given, NOW)
    assert str(raised.value) == (
        f"--failed-since {given!r} {wrong}. Allowed are a duration (30m, 24h, 7d), and a time in the past in ISO 8601, "
        "such as 2026-03-30T12:00Z."
    )


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
