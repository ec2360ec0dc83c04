"""What is said of files without a result, and when that ends the command with 3."""

from pathlib import Path
from typing import Any, ClassVar

import pytest

from modelops.commands import missing
from modelops.commands.outcome import Outcome
from modelops.commands.targets import Target
from modelops.errors import MissingResultsError, UsageError
from modelops.scoring import losses
from modelops.scoring.inputs import JobInput
from modelops.scoring.losses import Losses
from modelops.workspace import Workspace

TARGET = Target("digits", "sub", "rg", "ws", endpoint="digits")
AGAIN = (
    "That runs on the same deployment. After a repair of the script and its release, add --deployment NAME: "
    "`python -m modelops status` names the new one.\n"
)


def _judge(found: Losses | None, **others: Any) -> None:
    missing.judge(found, **{"is_allowed": False, "resume": "", **others})


@pytest.mark.parametrize("found", [None, Losses(items=2, missing=0, names=())])
def test_nothing_is_said_of_a_job_that_lost_nothing(found: Losses | None, capsys: pytest.CaptureFixture[str]) -> None:
    _judge(found)
    assert capsys.readouterr().out == ""


def test_what_is_not_known_is_said_and_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    _judge(Losses())
    assert capsys.readouterr().out == (
        "Whether files have no result is not known: neither the job's counts nor its logs could be read.\n"
    )


def test_missing_files_are_an_error_with_the_next_command() -> None:
    with pytest.raises(MissingResultsError) as ended:
        _judge(Losses(items=2, missing=1, names=("a.csv",)), resume="python -m modelops invoke --resume job-1")
    assert str(ended.value) == (
        "1 of 2 files has no result.\n"
        "  a.csv\n"
        "To score what is missing:\n"
        "  python -m modelops invoke --resume job-1\n"
        f"{AGAIN}"
        "With --allow-missing this ends with 0."
    )


def test_what_to_do_about_the_cause_comes_before_the_next_command() -> None:
    with pytest.raises(MissingResultsError) as ended:
        _judge(Losses(items=2, missing=1, names=("a.csv",)), advice="Calls of run() ran out of time: wait.")
    assert str(ended.value).splitlines()[1:3] == ["  a.csv", "Calls of run() ran out of time: wait."]


def test_without_names_the_way_to_them_is_said() -> None:
    with pytest.raises(MissingResultsError) as ended:
        _judge(Losses(items=6, missing=4, given_up=2, exceptions=2, short=0))
    assert str(ended.value) == (
        "4 of 6 files have no result: 2 mini-batches given up (2 after exceptions).\n"
        "The job's logs do not say which; --key COLUMN does, if a column of the predictions has the files' names.\n"
        "With --mini-batch-size 1 a file that fails takes no others with it.\n"
        "With --allow-missing this ends with 0."
    )


@pytest.mark.parametrize(
    ("given_up", "short", "words"),
    [(1, 0, " --mini-batch-size 1"), (1, 2, " --mini-batch-size 1"), (2, 2, ""), (4, 0, ""), (0, 1, "")],
)
def test_the_next_command_keeps_a_failing_file_from_taking_others_with_it(
    given_up: int, short: int, words: str
) -> None:
    with pytest.raises(MissingResultsError) as ended:
        _judge(
            Losses(items=6, missing=4, given_up=given_up, exceptions=given_up, short=short, names=()), resume="again"
        )
    lines = str(ended.value).splitlines()
    assert f"  again{words}" in lines
    assert ("With --mini-batch-size 1 a file that fails takes no others with it." in lines) == bool(words)


def test_by_a_key_files_have_no_row() -> None:
    with pytest.raises(MissingResultsError, match=r"^1 of 2 files has no row \(--key 1\)\.\n  a\.csv\n"):
        _judge(Losses(items=2, missing=1, names=("a.csv",), key="1"))


def test_missing_files_can_be_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    _judge(Losses(items=2, missing=1, names=("a.csv",)), is_allowed=True)
    assert capsys.readouterr().out == "1 of 2 files has no result.\n  a.csv\n"


