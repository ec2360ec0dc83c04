"""The log files of a job, on this machine: what cannot be saved is said (a stand-in for the service's logs)."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.storage.blob import BlobClient

from modelops.errors import ReleaseError
from modelops.scoring import job_files
from modelops.scoring.job_logs import JobLogs

LOGS = {"logs/a.txt": "a", "../b.txt": "b", "/c.txt": "c", "logs/d.txt": "", "logs/a.txt/e.txt": "e"}


@pytest.fixture
def _logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every job have these logs, and one that cannot be read."""

    def read(_self: JobLogs, name: str) -> str:
        if name not in LOGS:
            raise ReleaseError(f"reading log {name!r} of job j failed: gone")
        return LOGS[name]

    monkeypatch.setattr(JobLogs, "listed", lambda _self: (*LOGS, "logs/z.txt") if _self._of_step else ("logs/a.txt",))
    monkeypatch.setattr(JobLogs, "read", read)


@pytest.mark.usefixtures("_logs")
def test_what_cannot_be_saved_is_said(tmp_path: Path) -> None:
    client: Any = None
    saved = job_files.save(client, "j", tmp_path / "new")
    assert saved.files == [tmp_path / "new" / "logs" / "a.txt", tmp_path / "new" / "logs" / "d.txt"]
    assert [file.read_text(encoding="utf-8") for file in saved.files] == ["a", ""]
    assert saved.failed == [
        f"log '../b.txt' was not saved: its name leads out of {tmp_path}/new.",
        f"log '/c.txt' was not saved: its name leads out of {tmp_path}/new.",
        "log 'logs/a.txt/e.txt' was not saved: File exists.",
        "reading log 'logs/z.txt' of job j failed: gone",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_log_that_is_not_answered_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Does not wait: the pauses are those that the client was made with."""
    clients: list[BlobClient] = []

    def downloaded(client: BlobClient) -> Any:
        clients.append(client)
        return SimpleNamespace(readall=lambda: b"text")

    monkeypatch.setattr(BlobClient, "download_blob", downloaded)
    client: Any = None
    logs = JobLogs(client, "j")
    logs._addresses = {"logs/a.txt": "https://acc.blob.core.windows.net/c/a.txt?sig=x"}
    assert logs.read("logs/a.txt") == "text"
    policy: Any = clients[0]._config.retry_policy
    assert (policy.initial_backoff, policy.increment_base, policy.total_retries) == (1, 2, 4)
