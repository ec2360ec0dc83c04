"""Where the workers' log lies, and that no release fails for want of one."""

import asyncio
import os
import tempfile
from pathlib import Path

import pytest

from modelops.runner import pool
from modelops.runner.log import usable_log, usual_log
from modelops.runner.pool import WorkerFailed, WorkerPool
from modelops.runner.protocol import ReleaseRequest


def test_the_log_lies_with_the_sandbox_or_in_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_HOME", "/sandbox")
    assert usual_log() == Path("/sandbox/log/release-worker.log")
    monkeypatch.delenv("SANDBOX_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert usual_log() == Path("/cache/azureml-batch-endpoint/log/release-worker.log")


@pytest.fixture(name="home")
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache folder that cannot be made, because a file is in its place; temporary folders lie beside it."""
    (tmp_path / "cache").write_text("", encoding="utf-8")
    monkeypatch.delenv("SANDBOX_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_can_be_written_is_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "other"))
    assert usable_log() == home / "other" / "azureml-batch-endpoint" / "log" / "release-worker.log"


def test_a_cache_that_cannot_be_written_means_a_temporary_log(home: Path) -> None:
    log = usable_log()
    assert (log.name, log.parent.parent) == ("release-worker.log", home)
    assert log.parent.name.startswith("azureml-batch-log-")


def test_so_does_a_user_without_a_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", nobody)
    assert usable_log().parent.parent == home


def test_without_any_folder_there_is_no_log(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(home / "cache"))
    assert usable_log() == Path(os.devnull)


def test_the_program_s_own_pool_has_a_log_that_can_be_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_pool", None)
    assert pool.pool().log.parent.parent == home


@pytest.mark.parametrize(
    ("command", "log", "text"),
    [
        (
            "python",
            "cache/log/worker.log",
            (
                "the release worker could not be started: its log {folder}/cache/log/worker.log cannot be written "
                "(Not a directory). Set XDG_CACHE_HOME to a writable folder."
            ),
        ),
        (
            "{folder}/none",
            "worker.log",
            "the release worker could not be started: {folder}/none: No such file or directory.",
        ),
    ],
)
def test_a_worker_that_cannot_be_started_is_a_failed_release(home: Path, command: str, log: str, text: str) -> None:
    """A preview takes that as a reason not to compare with Azure, and continues."""

    async def program() -> None:
        pool = WorkerPool([command.format(folder=home)], {}, home / log, size=1)
        for _ in range(2):  # the place is given back
            with pytest.raises(WorkerFailed) as failed:
                await pool.run(ReleaseRequest("digits", {}, root="."), lambda _event: None)
            assert str(failed.value) == text.format(folder=home)

    asyncio.run(asyncio.wait_for(program(), 60))
