"""A full disk: every write is refused with a sentence, and what was stored stays as it was.

The limits stand in for the disk: of a file's size for the whole server, of pages for a database. What the real engine
leaves of a stack on a full disk, and how it comes back, is in test_stacks.
"""

import errno
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from job_bench import JobBench
from sandbox import server_log
from sandbox.azure.arm import disk
from sandbox.azure.arm.database import DamagedError
from sandbox.azure.arm.store import _DROPPED_ROWS, MOST_ROWS, Store
from sandbox.azure.blobs.store import BlobStore
from sandbox.commands import lifecycle
from sandbox.commands.client import Answer
from sandbox.home import Home
from sandbox.testing import Sandbox, awaited, started

GROUP = "resourcegroups/full"
GROUPS = "2024-03-01"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[JobBench]:
    made = JobBench(tmp_path / "home")
    yield made
    made.close()


def full(folder: Path) -> str:
    """Return a pattern of what is said."""
    return f"The disk of '{folder}' is full: "


def limit(server: int, size: int) -> None:
    """Let a process write no file beyond a size; ``resource.RLIM_INFINITY`` ends that."""
    resource.prlimit(server, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_server_on_a_full_disk_refuses_writes_answers_reads_and_goes_on_afterwards(own_sandbox: Sandbox) -> None:
    body = {"location": "westeurope", "tags": {"x": "1"}}
    assert own_sandbox.arm("PUT", GROUP, body, api_version=GROUPS).status == 201
    limit(own_sandbox.server.pid, 0)
    for method, given in (("PUT", body | {"tags": {"x": "2"}}), ("GET", None), ("DELETE", None)):
        answer = own_sandbox.arm(method, GROUP, given, api_version=GROUPS)
        assert (answer.status, answer.error[1]) == (501, "InsufficientStorage")
        assert answer.error[2].startswith(full(own_sandbox.home.root))
        assert answer.error[2].endswith("Free space on the disk, then run the command again.")
    limit(own_sandbox.server.pid, resource.RLIM_INFINITY)
    assert own_sandbox.arm("GET", GROUP, api_version=GROUPS).json["tags"] == {"x": "1"}
    assert own_sandbox.arm("PUT", GROUP, body | {"tags": {"x": "3"}}, api_version=GROUPS).status == 200
    assert own_sandbox.arm("GET", GROUP, api_version=GROUPS).json["tags"] == {"x": "3"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Sandbox, Callable[[], None]]]:
    """A sandbox, and what fills its disk to 20 MB: a mounted one of 64 MB, or else a limit of a file's size."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    is_mounted = (
        shutil.which("mount") is not None and not subprocess.run(mount, check=False, capture_output=True).returncode
    )
    try:
        with started(folder / "home") as sandbox:

            def fill() -> None:
                if not is_mounted:
                    limit(sandbox.server.pid, 2 << 20)
                    return
                with (folder / "fill").open("wb") as out:
                    out.write(b"x" * (shutil.disk_usage(folder).free - (20 << 20)))

            yield sandbox, fill
    finally:
        if is_mounted:
            subprocess.run(["umount", str(folder)], check=True)


def test_a_blob_that_does_not_fit_is_refused_at_once_and_the_old_one_stays(
    small_disk: tuple[Sandbox, Callable[[], None]],
) -> None:
    sandbox, fill = small_disk
    account = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stsmall"
    body = {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {}}
    sandbox.arm("PUT", GROUP, {"location": "westeurope"}, api_version=GROUPS)
    sandbox.arm("PUT", account, body, api_version="2024-01-01")
    sandbox.grant("deployer", "ba92f5b4-2d11-453d-a403-e96b0029c9fe", f"/subscriptions/{sandbox.subscription}")

    def send(method: str, path: str = "/data/blob", content: bytes | None = None, **headers: str) -> Answer:
        sent = {"x-ms-version": "2024-11-04"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return sandbox.request(method, path, content, host="stsmall.blob.core.windows.net", headers=sent)

    awaited(lambda: send("PUT", "/data?restype=container", b"").status == 201 or None, "the storage account")
    assert send("PUT", content=b"old", x_ms_blob_type="BlockBlob").status == 201
    fill()
    answer = send("PUT", content=b"n" * (9 << 20), x_ms_blob_type="BlockBlob")
    assert (answer.status, answer.headers["x-ms-error-code"]) == (501, "InsufficientStorage")
    assert full(sandbox.home.root).encode() in answer.content
    assert send("GET").content == b"old"
    assert send("DELETE").status == 202
    assert send("GET").status == 404


def test_no_command_starts_a_server_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "LEAST_BYTES", 1 << 60)
    with pytest.raises(OSError, match="No space left") as caught:
        lifecycle.start(Home(tmp_path))
    assert disk.is_full(caught.value)
    assert not (tmp_path / "store.sqlite").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_quota_and_a_limit_count_as_a_full_disk(number: int) -> None:
    assert disk.is_full(OSError(number, os.strerror(number)))
    assert not disk.is_full(OSError(errno.EACCES, "denied"))


def filled(store: Store) -> sqlite3.Error:
    """Put documents into a store until its disk is full; return the error."""
    store._db.execute(f"PRAGMA max_page_count = {store._db.execute('PRAGMA page_count').fetchone()[0] + 4}")
    for number in range(1000):
        try:
            with store.transaction():
                store.put_document("kind", str(number), "x" * 3000)
                store.put_document("kind", "last", number)
        except sqlite3.Error as error:
            return error
    raise AssertionError("it never was")


def test_a_transaction_that_finds_the_disk_full_changes_nothing_and_the_next_one_can_begin(tmp_path: Path) -> None:
    with Store(tmp_path / "store.sqlite") as store:
        assert disk.is_full(filled(store))
        last = store.document("kind", "last")
        assert [key for key, _ in store.documents("kind")] == sorted([*map(str, range(last + 1)), "last"])
        store._db.execute("PRAGMA max_page_count = 100000")
        with store.transaction():
            store.put_document("kind", "after", 1)
    with Store(tmp_path / "store.sqlite") as store:
        assert store.document("kind", "after") == 1
        assert store._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_blob_that_finds_the_disk_full_is_the_old_one_and_leaves_no_file(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    store.create_container("a", "data")
    store.write("a", "data", "b", b"old")
    index = store.index._db
    index.execute(f"PRAGMA max_page_count = {index.execute('PRAGMA page_count').fetchone()[0]}")
    big = {"x": "y" * 100_000}
    source = tmp_path / "source"
    source.write_bytes(b"mine")
    writes: list[Callable[[], object]] = [
        lambda: store.write("a", "data", "n" * 9000, b"new"),
        lambda: store.copy("a", "data", "n" * 9000, source),
        lambda: store.adopt("a", "data", "n" * 9000, source),
        lambda: store.add_container("a", "more", big),
    ]
    for write in writes:
        with pytest.raises(sqlite3.Error) as caught:
            write()
        assert disk.is_full(caught.value)
    assert source.read_bytes() == b"mine"
    assert [each.stat().st_size for each in (tmp_path / "a" / "data").iterdir()] == [3]
    index.execute("PRAGMA max_page_count = 100000")
    store.write("a", "data", "b", b"new")
    assert store.read("a", "data", "b") == b"new"
    store.close()


def test_bytes_that_would_leave_too_little_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = BlobStore(tmp_path)
    store.create_container("a", "data")
    monkeypatch.setattr(disk, "require", refuse)
    with pytest.raises(OSError, match="No space left"):
        store.write("a", "data", "b", b"new")
    assert list((tmp_path / "a" / "data").iterdir()) == []
    store.close()


def test_a_job_on_a_full_disk_fails_with_the_reason(bench: JobBench, monkeypatch: pytest.MonkeyPatch) -> None:
    request = bench.request("def init(): pass\ndef run(mini_batch): return mini_batch", 1)
    monkeypatch.setattr("sandbox.azure.jobs.job.merge_output", refuse)
    done = bench.run(request)
    assert (done.parent.status, done.error_code) == ("Failed", "InsufficientStorage")
    assert done.error.startswith(full(bench.folder.parent))
    assert done.error.endswith(" What the job had not stored yet is lost.")
    assert not (bench.folder / request.name).exists()


def refuse(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_damaged_database_is_named_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    file.write_bytes(b"not a database, but as long as a header of one would be" * 100)
    with pytest.raises(DamagedError) as caught:
        Store(file)
    assert str(caught.value) == (
        f"'{file}' is damaged (file is not a database), and nothing else has its content. Bring it back from a copy of"
        " yours, with its files -wal and -shm, or empty the sandbox: python -m sandbox reset"
    )


def test_the_journal_keeps_the_latest_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (MOST_ROWS, _DROPPED_ROWS) == (20_000, 1000)
    monkeypatch.setattr("sandbox.azure.arm.store.MOST_ROWS", 20)
    monkeypatch.setattr("sandbox.azure.arm.store._DROPPED_ROWS", 10)
    with Store(tmp_path / "store.sqlite") as store:
        for number in range(1, 101):
            assert store.journal_begin({"path": "/p"}) == number
            assert store.work_begin({"kind": "w"}) == number
            assert len(store.journal()) <= 30
        assert [each["sequence"] for each in store.journal()] == list(range(81, 101))
        assert [each["number"] for each in store.work()] == list(range(81, 101))
        store.journal_end(1, status=200)  # of a request that took longer than so many others


def test_the_servers_log_begins_a_new_file(tmp_path: Path) -> None:
    file = tmp_path / "server.log"
    program = f"""
import logging, os, pathlib
from sandbox import server_log
server_log.begin(pathlib.Path({str(file)!r}), 10_000)
for number in range(1000):
    logging.getLogger("x").info("line %d", number)
os.write(2, b"a traceback\\n")
"""
    with file.open("ab") as log:
        subprocess.run([sys.executable, "-c", program], stderr=log, check=True)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["server.log", "server.log.1"]
    assert max(each.stat().st_size for each in tmp_path.iterdir()) <= 10_012
    assert file.read_text(encoding="utf-8").splitlines()[-2:][0].endswith("line 999")
    assert file.read_text(encoding="utf-8").endswith("a traceback\n")
    assert server_log.MOST_BYTES == 8 << 20
