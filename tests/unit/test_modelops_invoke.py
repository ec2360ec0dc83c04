"""`invoke` as people see it: one line that changes on a terminal, and what Ctrl-C leaves behind.

Jobs themselves run in tests/modelops.
"""

import io
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from modelops import azure
from modelops.commands import app, input_notes, missing, terminal
from modelops.errors import NoJobError, NoPredictionsError, ReleaseError
from modelops.scoring import following, losses, predictions, resume, start
from modelops.scoring.losses import Losses
from modelops.scoring.start import StartedJob
from modelops.workspace import Workspace

Report = Callable[[str, float], None]


HIDDEN, GONE = "\x1b[?25l", "\n\x1b[?25h\r\x1b[1A\x1b[2K"
"""What rich sends to hide the cursor, and after a last look to erase its line and show the cursor again."""


STARTED = "job job-1 on digits\n  https://ml.azure.com/runs/job-1\n"


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def _completes(_ml: object, _job: str, report: Report, _logs: str) -> float:
    report("Running, 1 of 3 mini-batches", 4.0)
    report("Completed", 12.2)
    return 12.2


def _fails(_ml: object, job: str, report: Report, _logs: str) -> float:
    report("Failed", 9.0)
    raise ReleaseError(f"job {job} ended in state Failed")


def _interrupted(_ml: object, _job: str, report: Report, _logs: str) -> float:
    report("Running", 4.0)
    raise KeyboardInterrupt


def _interrupt(*_: object, **__: object) -> Any:
    raise KeyboardInterrupt


