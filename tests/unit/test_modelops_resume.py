"""What a job left to be scored, and where the rest's output goes; jobs themselves run in tests/modelops."""

from pathlib import PurePath
from typing import Any

import pytest

from modelops.errors import UsageError
from modelops.scoring import jobs, resume, resumed
from modelops.scoring.inputs import JobInput
from modelops.scoring.jobs import Job
from modelops.scoring.losses import Losses
from modelops.scoring.resume import PastJob, Rest
from modelops.scoring.start import JobOptions

JOB = PastJob("job-1", "mlp-1a2b", is_completed=True, state="Completed", source=None, options=JobOptions())
NAMES = ("a.csv", "b.csv", "sub/c.csv")
FOLDER = "azureml://datastores/workspaceblobstore/paths/azureml/child/score/"


def test_reads_what_the_service_says_of_a_job() -> None:
    uri = (
        "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/workspaceblobstore/paths/LocalUpload/x/in/"
    )
    answer = {
        "id": "/subscriptions/s/.../batchEndpoints/e/deployments/mlp-1a2b/jobs/job-1",
        "properties": {
            "status": "Completed",
            "inputData": {"UriFolder": {"jobInputType": "UriFolder", "uri": uri, "mode": "ReadOnlyMount"}},
            "compute": {"instanceCount": 2},
            "miniBatchSize": 5,
            "errorThreshold": -1,
            "retrySettings": {"maxRetries": 3, "timeout": "PT1M30S"},
        },
    }
    assert resume.past_job("job-1", answer) == PastJob(
        "job-1",
        "mlp-1a2b",
        is_completed=True,
        state="Completed",
        source=JobInput("uri_folder", uri),
        options=JobOptions(instance_count=2, mini_batch_size=5, retries=3, timeout=90, error_threshold=-1),
    )


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"id": None, "properties": None},
        {
            "properties": {
                "status": None,
                "inputData": None,
                "compute": None,
                "retrySettings": {"maxRetries": None, "timeout": "soon"},
            }
        },
        {"properties": {"inputData": {"x": {"jobInputType": "MLTable", "uri": "azureml:x:1"}}}},
    ],
)
def test_what_the_service_leaves_out_is_not_known(answer: dict[str, Any]) -> None:
    assert resume.past_job("job-1", answer) == PastJob("job-1", None, False, "Unknown", None, JobOptions())


@pytest.mark.parametrize(
    ("duration", "seconds"), [("PT30S", 30), ("PT1H1M", 3660), ("P1D", 86400), ("PT0.5S", 1), ("", None), (5, None)]
)
def test_a_timeout_is_read_in_seconds(duration: Any, seconds: int | None) -> None:
    answer = {"properties": {"retrySettings": {"timeout": duration}}}
    assert resume.past_job("job-1", answer).options.timeout == seconds


class _Workspace:
    """A workspace whose endpoint has one job, in this state."""

    def __init__(self, state: str) -> None:
        self._state = state

    def get(self, path: str, _api: str) -> Any:
        assert path == "batchEndpoints/digits"
        return {"properties": {"scoringUri": "https://digits.westeurope.inference.ml.azure.com/jobs"}}

    def send(self, method: str, url: str, body: object) -> Any:
        assert (method, body) == ("GET", None)
        if not url.endswith("/jobs/job-1"):
            error: Any = RuntimeError("not here")
            error.status_code = 404
            raise error
        return {"properties": {"status": self._state}}


def test_a_job_that_has_not_ended_is_not_resumed() -> None:
    workspace: Any = _Workspace("Running")
    with pytest.raises(UsageError) as refused:
        resume.read(workspace, "digits", "job-1")
    assert str(refused.value) == "job job-1 is Running. Run the command again when it has ended."
    with pytest.raises(UsageError, match=r"^endpoint digits has no job 'job-2'\.$"):
        resume.read(workspace, "digits", "job-2")
    with pytest.raises(UsageError, match=r"^endpoint digits has no job 'x\?y#jobs%2Fjob-1'\.$"):
        resume.read(workspace, "digits", "x?y#jobs%2Fjob-1")
    for name in ("..", "", "a/b"):
        with pytest.raises(UsageError) as refused:
            resume.read(workspace, "digits", name)
        assert str(refused.value) == (
            f"nothing in Azure can have the name {name!r}. Names have letters, digits, -, _ and dots."
        )
    workspace = _Workspace("Failed")
    assert resume.read(workspace, "digits", "job-1").state == "Failed"


@pytest.mark.parametrize(
    ("lost", "scored", "expected"),
    [
        (
            Losses(items=3, missing=0, names=()),
            None,
            Rest((), "job job-1 has results for all its 3 files."),
        ),
        (
            Losses(items=3, missing=1, names=("c.csv",)),
            None,
            Rest(("sub/c.csv",), "job job-1 has no result for 1 of 3 files; scoring it now."),
        ),
        (
            Losses(items=3, missing=1, doubtful=("/mnt/in/a.csv", "b.csv")),
            None,
            Rest(
                ("a.csv", "b.csv"),
                (
                    "job job-1 has no result for 1 of 3 files, and for some mini-batches its logs do not say which; "
                    "scoring all 2 of their files again. With --key COLUMN, only those without a row."
                ),
                is_exact=False,
            ),
        ),
        *(
            (
                Losses(items=3, missing=1, names=names),
                None,
                Rest(
                    NAMES,
                    (
                        "job job-1 has no result for 1 of 3 files, and its logs do not say which; scoring the files of "
                        "all its mini-batches again. With --key COLUMN, only those without a row."
                    ),
                    is_exact=False,
                ),
            )
            for names in (None, ("other.csv",))
        ),
        *(
            (
                lost,
                None,
                Rest(NAMES, "what job job-1 lost is not known; scoring all its files again.", is_exact=False),
            )
            for lost in (None, Losses())
        ),
        (
            Losses(items=3),
            {"a.csv"},
            Rest(("b.csv", "sub/c.csv"), "job job-1 has no row for 2 of 3 files; scoring these now."),
        ),
        (
            None,
            {"a.csv"},
            Rest(("b.csv",), "job job-1 has no row for 1 of 2 files; scoring it now.", unseen=("sub/c.csv",)),
        ),
        (
            Losses(items=2, missing=1, names=("a.csv",)),
            None,
            Rest(("a.csv",), "job job-1 has no result for 1 of 2 files; scoring it now.", unseen=("sub/c.csv",)),
        ),
        (
            Losses(items=2, missing=0, names=()),
            None,
            Rest((), "job job-1 has results for all its 2 files.", unseen=("sub/c.csv",)),
        ),
        (None, NAMES, Rest((), "job job-1 has rows for all its 3 files.")),
    ],
)
def test_the_rest_is_what_has_no_result(lost: Losses | None, scored: Any, expected: Rest) -> None:
    assert resume.rest(JOB, NAMES, lost, scored) == expected


