"""`python -m modelops up` on a terminal: what changes, what stays, and one Ctrl-C for the engine."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelops.release.context import CREATE, READ
from modelops.runner.protocol import Done, Step, Stopping, encode
from tests.unit.test_engine_running import PULUMI
from toolchain.places import REPOSITORY

ROWS, COLUMNS = 24, 80
TELL = """
def tell(line):
    with open(os.environ["RELEASE_EVENTS"], "ab") as file:
        file.write(line)
"""
READING = encode(Step("digits", READ, "reading endpoint digits1a2b"))
CREATING = encode(Step("digits", CREATE, "creating deployment mlp-1", subject="mlp-1"))
DONE = encode(Done("digits", "digits1a2b: created mlp-1"))
STOPPED = encode(Stopping("digits", CREATE))


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Return the two ends of a terminal: the person's and the program's."""
    person, program = pty.openpty()
    fcntl.ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    yield person, program
    os.close(person)


def started(terminal: tuple[int, int], folder: Path, body: str) -> subprocess.Popen[bytes]:
    """Start the command on the terminal, with a `pulumi` that does this."""
    pulumi = folder / "bin" / "pulumi"
    pulumi.parent.mkdir()
    pulumi.write_text(PULUMI.format(python=sys.executable, body=TELL + body), encoding="utf-8")
    pulumi.chmod(0o755)
    _, program = terminal

    def control() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C is a signal

    process = subprocess.Popen(
        [sys.executable, "-m", "modelops", "up", "--yes", "--stack", "dev"],
        cwd=REPOSITORY,
        env={**os.environ, "PATH": f"{pulumi.parent}:{os.environ['PATH']}", "TERM": "xterm"},
        stdin=program,
        stdout=program,
        stderr=program,
        preexec_fn=control,  # noqa: PLW1509 - this test has no threads
    )
    os.close(program)
    return process


def read_until(terminal: tuple[int, int], text: str = "") -> str:
    """Return what the terminal shows from now until this text, or until the program has left it."""
    seen = b""
    while not (text and text in _plain(seen)):
        try:
            more = os.read(terminal[0], 4096)
        except OSError:  # the last program has closed it
            break
        if not more:
            break
        seen += more
    assert text in _plain(seen), _plain(seen)
    return _plain(seen)


def _plain(seen: bytes) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen.decode()).replace("\r", "\n")


def test_a_line_stays_for_each_step_that_is_done(terminal: tuple[int, int], tmp_path: Path) -> None:
    body = f"""
tell({READING!r})
tell({CREATING!r})
tell({DONE!r})
write(summaryEvent={{"durationSeconds": 2, "resourceChanges": {{"same": 40, "update": 1}}}})
"""
    process = started(terminal, tmp_path, body)
    shown = read_until(terminal)
    assert process.wait() == 0
    changing = re.compile("starting|reading endpoint|creating deployment")
    assert [line for line in shown.splitlines() if line.strip() and not changing.search(line)] == [
        "digits    1/8 read what is live          0 s",
        "digits    3/8 create revisions           0 s  mlp-1",
        "digits    2/8 register models                 nothing to do",
        "digits    4-8/8                               nothing to do",
        "digits    done                           0 s",
        "  digits1a2b: created mlp-1",
        "resources: 1 updated, 40 unchanged (2 s)",
    ]


def test_one_ctrl_c_reaches_the_engine_once_and_its_end_is_awaited(terminal: tuple[int, int], tmp_path: Path) -> None:
    body = f"""
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
tell({CREATING!r})
signal.sigwait([signal.SIGINT])
tell({STOPPED!r})
write(diagnosticEvent={{"severity": "error", "message": "signals left: " + str(signal.sigpending())}})
sys.exit(255)
"""
    process = started(terminal, tmp_path, body)
    changing = read_until(terminal, "creating deployment mlp-1")
    assert re.search(r"digits {4}3/8 create revisions +\d s  creating deployment mlp-1$", changing, re.MULTILINE)
    os.write(terminal[0], b"\x03")
    shown = read_until(terminal)
    assert process.wait() == 255
    lines = [line for line in shown.splitlines() if line.strip()]
    stopped = [each for each in lines if re.fullmatch(r"digits {4}stopped at 3/8 create revisions +\d s  mlp-1", each)]
    assert len(stopped) == 1
    assert lines[-1] == "error: signals left: set()"
