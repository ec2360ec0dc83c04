"""Commands that a test starts: what they printed, how they ended, and the engine's steps."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

COMMAND_SECONDS = 240.0
"""Longer than any one command takes, even on a machine that is busy with something else."""
KEPT = "✅ azureml-batch@v0.1.0 (local: policy)"
"""The verdict when every rule of the policy pack is kept."""
BOOKKEEPING = ("pulumi:pulumi:Stack", "pulumi:providers:")
"""Resources that are the engine's own and nobody's infrastructure."""
CHANGING = ("create", "update", "delete", "replace", "create-replacement", "delete-replaced", "import", "discard")

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Step:
    """One step of the engine that changed something: what it did, to which type, called what in the program."""

    op: str
    type: str
    name: str


@dataclass(frozen=True)
class Done:
    """A command that ended: its exit code, what it printed and, for an engine command, its steps."""

    command: tuple[str, ...]
    code: int
    out: str
    err: str
    steps: tuple[Step, ...] = ()
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """Everything it printed."""
        return self.out + self.err

    def ok(self) -> "Done":
        """Return itself, or fail the test with what was printed.

        The engine warns about plug-ins that it takes from elsewhere than its own folders; no command may do that.
        """
        assert self.code == 0, f"{' '.join(self.command)} ended with {self.code}:\n{self.text}"
        assert [line for line in self.text.splitlines() if "from $PATH" in line] == []
        return self

    def failed(self) -> "Done":
        """Return itself, or fail the test because the command should have failed.

        Neither a traceback may show nor what the engine says of a program that ended in a way it does not know.
        """
        assert self.code != 0, f"{' '.join(self.command)} should have failed:\n{self.text}"
        for noise in ("Traceback (most recent call last)", "an unhandled error occurred"):
            assert noise not in self.text, self.text
        return self

    @property
    def flat(self) -> str:
        """Everything printed as one line, so that a sentence is found however it was wrapped."""
        return " ".join(self.text.split())

    @property
    def verdict(self) -> str:
        """What the engine prints of policies, as one line."""
        return " ".join(self.out.partition("\nPolicies:\n")[2].partition("\n\n")[0].split())


@dataclass
class Running:
    """A command that was started and not waited for, in its own process group."""

    command: tuple[str, ...]
    process: "subprocess.Popen[str]"
    events: Path | None
    began: float = field(default_factory=time.monotonic)

    def interrupt(self) -> None:
        """Press Ctrl-C: the terminal sends SIGINT to the whole foreground process group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """Send SIGKILL to the command alone; its children learn of it as they would in an accident."""
        self.process.kill()

    def wait(self, seconds: float = COMMAND_SECONDS) -> Done:
        """Wait for its end; kill the whole group and fail if that takes longer than ``seconds``."""
        try:
            out, err = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            out, err = self.process.communicate()
            raise AssertionError(f"{' '.join(self.command)} still ran after {seconds} s:\n{out}{err}") from None
        steps = tuple(_steps(self.events)) if self.events else ()
        return Done(self.command, self.process.returncode, out, err, steps, time.monotonic() - self.began)


def until(condition: Callable[[], _Answer], what: str, seconds: float = 60) -> _Answer:
    """Ask again and again until the answer is true; fail, naming ``what`` was awaited, after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)  # between two looks; how long it is decides nothing
    return answer


def command_of(folder: Path, mine: bytes) -> str:
    """Return a process's command line if ``mine`` is in its environment and it runs, else nothing."""
    try:
        if mine in (folder / "environ").read_bytes().split(b"\0") and alive(int(folder.name)):
            return (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        pass
    return ""


def command_lines() -> set[str]:
    """Return the command lines of all processes of this machine, as everybody can read them."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.add(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def alive(pid: int) -> bool:
    """Return whether a process runs; a zombie counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _steps(events: Path) -> Iterator[Step]:
    """Read the engine's event log: one JSON object after another."""
    if not events.exists():
        return
    text = events.read_text(encoding="utf-8")
    decoder, at = json.JSONDecoder(), 0
    while at < len(text.rstrip()):
        event, at = decoder.raw_decode(text, at)
        while at < len(text) and text[at].isspace():
            at += 1
        metadata = event.get("resourcePreEvent", {}).get("metadata", {})
        if metadata.get("op") in CHANGING and not metadata["type"].startswith(BOOKKEEPING):
            yield Step(metadata["op"], metadata["type"], metadata["urn"].rsplit("::", 1)[1])