def test_a_single_file_is_no_plural() -> None:
    assert resume.rest(JOB, ["a.csv"], None, {"a.csv"}).why == "job job-1 has rows for its only file."
    assert resume.rest(JOB, ["a.csv"], None, ()).why == "job job-1 has no row for 1 of 1 file; scoring it now."


def test_a_job_that_did_not_complete_has_no_output() -> None:
    failed = JOB._replace(is_completed=False, state="Failed")
    assert resume.rest(failed, NAMES, None, None) == Rest(
        NAMES, "job job-1 ended in state Failed, without an output; scoring all its files now."
    )


@pytest.mark.parametrize(
    ("taken", "used", "expected"),
    [
        (["predictions.csv"], {"predictions.csv"}, (FOLDER, "predictions-2.csv")),
        (["predictions.csv", "predictions-2.csv"], {"predictions-2.csv"}, (FOLDER, "predictions-3.csv")),
        (["predictions.csv", "own.parquet"], {"predictions.csv"}, (None, "predictions-2.csv")),
        (["sub/predictions.csv"], set(), (None, "predictions-2.csv")),
        ([], set(), (None, "predictions-2.csv")),
    ],
)
def test_the_output_goes_beside_one_that_has_rows_only(
    taken: list[str], used: set[str], expected: tuple[str | None, str]
) -> None:
    found = resume.beside(JobOptions(), FOLDER, "predictions.csv", [PurePath(each) for each in taken], used)
    assert (found.output_path, found.output_file_name) == expected


def test_what_is_asked_for_the_output_stays() -> None:
    asked = JobOptions(output_path="azureml://datastores/d/paths/x", output_file_name="mine.csv")
    assert resume.beside(asked, FOLDER, "predictions.csv", [PurePath("predictions.csv")], set()) == asked


def test_what_later_jobs_scored_is_not_left_any_more() -> None:
    first = Rest(("a.csv", "b.csv", "d.csv"), "said of the first job alone")
    second = JOB._replace(name="job-2")
    lost = Losses(items=3, missing=1, names=("b.csv",))
    left = resume.without(first, second, first.names, lost)
    assert resume.together(left, JOB, [second], (*NAMES, "d.csv")) == Rest(
        ("b.csv",), "job job-1 and job-2, which resumed it, have no result for 1 of 4 files; scoring it now."
    )
    third = JOB._replace(name="job-3")
    left = resume.without(left, third, ("b.csv",), Losses(items=1, missing=0, names=()))
    assert resume.together(left, JOB, [second, third], (*NAMES, "d.csv")) == Rest(
        (), "job job-1 and job-2, job-3, which resumed it, have results for all its 4 files."
    )


@pytest.mark.parametrize("lost", [Losses(), Losses(items=2, missing=1, doubtful=("a.csv", "b.csv"))])
def test_what_a_later_job_perhaps_scored_is_still_left(lost: Losses) -> None:
    left = resume.without(Rest(("a.csv", "b.csv"), ""), JOB._replace(name="job-2"), ("a.csv", "b.csv"), lost)
    assert (left.names, left.is_exact) == (("a.csv", "b.csv"), False)
    assert resume.together(left, JOB, [JOB._replace(name="job-2")], NAMES).why == (
        "job job-1 and job-2, which resumed it, perhaps have no result for 2 of 3 files; scoring these now."
    )


def _jobs(**tags: str | None) -> list[Job]:
    states = {"running": "Running", "failed": "Failed"}
    return [Job(name, states.get(name, "Completed"), tags={resumed.TAG: of} if of else {}) for name, of in tags.items()]


def _chain(monkeypatch: pytest.MonkeyPatch, name: str, found: list[Job]) -> resumed.Chain:
    workspace: Any = None
    monkeypatch.setattr(jobs, "found", lambda _workspace, asked: next(each for each in found if each.name == asked))
    monkeypatch.setattr(jobs, "listed", lambda *_: found)
    return resumed.chain(workspace, "digits", name)


@pytest.mark.parametrize("name", ["first", "second", "failed"])
def test_the_jobs_that_resumed_one_are_found_by_any_of_them(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    found = _jobs(third="first", failed="first", second="first", other="x", first=None)
    assert _chain(monkeypatch, name, found) == resumed.Chain("first", ("second", "third"))


def test_while_a_job_is_resumed_no_other_resumes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError) as refused:
        _chain(monkeypatch, "first", _jobs(running="first", first=None))
    assert str(refused.value) == (
        "job running is already resuming job first, in state Running. Nothing was started. Run the command again when "
        "it has ended."
    )
