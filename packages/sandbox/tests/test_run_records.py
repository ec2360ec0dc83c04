"""The records of runs: found by key and by index, and what an older sandbox stored is read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.azure.arm.store import Store
from sandbox.azure.jobs.records import KIND, Run, RunRecords

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store.sqlite") as opened:
        yield opened


def test_a_run_comes_back_as_it_was_stored(store: Store) -> None:
    records = RunRecords(store)
    run = Run("Job", "Job", WORKSPACE, error={"code": "c", "message": "m"}, logs={"a.txt": ("acct", "azureml", "b")})
    records.create(run)
    assert records.get("JOB") == run
    assert records.get("other") is None
    document = store.document(KIND, "job")
    assert (document["runId"], document["parentRunId"], document["createdUtc"]) == ("Job", None, run.created_utc)


def test_steps_and_jobs_are_found_without_reading_the_other_runs(store: Store) -> None:
    records = RunRecords(store)
    for number in (1, 2):
        job = Run(f"job-{number}", f"job-{number}", f"{WORKSPACE}{number}", created_utc=f"2026-01-0{number}")
        records.create(job)
        records.create(Run(f"step-{number}", job.run_id, job.workspace_id, parent_run_id=job.run_id))
    later = Run("job-3", "job-3", f"{WORKSPACE}2", created_utc="2026-01-03")
    records.create(later)
    # Anything that is not a run would fail, if it were read.
    store.put_document(KIND, "broken", {})
    assert [run.run_id for run in records.children("JOB-1")] == ["step-1"]
    assert [run.run_id for run in records.jobs(f"{WORKSPACE.upper()}2")] == ["job-3", "job-2"]


def test_a_record_without_later_members_is_read(store: Store) -> None:
    store.put_document(KIND, "old", {"runId": "old", "rootRunId": "old", "workspaceId": WORKSPACE})
    found = RunRecords(store).get("old")
    assert found is not None
    assert (found.status, found.metrics, found.logs) == ("NotStarted", {}, {})


def test_a_record_without_ids_is_not_a_run() -> None:
    with pytest.raises(TypeError, match="'run_id', 'root_run_id', and 'workspace_id'"):
        Run.from_json({})


def test_an_unknown_state_is_refused(store: Store) -> None:
    records = RunRecords(store)
    records.create(Run("job", "job", WORKSPACE))
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text follows
        records.update("job", status="Done")
    assert str(caught.value).startswith("'Done' is not a state of a run; allowed: CancelRequested, Canceled, ")
    with pytest.raises(KeyError):
        records.start("other")
