"""Run one Pulumi program, or one policy pack, in the environment's Python.

Started by the host as a plain script. Its stdin is a pipe: the first line is a JSON job (see `Job`), and the pipe stays
open while the host lives, so that the program ends with the host in any case. The program itself reads an empty stdin.
Exit codes: 0 success, `BAILED` if the user has already seen the error, anything else comes from the program.
"""

import asyncio
import contextlib
import json
import os
import runpy
import signal
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, TypedDict

BAILED = 32
"""Exit code for "the user has already seen the error"; the official host uses the same number."""

GRACE_SECONDS = 5.0
"""Time for a program to end after it was asked to stop; the engine allows the same."""


class Job(TypedDict):
    """What to run. Without `module` it is `program`, a folder with a `__main__.py`, or a script."""

    module: str | None
    program: str
    arguments: list[str]
    monitor: str
    engine: str
    project: str
    stack: str
    organization: str
    root_directory: str
    parallel: int
    dry_run: bool
    config: dict[str, str]
    secret_keys: list[str]


def main() -> NoReturn:
    """Read the job from stdin, run it and exit."""
    lifeline = os.dup(0)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    with os.fdopen(lifeline, "rb", buffering=0, closefd=False) as pipe:
        job: Job = json.loads(_first_line(pipe.fileno()))
    threading.Thread(target=_end_with_host, args=(lifeline,), daemon=True).start()
    signal.signal(signal.SIGINT, _interrupt_once)
    try:
        # The host started us with SIGINT blocked: before this line an interrupt would show a traceback.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        code = _run_module(job) if job["module"] else _run_program(job)
    except KeyboardInterrupt:
        # A stop by the user needs no traceback, and no wait for the threads of registrations, which the engine no
        # longer answers.
        _flush()
        os._exit(BAILED)
    finally:
        # The engine interrupts the whole process group once more at the end, in any case.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    _flush()
    sys.exit(code)


def _interrupt_once(*_: object) -> None:
    """Raise KeyboardInterrupt only once: engine, terminal and host may all send the signal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _flush() -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()


def _first_line(descriptor: int) -> bytes:
    """Read up to the first newline and nothing beyond, so that end of file stays for the lifeline's thread."""
    line = bytearray()
    while not line.endswith(b"\n"):
        chunk = os.read(descriptor, 65536)
        if not chunk:
            sys.exit(BAILED)  # the host died before it sent the job
        line += chunk
    return bytes(line)


def _end_with_host(descriptor: int) -> None:
    """Interrupt this process when the pipe from the host closes, and kill it if it does not end."""
    while os.read(descriptor, 1):
        pass
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(GRACE_SECONDS)
    os._exit(BAILED)


def _run_module(job: Job) -> int:
    """Run `python -m MODULE ARGUMENTS` in this process: policy packs come with their own runner."""
    sys.path[0] = job["program"]
    sys.argv = [str(job["module"]), *job["arguments"]]
    try:
        runpy.run_module(str(job["module"]), run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return _code(end)
    return 0


def _run_program(job: Job) -> int:
    """Run a program under `pulumi.runtime`, connected to the engine that the job names."""
    os.environ["PULUMI_CONFIG"] = json.dumps(job["config"])
    os.environ["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(job["secret_keys"])
    program = Path(job["program"])
    folder = program if program.is_dir() else program.parent
    sys.path[0] = str(folder)
    sys.argv = [job["program"], *job["arguments"]]

    import pulumi  # noqa: PLC0415 -- after sys.path is the program's
    import pulumi.runtime  # noqa: PLC0415

    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=job["monitor"],
            engine=job["engine"],
            project=job["project"],
            stack=job["stack"],
            parallel=job["parallel"],
            dry_run=job["dry_run"],
            organization=job["organization"],
            root_directory=job["root_directory"],
        )
    )
    script = program / "__main__.py" if program.is_dir() else program
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    if job["parallel"] > 0:
        # Every running registration occupies a thread: fewer threads than the engine's parallel operations would slow
        # it down, or block it.
        loop.set_default_executor(ThreadPoolExecutor(max_workers=job["parallel"] * 4))

    def program_body() -> None:
        runpy.run_path(str(script), run_name="__main__")

    # The loop is not closed: closing it would restore Python's SIGINT handler, and the traceback that `main` prevents.
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(program_body))
    except pulumi.RunError as error:
        return _tell(pulumi.log, str(error))
    except SystemExit as end:
        return _code(end)
    except Exception as error:  # noqa: BLE001 -- every exception of the program is shown to the user
        return _tell(pulumi.log, "Program failed with an unhandled exception:\n" + _text(error, folder))
    return 0


def _tell(log: Any, message: str) -> int:
    """Show an error through the engine, or on stderr if the engine has ended."""
    try:
        log.error(message)
    except Exception:  # noqa: BLE001 -- the message must be shown, even without the engine
        sys.stderr.write(message + "\n")
    return BAILED


def _text(error: BaseException, folder: Path) -> str:
    """Return the traceback from the program's first frame on: the frames before are this file and the SDK."""
    own: TracebackType | None = error.__traceback__
    while own is not None and not own.tb_frame.f_code.co_filename.startswith(f"{folder}{os.sep}"):
        own = own.tb_next
    return "".join(traceback.format_exception(type(error), error, own or error.__traceback__))


def _code(end: SystemExit) -> int:
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code
    sys.stderr.write(f"{end.code}\n")
    return 1


if __name__ == "__main__":
    main()
