"""`score`: which samples it scores into which folders, and what it says of endpoints without one.

That its jobs run is shown by the tests on the real engine.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.commands import app, invoke, starting, targets
from modelops.commands.outcome import Outcome
from modelops.commands.targets import Target
from modelops.errors import InterruptedByUserError, ReleaseError
from modelops.scoring.losses import Losses
from modelops.scoring.predictions import replace

Score = Callable[..., tuple[int, str, str]]


def _target(logical: str, sample: str | None) -> Target:
    return Target(logical, "sub", "rg", "ws", f"{logical}1a2b", sample=sample)


@pytest.fixture(name="jobs")
def _jobs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Path]]:
    """Return the jobs that were run, as (endpoint, input, folder); those on an endpoint called `bad` fail."""
    ran: list[tuple[str, str, Path]] = []

    def run(target: Target, asked: starting.Asked, download: Path, *, fetch: object, outcome: Outcome) -> Losses:
        assert fetch is replace
        outcome.job = "job-1"
        ran.append((target.endpoint, asked.source.path, download))
        if target.logical == "left":
            raise InterruptedByUserError("interrupted. Job job-1 continues in Azure")
        if target.logical == "bad":
            raise ReleaseError("job job-1 ended in state Failed")
        return Losses(items=2, missing=1, names=("b.csv",)) if target.logical == "short" else Losses(missing=0)

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
        for name in ("images", "texts", "x", "y"):
            (tmp_path / name).touch()
        found = {logical: _target(logical, sample) for logical, sample in samples.items()}
        monkeypatch.setattr(targets, "from_stack", lambda _stack, _folder: found)
        code = app.main(["score", "--stack", "staging", "--directory", str(tmp_path), *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return score


def test_every_sample_is_scored_into_the_folder_of_its_stack_and_endpoint(
    score: Score, jobs: list[Any], tmp_path: Path
) -> None:
    assert score(digits="images", letters="azureml:letters:1") == (0, "", "")
    folder = tmp_path / "predictions" / "staging"
    assert jobs == [
        ("digits1a2b", str(tmp_path / "images"), folder / "digits"),
        ("letters1a2b", "azureml:letters:1", folder / "letters"),
    ]


def test_a_path_that_looks_like_a_data_asset_stays_a_path(
    score: Score, jobs: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data:1").touch()
    monkeypatch.chdir(tmp_path)
    assert score("--directory", ".", digits="./data:1")[0] == 0
    assert [place for _, place, _ in jobs] == ["./data:1"]


@pytest.mark.usefixtures("score")
def test_an_address_of_a_file_has_its_type(jobs: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    address = "https://a.blob.core.windows.net/c/a.csv"
    target = dataclasses.replace(_target("digits", address), sample_type="uri_file")
    monkeypatch.setattr(targets, "from_stack", lambda _stack, _folder: {"digits": target})
    assert app.main(["score", "--stack", "staging"]) == 0
    assert [place for _, place, _ in jobs] == [address]


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


def test_files_without_a_result_end_it_with_3_unless_that_is_allowed(
    score: Score, jobs: list[Any], tmp_path: Path
) -> None:
    missing = "short: 1 of 2 files has no result.\n  b.csv\n"
    resume = (
        "To score what is missing:\n"
        "  python -m modelops invoke --subscription sub --resource-group rg --workspace ws --endpoint short1a2b "
        f"--resume job-1 --download {tmp_path}/predictions/staging/short\n"
        "That runs on the same deployment. After a repair of the script and its release, add --deployment NAME: "
        "`python -m modelops status` names the new one.\n"
    )
    assert score(short="x", digits="y") == (
        3,
        "",
        f"error: {missing}{resume}With --allow-missing this ends with 0.\n",
    )
    assert [endpoint for endpoint, _, _ in jobs] == ["short1a2b", "digits1a2b"]
    assert score("--allow-missing", short="x") == (0, "1 of 2 files has no result.\n  b.csv\n", "")
    assert score(short="x", bad="y")[0] == 1


class _Jobs:
    """The jobs of a workspace, as far as a download needs them: `good` wrote predictions, the others nothing."""

    jobs: "_Jobs"

    def __init__(self) -> None:
        self.jobs = self

    def download(self, name: str, download_path: Path, output_name: str) -> None:
        assert output_name == "score"
        if name == "good":
            (download_path / "parts").mkdir()
            (download_path / "parts" / "new.csv").write_text("new")


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("scored_before", [True, False])
def test_predictions_take_the_place_of_the_last_ones(tmp_path: Path, *, scored_before: bool) -> None:
    folder = tmp_path / "staging" / "digits"
    other = tmp_path / "dev" / "digits" / "old.csv"
    for old in (folder / "old.csv", other) if scored_before else (other,):
        old.parent.mkdir(parents=True)
        old.touch()
    ml: Any = _Jobs()
    assert replace(ml, "good", folder) == (folder / "parts" / "new.csv",)
    assert _files(tmp_path) == ["dev/digits/old.csv", "staging/digits/parts/new.csv"]
    assert [path.name for path in folder.parent.iterdir()] == ["digits"]


def test_the_last_predictions_stay_if_there_are_no_new_ones(tmp_path: Path) -> None:
    folder = tmp_path / "digits"
    folder.mkdir()
    (folder / "old.csv").touch()
    ml: Any = _Jobs()
    with pytest.raises(ReleaseError, match=r"^job bad completed but wrote no predictions\.$"):
        replace(ml, "bad", folder)
    assert _files(tmp_path) == ["digits/old.csv"]


def test_a_failed_job_leaves_the_last_predictions(score: Score, tmp_path: Path) -> None:
    old = tmp_path / "predictions" / "staging" / "bad" / "old.csv"
    old.parent.mkdir(parents=True)
    old.touch()
    assert score(bad="x")[0] == 1
    assert old.exists()


def test_ctrl_c_starts_no_further_job(score: Score, jobs: list[Any]) -> None:
    assert score(left="images", right="images") == (1, "", "error: interrupted. Job job-1 continues in Azure\n")
    assert [endpoint for endpoint, _, _ in jobs] == ["left1a2b"]


def test_a_sample_that_may_be_a_file_or_a_folder_is_refused(score: Score, jobs: list[Any]) -> None:
    address = "https://a.blob.core.windows.net/c/a.csv"
    assert score(digits=address) == (
        1,
        "",
        (
            f"error: digits: the `sample` of endpoint digits: '{address}' can be a file or a folder. Name a data asset "
            "of it (azureml:NAME:VERSION); an address that ends in / is a folder.\n"
        ),
    )
    assert jobs == []
