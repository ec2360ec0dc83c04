"""The hook on the real engine, with workers that only pretend: many markers, ends, failures, interrupts.

What these do not prove: anything about Azure, and the other resources of the program; tests/e2e does.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

MARKERS = Path(__file__).with_name("markers")
REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 60
WORKING = "working digits-0"
FINISHED = "finished the request in flight digits-0"


class Program:
    """A copy of the program with its own backend."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "program"
        shutil.copytree(MARKERS, self.folder, ignore=shutil.ignore_patterns("__pycache__"))
        (self.folder / "venv").symlink_to(REPOSITORY / ".venv", target_is_directory=True)
        (folder / "backend").mkdir()
        self.diary = folder / "diary"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PULUMI")},
            "PATH": f"{REPOSITORY / '.venv' / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY),
            "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "MARKERS_LOG": str(folder / "worker.log"),
            "WORKER_DIARY": str(self.diary),
        }
        self.pulumi("stack", "init", "test")

    def start(self, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
        """Start a command in its own session."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env={**self.environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def pulumi(self, *arguments: str, code: int = 0, **variables: str) -> str:
        """Run a command to its end and return what it printed."""
        with self.start(*arguments, **variables) as running:
            output, _ = running.communicate(timeout=120)
        assert running.returncode == code, output
        return output

    def up(self, *arguments: str, code: int = 0, **variables: str) -> str:
        """Run `up` without its preview."""
        return self.pulumi("up", "--yes", "--skip-preview", *arguments, code=code, **variables)

    def notes(self) -> list[str]:
        """What the workers did, without their process ids, sorted."""
        lines = self.diary.read_text(encoding="utf-8").splitlines() if self.diary.exists() else []
        return sorted(line.partition(" ")[2] for line in lines)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Return a program of which nothing is deployed."""
    return Program(tmp_path)


def until(condition: Callable[[], bool], what: str, process: "subprocess.Popen[str] | None" = None) -> None:
    """Wait for a condition, while the process runs if one is given; fail, naming what was awaited, after a minute."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert process is None or process.poll() is None, f"it ended before {what}"
        assert time.monotonic() < deadline, f"waited {SECONDS} s for {what}"
        time.sleep(0.02)


@pytest.mark.parametrize(("count", "arguments"), [(40, ()), (8, ("--parallel", "1"))])
def test_many_markers_do_not_wait_for_each_other(program: Program, count: int, arguments: tuple[str, ...]) -> None:
    program.up(*arguments, MARKERS=str(count))
    assert [note for note in program.notes() if note.startswith("released")] == sorted(
        f"released digits-{number}" for number in range(count)
    )
    assert program.notes().count("started") == 1
    program.up("--expect-no-changes", *arguments, MARKERS=str(count))


def test_a_worker_that_takes_its_time_to_exit_prints_nothing(program: Program) -> None:
    quick, slow = program.up(), program.up(MARKERS_DESCRIPTION="changed", WORKER="slow exit")
    for output in (quick, slow):
        shown = output.partition("Diagnostics:")[2].partition("Resources:")[0].split()
        assert shown == [
            "azureml-batch:index:ModelRelease",
            "(digits-0):",
            "digits-0:",
            "default",
            "(none)",
            "->",
            "mlp-1",
        ]
        assert "Exception" not in output
        assert "Error" not in output


def test_a_preview_adds_a_summary_and_releases_nothing(program: Program) -> None:
    output = program.pulumi("preview")
    assert "    create revision mlp-1\n    default (none) -> mlp-1\n" in output
    assert not [note for note in program.notes() if note.startswith("released")]


def test_a_failed_release_fails_the_step_and_is_tried_again(program: Program) -> None:
    output = program.up(code=1, WORKER="fail")
    assert (
        "before hook \"digits-0-release\" failed: the release of endpoint 'digits-0' failed: registration refused\n"
        in output
    )
    assert "the infrastructure is up. Once the cause is gone, run `pulumi up --stack " in output
    program.up()
    assert "released digits-0" in program.notes()
    program.up("--expect-no-changes")


@pytest.mark.parametrize(
    ("behaviour", "text"),
    [
        (
            "wait",
            "was stopped, at step 'create revisions'; the default is unchanged. Job of digits-0. To go on, run",
        ),
        (
            "switch",
            "was stopped, at step 'create revisions'; the switch was already sent. Job of digits-0. To go on, run",
        ),
    ],
)
@pytest.mark.parametrize("whole_group", [True, False], ids=["terminal", "engine alone"])
def test_ctrl_c_stops_the_release_and_says_where(
    program: Program, behaviour: str, text: str, *, whole_group: bool
) -> None:
    with program.start("up", "--yes", "--skip-preview", WORKER=behaviour) as running:
        until(lambda: WORKING in program.notes(), WORKING, running)
        if whole_group:
            os.killpg(running.pid, signal.SIGINT)
        else:
            os.kill(running.pid, signal.SIGINT)
        output, _ = running.communicate(timeout=SECONDS)
    assert running.returncode != 0
    told = " ".join(output.split())  # the engine breaks long lines
    assert f"the release of endpoint 'digits-0' {text} `pulumi up --stack test`." in told
    assert "Traceback" not in output
    program.up()
    assert "released digits-0" in program.notes()


def test_ctrl_c_stops_eight_releases_at_once_and_says_where_each_was(program: Program) -> None:
    names = [f"digits-{number}" for number in range(8)]
    working = {f"working {name}" for name in names}
    with program.start("up", "--yes", "--skip-preview", "--parallel", "8", WORKER="wait", MARKERS="8") as running:
        until(lambda: working <= set(program.notes()), "eight releases to work", running)
        os.killpg(running.pid, signal.SIGINT)
        output, _ = running.communicate(timeout=SECONDS)
    assert running.returncode != 0
    for name in names:
        assert f"the release of endpoint '{name}' was stopped, at step 'create revisions'" in output
        assert f"Job of {name}." in output
    assert "Traceback" not in output
    until(lambda: "ended" in program.notes(), "the worker to end")
    assert program.notes().count("started") == 1
    assert {f"finished the request in flight {name}" for name in names} <= set(program.notes())
    program.up(MARKERS="8")
    assert {f"released {name}" for name in names} <= set(program.notes())


def test_a_killed_engine_stops_the_release(program: Program) -> None:
    with program.start("up", "--yes", "--skip-preview", WORKER="wait") as running:
        until(lambda: WORKING in program.notes(), WORKING, running)
        running.kill()
        running.communicate(timeout=SECONDS)
    until(lambda: FINISHED in program.notes(), FINISHED)
    program.pulumi("cancel", "--yes")
    program.up()
    program.pulumi("refresh", "--yes", "--clear-pending-creates")
    program.up("--expect-no-changes")
