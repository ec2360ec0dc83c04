"""One run: begin an operation, kill a process of it, recover by the documented commands, check, destroy."""

import random
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.commands import Done
from tests.e2e.rehearsal import recovery_commands
from tools.kill_series import invariants
from tools.kill_series.operations import ENGINE, INPUT, OPERATIONS, Operation
from tools.kill_series.stage import Stage, Stages
from tools.kill_series.victims import Moment, strike

PAIRS = tuple((name, victim) for name, operation in OPERATIONS.items() for victim in operation.victims)
"""Every operation with each of its processes."""
_EXISTS = "cannot create already existing resource"


@dataclass
class Outcome:
    """What came of a run: ``broken`` names each invariant that does not hold, ``helped`` what recovery needed."""

    number: int
    operation: str
    moment: Moment
    killed: bool = False
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)
    helped: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        what = "ok" if not self.broken else f"BROKEN: {'; '.join(self.broken)}"
        late = "" if self.killed else " (it had ended before)"
        needed = f"  needed: {', '.join(self.helped)}" if self.helped else ""
        return f"{self.number:4} {self.operation:18} {self.moment}{late}: {what}{needed}  {self.seconds:.0f} s"

    def to_json(self) -> dict[str, Any]:
        """Return the outcome for ``--json``."""
        return {
            "run": self.number,
            "operation": self.operation,
            "victim": self.moment.victim,
            "signal": self.moment.signal.name,
            "requests": self.moment.requests,
            "delay": self.moment.delay,
            "killed": self.killed,
            "seconds": round(self.seconds, 1),
            "broken": self.broken,
            "needed": self.helped,
        }


class Series:
    """The runs of one seed, below a folder; a run's number decides all that is random about it."""

    def __init__(self, seed: int, home: Path) -> None:
        self._seed = seed
        self._home = home
        self._stages = Stages(home / "bases")
        self._requests: dict[str, int] = {}

    def prepare(self, numbers: Iterable[int]) -> None:
        """Deploy what these runs start from, and count the requests of their operations."""
        for name in dict.fromkeys(self._pair(number)[0] for number in numbers):
            self._requests[name] = self._count(name)

    def _pair(self, number: int) -> tuple[str, str]:
        """Return the operation and the process of a run; each pair has its turn."""
        order = random.Random(self._seed)  # noqa: S311 - not for secrets
        return order.sample(PAIRS, len(PAIRS))[number % len(PAIRS)]

    def _count(self, name: str) -> int:
        """Return how many requests an operation sends if nothing disturbs it; it is run once to know."""
        operation, place = OPERATIONS[name], self._home / f"undisturbed-{name.replace(' ', '-')}"
        stage = self._stages.copy(operation.base, place)
        try:
            before = stage.mark()
            operation.begin(stage).wait().ok()
            return stage.mark() - before
        finally:
            stage.stop()
            shutil.rmtree(place)

    def run(self, number: int) -> Outcome:
        """Do a run that was prepared; its folder stays if an invariant is broken."""
        name, victim = self._pair(number)
        chance = random.Random(f"{self._seed}:{number}")  # noqa: S311 - not for secrets
        outcome = Outcome(number, name, Moment.draw(chance, victim, self._requests[name]))
        place = self._home / f"run-{number}"
        stage = self._stages.copy(OPERATIONS[name].base, place)
        began = time.monotonic()
        try:
            outcome.broken = list(_run(stage, OPERATIONS[name], outcome, chance))
        except (AssertionError, OSError) as error:  # the harness's own checks of commands, waits and the server
            outcome.broken.append(str(error))
        finally:
            stage.stop()
        outcome.seconds = time.monotonic() - began
        if not outcome.broken:
            shutil.rmtree(place)
        return outcome


def _run(stage: Stage, operation: Operation, outcome: Outcome, chance: random.Random) -> Iterator[str]:
    before = stage.mark()
    running = operation.begin(stage)
    outcome.killed = strike(stage, running, outcome.moment, before)
    done = running.wait()
    if "Traceback (most recent call last)" in done.text:
        yield f"the killed operation shows a traceback: {done.text[-2000:]}"
    yield from invariants.no_process_left(stage)
    stage.start_server()  # any command in the sandbox would; a killed one is started again
    _clear(stage, outcome, chance)
    operation.settle(stage)
    if outcome.operation == "job":
        again = str(stage.home.parent / "again")
        stage.run("python", "-m", "modelops", "invoke", "--input", INPUT, "--download", again, "--stack", "dev").ok()
    if outcome.operation == "destroy":
        yield from _destroyed(stage)
        operation = OPERATIONS["first up"]
    yield from _converges(stage, operation, outcome, chance)
    yield from _destroyed(stage)
    yield from invariants.no_process_left(stage)
    yield from invariants.no_secret(stage)


def _destroyed(stage: Stage) -> Iterator[str]:
    stage.pulumi("destroy").ok()
    yield from invariants.empty(stage)


def _clear(stage: Stage, outcome: Outcome, chance: random.Random) -> None:
    """Remove the lock and what was pending: as docs/recovery.md says, by hand or by the sandbox's own command."""
    cancel, refresh, _ = recovery_commands()
    if outcome.moment.victim == ENGINE and outcome.killed and chance.randrange(2):
        # docs/recovery.md#an-interrupted-destroy
        commands = [cancel] if outcome.operation == "destroy" else [cancel, refresh]
        for command in commands:
            stage.run(*command).ok()
        outcome.helped.append(", ".join(command[1] for command in commands))
        return
    stage.python("-m", "sandbox", "recover", "--stack", "dev").ok()


def _converges(stage: Stage, operation: Operation, outcome: Outcome, chance: random.Random) -> Iterator[str]:
    done = stage.pulumi("up")
    if _EXISTS in done.flat:
        _use_what_is_printed(stage, outcome)
        done = stage.pulumi("up")
    done.ok()
    _use_what_is_printed(stage, outcome)
    yield from invariants.whole(stage, operation)
    if chance.randrange(2):
        yield from _changes_nothing(stage.pulumi("up", "--refresh", "--expect-no-changes"))
        return
    yield from _changes_nothing(stage.pulumi("up", "--expect-no-changes"))
    stage.pulumi("refresh").ok()  # records the default, which a release moves behind Pulumi's back
    yield from _changes_nothing(stage.pulumi("refresh", "--expect-no-changes"))


def _use_what_is_printed(stage: Stage, outcome: Outcome) -> None:
    """Import or delete what `status --lost` lists, with its own commands."""
    counts = stage.do_what_is_printed_of_the_lost(stage.lost())
    outcome.helped += [f"{count} {what}" for what, count in sorted(counts.items())]


def _changes_nothing(done: Done) -> Iterator[str]:
    if done.code != 0:
        yield f"`{' '.join(done.command[6:9])}` changes something: {done.text[-2000:]}"
