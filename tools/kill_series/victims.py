"""Which process is killed, with which signal, and when."""

import os
import random
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.e2e.commands import Running, alive
from tests.e2e.hosts import PROGRAM as PROGRAM_LINE
from tools.kill_series.operations import COMMAND, ENGINE, JOB, PROGRAM, PROVIDER, SERVER, WORKER
from tools.kill_series.stage import Stage

_LINES = {
    PROGRAM: PROGRAM_LINE,
    WORKER: re.compile(r"-m modelops worker"),
    PROVIDER: re.compile(r"-m pulumi_standins\.azure_native|pulumi-resource-azure-native"),
    JOB: re.compile(r"amlbi_main\.py"),
}
_LOOK_SECONDS = 0.02
_LONGEST_DELAY_SECONDS = 0.25
_BEFORE_REQUESTS_SECONDS = 1.5
"""How long an engine takes until its first request, about."""
_WHILE_SCORING_SECONDS = 1.0
"""How long the scoring processes of the example live, about."""
_OF_TEN_FROM_THE_START = 1
_WORKER_FROM = 0.4
"""The part of the requests after which the release worker has started, about."""


@dataclass(frozen=True)
class Moment:
    """When a process is killed: ``delay`` seconds after so many requests of the operation, once the process runs.

    Requests, and not seconds alone, because these depend on what else the machine does.
    """

    victim: str
    signal: signal.Signals
    requests: int
    delay: float

    @classmethod
    def draw(cls, chance: random.Random, victim: str, requests: int) -> Self:
        """Draw a moment for an operation that sends ``requests`` requests if nothing disturbs it."""
        others = [signal.SIGTERM, signal.SIGINT] if victim in (ENGINE, COMMAND) else [signal.SIGTERM]
        sent = chance.choice([*[signal.SIGKILL] * 4, *others])
        if victim == JOB:
            return cls(victim, sent, 0, round(chance.uniform(0, _WHILE_SCORING_SECONDS), 3))
        if victim != WORKER and chance.randrange(10) < _OF_TEN_FROM_THE_START:
            return cls(victim, sent, 0, round(chance.uniform(0, _BEFORE_REQUESTS_SECONDS), 3))
        part = chance.uniform(_WORKER_FROM if victim == WORKER else 0, 1)
        return cls(victim, sent, max(1, round(part * requests)), round(chance.uniform(0, _LONGEST_DELAY_SECONDS), 3))

    def __str__(self) -> str:
        return f"{self.signal.name} {self.victim} after {self.requests} requests and {self.delay:.2f} s"


def strike(stage: Stage, running: Running, moment: Moment, after: int) -> bool:
    """Kill the victim at the moment; return False if the operation or the victim had ended before.

    Ctrl-C reaches the command's whole process group, as on a terminal; every other signal one process.
    """
    _await_requests(stage, running, after + moment.requests if moment.requests else 0)
    while (pid := _find(stage, running, moment.victim)) is None and running.process.poll() is None:
        time.sleep(_LOOK_SECONDS)
    time.sleep(moment.delay)
    if pid is None or not alive(pid) or running.process.poll() is not None:
        return False
    try:
        if moment.signal is signal.SIGINT:
            os.killpg(pid, signal.SIGINT)
        else:
            os.kill(pid, moment.signal)
    except ProcessLookupError:
        return False
    return True


def _await_requests(stage: Stage, running: Running, sequence: int) -> None:
    while running.process.poll() is None and sequence and not stage.journal(sequence - 1):
        time.sleep(_LOOK_SECONDS)


def _find(stage: Stage, running: Running, victim: str) -> int | None:
    if victim in (ENGINE, COMMAND):
        return running.process.pid
    if victim == SERVER:
        pid = int(stage.server["pid"])
        return pid if alive(pid) else None
    return next((pid for pid, line in processes(stage).items() if _LINES[victim].search(line)), None)


def processes(stage: Stage) -> dict[int, str]:
    """Return the command lines of a stage's processes by id, also those of jobs, but not the server's."""
    found = {}
    folders = str(stage.home.parent).encode()
    for each in Path("/proc").iterdir():
        if not each.name.isdigit() or int(each.name) == os.getpid():
            continue
        try:
            line = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            # A job's process has neither the home in its environment nor a folder of it as its own.
            if folders + b"/" in (each / "environ").read_bytes() + line.encode() and alive(int(each.name)):
                found[int(each.name)] = line
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return {pid: line for pid, line in found.items() if "-m sandbox.server" not in line}
