"""A job leaves no process behind, however its script started one, and however the job ends.

They do not prove it for macOS, where a process that leaves its group is not found.
"""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from job_bench import JobBench
from sandbox.azure.jobs import keeper
from sandbox.azure.jobs.runner import JobRunner

FAMILY = """
    import os, pathlib, subprocess, sys, time

    DAEMON = '''
    import os, sys, time
    if os.fork(): os._exit(0)
    os.setsid()
    if os.fork(): os._exit(0)
    open(sys.argv[1], "w").write(str(os.getpid()))
    time.sleep(600)
    '''
    WAYS = {{
        "child": ["sleep", "600"],
        "grandchild": ["/bin/sh", "-c", "sleep 600 & wait"],
        "session": ["setsid", "sleep", "600"],
        "no environment": ["env", "-i", "setsid", "sleep", "600"],
        "ignores signals": ["/bin/sh", "-c", "trap '' TERM INT HUP; sleep 600; true"],
        "orphan": ["/bin/sh", "-c", "(trap '' HUP; setsid sleep 600 & echo $! > '{pids}/orphan')"],
    }}

    def init():
        for name, command in WAYS.items():
            process = subprocess.Popen(command)
            pathlib.Path("{pids}", name).write_text(str(process.pid))
        import textwrap
        daemon = pathlib.Path("{pids}", "daemon")
        subprocess.run([sys.executable, "-c", textwrap.dedent(DAEMON), str(daemon)], check=True)
        while not daemon.exists() or not daemon.read_text(): time.sleep(0.01)
        orphan = pathlib.Path("{pids}", "orphan")
        while not orphan.read_text(): time.sleep(0.01)
        # Forked, so the socket to the server is open in it.
        forked = os.fork()
        if not forked:
            os.setsid()
            time.sleep(600)
        pathlib.Path("{pids}", "forked").write_text(str(forked))
        pathlib.Path("{pids}", "worker").write_text(str(os.getpid()))

    def run(mini_batch):
        pathlib.Path("{pids}", "running").touch()
        {run}
        return mini_batch
"""
STARTED = {
    "child",
    "grandchild",
    "session",
    "no environment",
    "ignores signals",
    "orphan",
    "daemon",
    "forked",
    "worker",
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[JobBench]:
    made = JobBench(tmp_path / "home")
    yield made
    made.close()


def alive(folder: Path) -> list[str]:
    """Return which processes of the family still run (a zombie does not), by name."""
    return sorted(name for name in STARTED if runs(int((folder / name).read_text(encoding="utf-8"))))


def runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - nobody sets an event
            await asyncio.sleep(0.01)


async def completes(_: JobRunner, __: str) -> None:
    pass


async def is_cancelled(runner: JobRunner, name: str) -> None:
    runner.cancel(name)


async def loses_its_server(runner: JobRunner, _: str) -> None:
    await runner.close()


ENDS: dict[str, tuple[str, Callable[[JobRunner, str], Awaitable[None]], str]] = {
    "completed": ("pass", completes, "Completed"),
    "failed": ("raise ValueError", completes, "Failed"),
    "exited": ("os._exit(0)", completes, "Failed"),
    "crashed": ("os.kill(os.getpid(), 9)", completes, "Failed"),
    "timeout": ("time.sleep(600)", completes, "Failed"),
    "cancelled": ("time.sleep(600)", is_cancelled, "Canceled"),
    "stopped": ("time.sleep(600)", loses_its_server, "Failed"),
}


@pytest.mark.parametrize("end", ENDS)
def test_no_process_of_a_script_outlives_its_job(bench: JobBench, tmp_path: Path, end: str) -> None:
    line, act, status = ENDS[end]
    pids = tmp_path / "pids"
    pids.mkdir()
    seconds = 1 if end == "timeout" else 600
    request = bench.request(
        FAMILY.format(pids=pids, run=line), 1, timeout_seconds=seconds, max_retries=0, error_threshold=0
    )

    async def during(runner: JobRunner) -> None:
        await until((pids / "running").exists)
        await act(runner, request.name)

    assert bench.run(request, during).parent.status == status
    assert {each.name for each in pids.iterdir()} == STARTED | {"running"}
    asyncio.run(until(lambda: not alive(pids)))


def kept(tmp_path: Path, *command: str) -> subprocess.Popen[bytes]:
    """Start a program below a keeper, as the server does, in a process that can be killed."""
    out = str(tmp_path / "out")
    server = f"""
import subprocess, sys, time
keeper = subprocess.Popen([sys.executable, {keeper.__file__!r}, "-", {out!r}, {out!r}, *{list(command)!r}],
                          stdin=subprocess.PIPE, start_new_session=True)
time.sleep(600)
"""
    return subprocess.Popen([sys.executable, "-c", server])


def test_a_killed_server_takes_the_processes_of_its_jobs_with_it(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with kept(tmp_path, "/bin/sh", "-c", f"setsid sleep 600 & echo $! > {file}; wait") as server:
        asyncio.run(until(lambda: file.exists() and file.read_text(encoding="utf-8").endswith("\n")))
        pid = int(file.read_text(encoding="utf-8"))
        assert runs(pid)
        server.kill()
    asyncio.run(until(lambda: not runs(pid)))


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 42", 42), ("kill -9 $$", -9), ("kill -15 $$", -15)])
def test_a_keeper_ends_as_its_program_does(tmp_path: Path, script: str, code: int) -> None:
    file = str(tmp_path / "out")
    command = [sys.executable, keeper.__file__, "-", file, file, "/bin/sh", "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.wait() == code


def test_what_a_script_prints_without_end_is_kept_at_both_ends(bench: JobBench) -> None:
    script = """
        import os
        def init(): pass
        def run(mini_batch):
            os.write(1, b"first line\\n")
            for _ in range(20):
                os.write(1, b"x" * 999_999 + b"\\n")
            os.write(1, b"last line\\n")
            return mini_batch
    """
    done = bench.run(bench.request(script, 1))
    assert done.parent.status == "Completed"
    text = done.logs["logs/user/stdout/0/process000.stdout.txt"]
    printed = len("first line\nlast line\n") + 20 * 1_000_000
    left_out = printed - 2 * keeper.KEPT_BYTES
    note = (
        f"\n[{left_out} bytes are left out here: the sandbox keeps the first and the last 4 MiB of what a process"
        " prints]\n"
    )
    assert text.startswith("first line\n")
    assert text.endswith("\nlast line\n")
    assert text.count(note) == 1
    assert len(text) == 2 * keeper.KEPT_BYTES + len(note)


def test_what_a_script_prints_is_there_while_it_runs_and_not_changed_if_it_is_short(tmp_path: Path) -> None:
    file = tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, keeper.__file__, "-", str(file), str(file), "/bin/sh", "-c", "echo a; echo b >&2; read x"],
        stdin=subprocess.PIPE,
    ) as process:
        asyncio.run(until(lambda: file.exists() and file.read_bytes() == b"a\nb\n"))
        assert process.wait() == 1  # its input is empty
    assert file.read_bytes() == b"a\nb\n"
    assert file.stat().st_mode & 0o777 == 0o600