@pytest.fixture(name="invoke")
def _invoke(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that invokes with these jobs and returns the exit code, output and errors."""

    def invoke(follow: object, output: io.StringIO, *words: str, **others: object) -> tuple[int, str, str]:
        parts = {
            "start": lambda *_, **__: StartedJob("job-1", "https://ml.azure.com/runs/job-1"),
            "follow": follow,
            "download": lambda *_: (tmp_path / "p.csv",),
            "count": lambda _logs: Losses(items=3, missing=0, names=()),
            "own_key": lambda *_: None,
            **others,
        }
        modules = (
            *((start, "start"), (following, "follow"), (predictions, "download"), (losses, "count")),
            (missing, "own_key"),
        )
        for module, name in modules:
            monkeypatch.setattr(module, name, parts[name])
        monkeypatch.setattr(Workspace, "ml", None)
        monkeypatch.setattr(logging, "disable", lambda _level: None)  # it would be for the whole test run
        monkeypatch.setattr(sys, "stdout", output)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("REHEARSAL_COMMAND", raising=False)
        names = ["--subscription", "sub", "--resource-group", "rg", "--workspace", "ws", "--endpoint", "digits"]
        files = ["--input", "azureml:data:1"]
        code = app.main(["invoke", *names, *files, *(words or ["--download", str(tmp_path / "new")])])
        return code, output.getvalue(), capsys.readouterr().err

    return invoke


def test_on_a_terminal_one_line_changes_and_is_gone_at_the_end(invoke: Any, tmp_path: Path) -> None:
    assert invoke(_completes, Terminal()) == (
        0,
        (
            f"{STARTED}"
            f"{HIDDEN}Running, 1 of 3 mini-batches, 4 s"
            "\r\x1b[2KCompleted, 12 s"
            f"\r\x1b[2KCompleted, 12 s{GONE}completed in 12 s; predictions:\n  {tmp_path}/p.csv\n"
        ),
        "",
    )


def test_an_error_does_not_stand_behind_that_line(invoke: Any) -> None:
    assert invoke(_fails, Terminal()) == (
        1,
        f"{STARTED}{HIDDEN}Failed, 9 s\r\x1b[2KFailed, 9 s{GONE}",
        "error: job job-1 ended in state Failed\n",
    )


def test_elsewhere_each_state_has_a_line(invoke: Any, tmp_path: Path) -> None:
    assert invoke(_completes, io.StringIO()) == (
        0,
        (
            f"{STARTED}Running, 1 of 3 mini-batches, 4 s\nCompleted, 12 s\n"
            f"completed in 12 s; predictions:\n  {tmp_path}/p.csv\n"
        ),
        "",
    )


def test_a_job_without_predictions_says_how_to_see_its_logs(invoke: Any) -> None:
    def nothing(*_: object) -> Any:
        raise NoPredictionsError("job job-1 completed but wrote no predictions.")

    assert invoke(_completes, io.StringIO(), download=nothing)[::2] == (
        1,
        (
            "error: job job-1 completed but wrote no predictions. Its logs: python -m modelops jobs logs job-1 "
            "--subscription sub --resource-group rg --workspace ws\n"
        ),
    )


def test_an_upload_has_one_line_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    output = Terminal()
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setenv("TERM", "xterm")
    with terminal.progress("Uploading", 10.0) as progress, azure.step("uploading data"):
        progress.show("Uploading, 1 of 2 files, 0 of 1 MiB", 0.6)
    assert output.getvalue().startswith(f"{HIDDEN}Uploading, 1 of 2 files, 0 of 1 MiB, 1 s")
    assert output.getvalue().endswith(GONE)


@pytest.mark.parametrize(("pause", "lines"), [(0.0, ["Uploading, 1 of 2 files, 0 of 1 MiB, 9 s"]), (600.0, [])])
def test_elsewhere_only_a_long_upload_has_lines(
    capsys: pytest.CaptureFixture[str], pause: float, lines: list[str]
) -> None:
    with terminal.progress("Uploading", pause) as progress, azure.step("uploading data"):
        progress.show("Uploading, 1 of 2 files, 0 of 1 MiB", 9.0)
    assert capsys.readouterr().out.splitlines() == lines


def _terminated(_ml: object, _job: str, report: Report, _logs: str) -> float:
    report("Running", 4.0)
    os.kill(os.getpid(), signal.SIGTERM)
    pytest.fail("the signal is noticed at once")


@pytest.mark.parametrize("stopped", [_interrupted, _terminated])
def test_ctrl_c_and_sigterm_name_the_job_that_goes_on(invoke: Any, stopped: object) -> None:
    before = signal.getsignal(signal.SIGTERM)
    code, _, errors = invoke(stopped, Terminal())
    assert (code, errors) == (
        1,
        (
            "error: interrupted. Job job-1 continues in Azure; to cancel it: python -m modelops jobs cancel job-1 "
            "--subscription sub --resource-group rg --workspace ws\n"
            "To get its predictions once it is completed: python -m modelops jobs download job-1 --subscription sub "
            "--resource-group rg --workspace ws --download NEW_FOLDER\n"
        ),
    )
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_rehearsal_has_no_studio(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REHEARSAL_URL", "http://127.0.0.1:1/")
    monkeypatch.setattr(input_notes, "notes", lambda *_: [])
    code, output, errors = invoke(_interrupted, io.StringIO())
    assert (code, output) == (1, "job job-1 on digits\nRunning, 4 s\n")
    assert errors.startswith("error: interrupted. Job job-1 continues in the sandbox; to cancel it: ")


def test_ctrl_c_while_downloading_says_how_to_get_the_predictions(invoke: Any) -> None:
    code, _, errors = invoke(_completes, Terminal(), download=_interrupt)
    assert (code, errors) == (
        1,
        (
            "error: interrupted. Job job-1 is completed; to get its predictions: python -m modelops jobs "
            "download job-1 --subscription sub --resource-group rg --workspace ws --download NEW_FOLDER\n"
        ),
    )


def test_ctrl_c_before_the_job_has_a_name_says_that_it_may_run(invoke: Any) -> None:
    code, _, errors = invoke(_completes, Terminal(), start=_interrupt)
    assert (code, errors) == (
        1,
        (
            "error: interrupted. A job may have started; to check: python -m modelops jobs list --subscription "
            "sub --resource-group rg --workspace ws --endpoint digits\n"
        ),
    )


def test_a_lost_answer_says_that_a_job_may_run(invoke: Any) -> None:
    def lost(*_: object, **__: object) -> Any:
        raise start.PerhapsStartedError("starting a job on endpoint digits failed: no answer.")

    code, _, errors = invoke(_completes, io.StringIO(), start=lost)
    assert (code, errors) == (
        1,
        (
            "error: starting a job on endpoint digits failed: no answer. A job may have started; to check: python -m "
            "modelops jobs list --subscription sub --resource-group rg --workspace ws --endpoint digits\n"
        ),
    )


def test_a_job_can_be_left_alone(invoke: Any) -> None:
    assert invoke(_interrupted, io.StringIO(), "--no-wait") == (
        0,
        (
            f"{STARTED}Not waiting for it. To see how it goes: python -m modelops jobs show job-1 --subscription "
            "sub --resource-group rg --workspace ws\n"
        ),
        "",
    )


SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "schemas" / "invoke.json").read_text("utf-8"))
STUDIO = "https://ml.azure.com/runs/job-1"


@pytest.mark.parametrize(
    ("follow", "is_left_alone", "ended"),
    [
        (_completes, False, (0, True, 12.2, ["p.csv"])),
        (_fails, False, (1, False, None, [])),
        (_fails, True, (0, False, None, [])),
    ],
)
def test_programs_get_one_object_and_people_all_else_beside_it(
    invoke: Any, tmp_path: Path, follow: object, ended: tuple[Any, ...], *, is_left_alone: bool
) -> None:
    words = ["--no-wait"] if is_left_alone else ["--download", str(tmp_path / "new")]
    code, output, errors = invoke(follow, io.StringIO(), *words, "--json", "--deployment", "mlp-1")
    said = json.loads(output)
    jsonschema.validate(said, SCHEMA)
    files = [Path(each).name for each in said["predictions"]]
    assert (code, said["completed"], said["seconds"], files) == ended
    assert (said["endpoint"], said["deployment"], said["job"], said["studio"]) == ("digits", "mlp-1", "job-1", STUDIO)
    assert errors.startswith("job job-1 on digits (deployment mlp-1)\n")


def test_a_program_learns_how_a_job_failed_and_where_it_ran(invoke: Any) -> None:
    def ended(_ml: object, job: str, _report: Report, _logs: str) -> float:
        raise following.EndedError(job, "Failed", 9.0, "ValueError: broken (score.py, line 7, in run)", "logs")

    def started(*_: object, **__: object) -> StartedJob:
        return StartedJob("job-1", "", "mlp-1a2b")

    folder = ["--download", "new", "--json"]
    code, output, errors = invoke(ended, io.StringIO(), *folder, start=started)
    said = json.loads(output)
    jsonschema.validate(said, SCHEMA)
    assert (code, said["deployment"], said["state"], said["reason"]) == (
        *(1, "mlp-1a2b", "Failed"),
        "ValueError: broken (score.py, line 7, in run)",
    )
    assert errors == (
        "job job-1 on digits (deployment mlp-1a2b)\n"
        "error: job job-1 ended in state Failed after 9 s: ValueError: broken (score.py, line 7, in run)\n"
        "Its logs: logs\n"
    )


@pytest.mark.parametrize("key", ["0", "00", "01", "-1", "²", "", " "])
def test_a_key_that_no_column_has_is_refused_before_anything_runs(invoke: Any, key: str) -> None:
    assert invoke(_fails, io.StringIO(), "--download", "new", "--key", key) == (
        2,
        "",
        f"error: --key: unknown column {key!r}. Allowed are the position of a column, from 1, and the name of one.\n",
    )


@pytest.mark.parametrize("words", [["--key", "1"], ["--allow-missing"]])
def test_what_only_counts_at_the_end_is_refused_without_waiting(invoke: Any, words: list[str]) -> None:
    assert invoke(_fails, io.StringIO(), "--no-wait", *words) == (
        2,
        "",
        (
            f"error: {words[0]} has no effect with --no-wait: files without a result are counted at the end of the "
            "job. Nothing was started. Give it to `jobs download` later.\n"
        ),
    )


def test_without_a_job_there_is_no_object(invoke: Any) -> None:
    def refused(*_: object, **__: object) -> Any:
        raise ReleaseError("starting a job on endpoint digits failed: no")

    assert invoke(_fails, io.StringIO(), "--no-wait", "--json", start=refused) == (
        1,
        "",
        "error: starting a job on endpoint digits failed: no\n",
    )


@pytest.mark.parametrize("words", [["--no-wait", "--download", "new"], ["--json"]])
def test_a_job_is_either_downloaded_or_left_alone(invoke: Any, words: list[str]) -> None:
    assert invoke(_fails, io.StringIO(), *words) == (
        2,
        "",
        "error: give either --download FOLDER, or --no-wait to leave the job alone once it has started.\n",
    )


def test_resuming_an_unknown_job_names_the_command_that_lists_the_others(
    invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> Any:
        raise NoJobError("endpoint digits has no job 'x'.")

    monkeypatch.setattr(resume, "read", unknown)
    assert invoke(_completes, io.StringIO(), "--no-wait", "--resume", "x") == (
        *(2, ""),
        (
            "error: --resume: endpoint digits has no job 'x'. Its jobs: python -m modelops jobs list --subscription "
            "sub --resource-group rg --workspace ws --endpoint digits\n"
        ),
    )