class _Workspace:
    """A workspace with an endpoint and its deployments, by name; the default has no script."""

    deployments: ClassVar = {"mlflow": {"codeConfiguration": None}, "script": {"codeConfiguration": {"codeId": "x"}}}

    def get(self, path: str, _api: str) -> Any:
        if path == "batchEndpoints/digits":
            return {"properties": {"scoringUri": "https://d/jobs", "defaults": {"deploymentName": "mlflow"}}}
        return {"properties": self.deployments[path.removeprefix("batchEndpoints/digits/deployments/")]}


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        (None, missing.Key("file_name", ("a.csv", "b.csv"), ("a.csv", "b.csv"))),
        ("mlflow", missing.Key("file_name", ("a.csv", "b.csv"), ("a.csv", "b.csv"))),
        ("script", None),
        ("gone", None),
    ],
)
def test_the_rows_of_an_mlflow_model_without_a_script_have_a_key(
    tmp_path: Path, deployment: str | None, expected: missing.Key | None
) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).touch()
    workspace: Any = _Workspace()
    source = JobInput("uri_folder", str(tmp_path), is_local=True)
    assert missing.own_key(workspace, "digits", deployment, source) == expected


def test_such_a_key_finds_what_the_jobs_counts_hide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows of one file count as results of two files."""
    said = Losses(items=2, missing=0, given_up=0, short=0, names=())
    monkeypatch.setattr(losses, "count", lambda _logs: said)
    monkeypatch.setattr(Workspace, "ml", None)
    rows = tmp_path / "predictions.csv"
    rows.write_text("0,1.5,a.csv\n1,2.5,a.csv\n", encoding="utf-8")
    key = missing.Key("file_name", ("a.csv", "b.csv"), ("a.csv", "b.csv"))
    found = missing.of_job(TARGET, "job-1", [rows], None, key)
    assert losses.sentences(found) == ["1 of 2 files has no row (--key file_name).", "  b.csv"]
    rows.write_text("1.5 2.5\n", encoding="utf-8")
    assert missing.of_job(TARGET, "job-1", [rows], None, key) == said


def test_rows_of_an_earlier_job_are_not_those_of_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both outputs can be in one folder; here the second job has no row at all."""
    monkeypatch.setattr(losses, "count", lambda _logs: Losses())
    monkeypatch.setattr(Workspace, "ml", None)
    rows = tmp_path / "predictions.csv"
    key = missing.Key("1", ("in/a.csv",), ("a.csv", "b.csv", "in/a.csv"))
    rows.write_text("/mnt/a.csv,1\nb.csv,1\n", encoding="utf-8")
    found = missing.of_job(TARGET, "job-1", [rows], key)
    assert losses.sentences(found) == ["1 of 1 file has no row (--key 1).", "  in/a.csv"]


def test_files_that_no_job_over_the_input_scores_are_not_resumed() -> None:
    found = Losses(items=3, missing=2, names=("a.csv", "sub/b.csv"), unseen=("sub/b.csv",))
    about = (
        "1 file is in a sub-folder of the input, which the job did not look into, as Azure's documentation says: sub. "
        "To score such files, move them up, or score each of these folders by itself, with --input.\n"
    )
    end = "With --allow-missing this ends with 0."
    lines = "2 of 3 files have no result.\n  a.csv\n  sub/b.csv\n"
    with pytest.raises(MissingResultsError) as ended:
        _judge(found, resume="again")
    assert str(ended.value) == f"{lines}{about}To score what is missing:\n  again\n{AGAIN}{end}"
    found = Losses(items=3, missing=1, names=("sub/b.csv",), unseen=("sub/b.csv",))
    with pytest.raises(MissingResultsError) as ended:
        _judge(found, resume="again")
    assert str(ended.value) == f"1 of 3 files has no result.\n  sub/b.csv\n{about}{end}"


def test_a_wrong_key_does_not_hide_what_the_job_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = Losses(items=2, missing=1, given_up=1, exceptions=1, short=0, names=("b.csv",))
    monkeypatch.setattr(losses, "count", lambda _logs: said)
    monkeypatch.delenv("REHEARSAL_COMMAND", raising=False)
    monkeypatch.setattr(Workspace, "ml", None)
    rows = tmp_path / "predictions.csv"
    rows.write_text("a.csv,1\n", encoding="utf-8")
    outcome = Outcome("digits", None)
    with pytest.raises(UsageError) as refused:
        missing.of_job(
            TARGET,
            "job-1",
            [rows],
            missing.Key("2", ("a.csv", "b.csv"), ("a.csv", "b.csv")),
            outcome=outcome,
        )
    assert str(refused.value).splitlines()[1:] == [
        "1 of 2 files has no result: 1 mini-batch given up (1 after exceptions).",
        "  b.csv",
        "Job job-1 is completed. To count by another column, without scoring again:",
        (
            "  python -m modelops jobs download job-1 --subscription sub --resource-group rg --workspace ws --endpoint "
            "digits --download NEW_FOLDER --key COLUMN"
        ),
    ]
    assert (outcome.files, outcome.missing, outcome.missingFiles) == (2, 1, ["b.csv"])
