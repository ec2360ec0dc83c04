"""The predictions of what serves, for several candidates at once: they share a job, and none goes without."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from modelops.errors import ReleaseError
from modelops.plan.plan import ReleasePlan
from modelops.plan.try_out import File, TryOut
from modelops.release import live, records
from modelops.release.context import Context
from modelops.release.permissions import Patience
from modelops.release.tryout import job, serving
from modelops.release.tryout.job import EndedJob
from modelops.release.tryout.limits import Phase
from modelops.release.tryout.serving import Serving
from modelops.scoring import jobs, predictions
from modelops.scoring.inputs import JobInput
from modelops.workspace import Workspace

ASKED = TryOut(File("sample.csv", "d" * 64))
PLAN = cast("ReleasePlan", SimpleNamespace(endpoint=SimpleNamespace(name="digits-0000")))


class Service:
    """A workspace's jobs of one revision, and its tag."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.noted: str | None = None
        self.empty: set[str] = set()
        """Jobs whose predictions were removed."""
        self.canceled: set[str] = set()
        self.started: list[str] = []
        self.on_known: Callable[[], object] = lambda: None
        """Called whenever somebody asks which job is known."""
        self.said: list[str] = []
        monkeypatch.setattr(Workspace, "ml", None)
        monkeypatch.setattr(live, "read_deployment", self._read)
        monkeypatch.setattr(job, "is_there", lambda _context, name: name not in self.canceled)
        monkeypatch.setattr(job, "lost", lambda *_a, **_k: None)
        monkeypatch.setattr(job, "begin", self._begin)
        monkeypatch.setattr(job, "follow", self.follow)
        monkeypatch.setattr(predictions, "copy", self._copy)
        monkeypatch.setattr(records, "write", self.write)

    def candidate(self, asked: TryOut = ASKED, wait: Callable[[float], None] = lambda _seconds: None) -> Serving:
        """Return what a candidate asks with."""
        context = Context(Workspace("sub", "rg", "ws"), Path(), self._progress, wait)
        return Serving(
            PLAN, Patience(context), self._read(), asked, JobInput(None, "azureml://sample"), "job-candidate"
        )

    def write(self, _context: Context, endpoint: str, revision: str, tag: str, value: str) -> None:
        """Set the tag."""
        assert (endpoint, revision, tag) == ("digits-0000", "mlp-1", records.SAMPLE)
        self.noted = value

    def follow(self, _context: Context, name: str, _asked: TryOut, _revision: str) -> EndedJob:
        """Return how the job ended."""
        return EndedJob(name, jobs.CANCELED if name in self.canceled else jobs.COMPLETED, 1.0)

    def _progress(self, _step: str, text: str, **_more: object) -> None:
        self.said.append(text)

    def _read(self, *_: object) -> live.LiveDeployment:
        self.on_known()
        tags = {} if self.noted is None else {records.SAMPLE: self.noted}
        return live.LiveDeployment("mlp-1", "Succeeded", logical="mlp", tags=tags)

    def _begin(self, *_: object, **__: object) -> str:
        self.started.append(f"job-{len(self.started) + 1}")
        return self.started[-1]

    def _copy(self, _ml: object, name: str, folder: Path) -> None:
        if name not in self.empty:
            (folder / "predictions.csv").write_text(name, encoding="utf-8")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    """Return a workspace without jobs."""
    return Service(monkeypatch)


def used(folder: Path) -> str:
    """Return the job whose predictions are in a folder."""
    return (folder / "predictions.csv").read_text(encoding="utf-8")


def folders(place: Path) -> tuple[Path, Path]:
    """Return two empty folders."""
    first, second = place / "first", place / "second"
    first.mkdir()
    second.mkdir()
    return first, second


def old(service: Service) -> None:
    """Let the tag name a job whose predictions were removed."""
    service.noted = f"job-old {serving._digest(ASKED)}"
    service.empty.add("job-old")


def test_one_that_finds_no_predictions_while_another_looks_starts_a_job(service: Service, tmp_path: Path) -> None:
    """The other one's answer is the job whose predictions are gone."""
    old(service)
    looks, may_end, waits = threading.Event(), threading.Event(), threading.Event()

    def held() -> None:
        service.on_known = lambda: None
        looks.set()
        assert may_end.wait(60)

    def wait(_seconds: float) -> None:
        waits.set()

    first, second = service.candidate(wait=wait), service.candidate()
    first.begin()
    service.on_known = held
    one, other = folders(tmp_path)
    with ThreadPoolExecutor(2) as threads:
        begun = threads.submit(second.begin)
        assert looks.wait(60)
        found = threads.submit(first.predict, one)
        assert waits.wait(60)
        may_end.set()
        begun.result()
        assert found.result() is None
    assert second.predict(other) is None
    assert (service.started, used(one), used(other)) == (["job-1"], "job-1", "job-1")


def test_a_job_that_another_one_has_started_since_is_taken(service: Service, tmp_path: Path) -> None:
    old(service)
    first, second = service.candidate(), service.candidate()
    first.begin()
    second.begin()
    one, other = folders(tmp_path)
    assert (first.predict(one), second.predict(other)) == (None, None)
    assert (service.started, used(one), used(other)) == (["job-1"], "job-1", "job-1")


def test_a_job_that_the_shorter_limit_of_another_one_canceled_is_started_again(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    short = TryOut(ASKED.input, run_minutes=1)
    first, second = service.candidate(short), service.candidate()
    first.begin()
    second._job = first._job  # as if both had begun at the same time

    def follow(context: Context, name: str, asked: TryOut, revision: str) -> EndedJob:
        if asked is short:
            service.canceled.add(name)
            return EndedJob(name, "Running", 60.0, Phase.RUN)
        return service.follow(context, name, asked, revision)

    monkeypatch.setattr(job, "follow", follow)
    one, other = folders(tmp_path)
    assert str(first.predict(one)).startswith("its job job-1 was ")
    assert second.predict(other) is None
    assert (service.started, used(other)) == (["job-1", "job-2"], "job-2")


def test_a_job_that_is_canceled_again_and_again_is_started_twice(service: Service, tmp_path: Path) -> None:
    service.canceled.update({"job-1", "job-2"})
    only = service.candidate()
    only.begin()
    assert only.predict(tmp_path) == "its job job-2 ended in state Canceled"
    assert service.started == ["job-1", "job-2"]


def test_a_job_that_cannot_be_noted_is_used(service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused(*_: Any) -> None:
        raise ReleaseError("No.")

    monkeypatch.setattr(records, "write", refused)
    only = service.candidate()
    only.begin()
    assert only.predict(tmp_path) is None
    assert used(tmp_path) == "job-1"
    assert service.said[-1] == "No. A later release may start job job-1 again."
