"""The operations that are killed, and what of the stage is different once one of them was finished."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.e2e.commands import Running
from tools.kill_series.stage import DEPLOYED, EMPTY, Stage

ENGINE, COMMAND, PROGRAM, WORKER, PROVIDER = "engine", "command", "program", "release worker", "provider"
SERVER, JOB = "sandbox server", "scoring process"
_OF_AN_UP = (ENGINE, PROGRAM, WORKER, PROVIDER, SERVER)
INPUT = "examples/digits/data/try-out"


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        base: the stage that it starts from: ``EMPTY`` or ``DEPLOYED``.
        begin: starts it, after what it needs was changed.
        victims: the processes that it has.
        models: how many model versions there are once it was finished, from both releases of the base on.
        settle: changes the stack file before the next `up` to what the operation's own text asks for.
    """

    base: str
    begin: Callable[[Stage], Running]
    victims: tuple[str, ...]
    models: int
    settle: Callable[[Stage], None] = lambda _: None


def _up(stage: Stage) -> Running:
    return stage.begin("up")


def _release(stage: Stage) -> Running:
    stage.change_one_byte_of_the_model()
    return stage.begin("up")


def _release_tried_out(stage: Stage) -> Running:
    stage.restore_try_outs()
    return _release(stage)


def _roll_back_by_pin(stage: Stage) -> Running:
    old = next(each for each in stage.of_kind("batchEndpoints/deployments") if each != stage.default)
    _pin(stage, old)
    return stage.begin("up")


def _roll_back(stage: Stage) -> Running:
    return _modelops(stage, "rollback")


def _invoke(stage: Stage) -> Running:
    return _modelops(stage, "invoke", "--input", INPUT, "--download", str(stage.home.parent / "predictions"))


def _modelops(stage: Stage, *words: str) -> Running:
    command = (".venv/bin/python", "-m", "sandbox", "run", "--", "python", "-m", "modelops", *words, "--stack", "dev")
    return stage.start(*command)


def _pin(stage: Stage, revision: str) -> None:
    def change(config: dict[str, Any]) -> None:
        config["endpoints"]["digits"]["pin"] = revision

    stage.configure(change)


def _pin_what_serves(stage: Stage) -> None:
    """Add the line that a rollback prints; what serves is the default whether the rollback had moved it or not."""
    serves = stage.live_default()
    if serves is not None:
        _pin(stage, serves)


OPERATIONS = {
    "first up": Operation(EMPTY, _up, _OF_AN_UP, 1),
    "up of a new model": Operation(DEPLOYED, _release, _OF_AN_UP, 3),
    "up with a try-out": Operation(DEPLOYED, _release_tried_out, (*_OF_AN_UP, JOB), 3),
    "up with a pin": Operation(DEPLOYED, _roll_back_by_pin, _OF_AN_UP, 2),
    "rollback": Operation(DEPLOYED, _roll_back, (COMMAND, SERVER), 2, _pin_what_serves),
    "refresh": Operation(DEPLOYED, lambda stage: stage.begin("refresh"), (ENGINE, PROVIDER, SERVER), 2),
    "destroy": Operation(DEPLOYED, lambda stage: stage.begin("destroy"), (ENGINE, PROVIDER, SERVER), 2),
    "job": Operation(DEPLOYED, _invoke, (COMMAND, JOB, SERVER), 2),
}
"""By the name that the table has."""
