"""`score`: which samples it scores into which folders, and what it says of endpoints without one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.commands import app, invoke, targets
from modelops.commands.targets import Target
from modelops.errors import ReleaseError

Score = Callable[..., tuple[int, str, str]]


def _target(logical: str, sample: str | None) -> Target:
    return Target(logical, "sub", "rg", "ws", f"{logical}1a2b", sample=sample)


@pytest.fixture(name="jobs")
def _jobs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Path]]:
    """Return the jobs that were run, as (endpoint, input, folder); those on an endpoint called `bad` fail."""
    ran: list[tuple[str, str, Path]] = []

    def run(target: Target, _deployment: str | None, source: str, download: Path) -> None:
        ran.append((target.endpoint, source, download))
        if target.logical == "bad":
            raise ReleaseError("job job-1 ended in state Failed")

    monkeypatch.setattr(invoke, "run", run)
    return ran


@pytest.fixture(name="score")
def _score(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], jobs: list[Any]
) -> Score:
    """Return a function that scores a stack with these samples and returns the exit code, output and errors."""
    del jobs
    monkeypatch.delenv("REHEARSAL_COMMAND", raising=False)

    def score(*words: str, **samples: str | None) -> tuple[int, str, str]:
        found = {logical: _target(logical, sample) for logical, sample in samples.items()}
        monkeypatch.setattr(targets, "from_stack", lambda _stack, _folder: found)
        code = app.main(["score", "--stack", "staging", "--directory", str(tmp_path), *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return score


def test_every_sample_is_scored_into_the_folder_of_its_stack_and_endpoint(
    score: Score, jobs: list[Any], tmp_path: Path
) -> None:
    old = tmp_path / "predictions" / "staging" / "digits" / "old.csv"
    other = tmp_path / "predictions" / "dev" / "digits" / "old.csv"
    for file in (old, other):
        file.parent.mkdir(parents=True)
        file.touch()
    assert score(digits="images", letters="azureml:letters:1") == (0, "", "")
    folder = tmp_path / "predictions" / "staging"
    assert jobs == [
        ("digits1a2b", str(tmp_path / "images"), folder / "digits"),
        ("letters1a2b", "azureml:letters:1", folder / "letters"),
    ]
    assert (old.exists(), other.exists()) == (False, True)


def test_one_endpoint_can_be_named(score: Score, jobs: list[Any], tmp_path: Path) -> None:
    assert score("--endpoint", "letters", digits="images", letters="texts")[0] == 0
    assert [source for _, source, _ in jobs] == [str(tmp_path / "texts")]


def test_without_a_sample_the_command_that_scores_is_printed(
    score: Score, jobs: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REHEARSAL_COMMAND", ".venv/bin/python -m sandbox run --")
    assert score(churn=None) == (
        0,
        (
            "churn: not scored, because the stack file has no `sample` for it. To score:\n"
            "  .venv/bin/python -m sandbox run -- python -m modelops invoke --stack staging --endpoint churn "
            f"--directory {tmp_path} --input FOLDER --download NEW_FOLDER\n"
        ),
        "",
    )
    assert jobs == []


def test_a_job_that_fails_does_not_keep_the_others_from_being_scored(score: Score, jobs: list[Any]) -> None:
    assert score(bad="x", digits="y") == (1, "", "error: bad: job job-1 ended in state Failed\n")
    assert [endpoint for endpoint, _, _ in jobs] == ["bad1a2b", "digits1a2b"]
