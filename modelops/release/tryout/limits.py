"""How long a try-out's job may wait for its image, wait for nodes, and run: told apart by the job's states.

The states' meaning: https://learn.microsoft.com/python/api/azureml-core/azureml.core.run(class)#azureml-core-run-get-status
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from modelops.plan.try_out import TryOut


class Phase(StrEnum):
    """What a job that has not ended is at; the values are for users."""

    IMAGE = "waiting for its image"
    QUEUE = "waiting for nodes"
    RUN = "running"


_PHASES: Final[Mapping[str, Phase]] = {
    "NotStarted": Phase.IMAGE,
    "Starting": Phase.IMAGE,
    "Preparing": Phase.IMAGE,
    "Provisioning": Phase.QUEUE,
    "Queued": Phase.QUEUE,
    "Running": Phase.RUN,
    "Finalizing": Phase.RUN,
}
KEYS: Final[Mapping[Phase, str]] = {
    Phase.IMAGE: "imageMinutes",
    Phase.QUEUE: "queueMinutes",
    Phase.RUN: "runMinutes",
}
"""The limits' names in the stack file."""


@dataclass(slots=True)
class Spent:
    """The seconds that a job was seen in each phase, and its present one."""

    phase: Phase = Phase.IMAGE
    seconds: dict[Phase, float] = field(default_factory=lambda: dict.fromkeys(Phase, 0.0))

    def add(self, state: str, seconds: float) -> None:
        """Note that `seconds` passed since the last look, and the state of the job's step now.

        They count for what the job was at before. A state that says nothing (CancelRequested, Unknown) changes nothing.
        """
        self.seconds[self.phase] += seconds
        self.phase = _PHASES.get(state, self.phase)

    def exceeded(self, try_out: TryOut) -> Phase | None:
        """Return the present phase, if it takes longer than it may."""
        return self.phase if self.seconds[self.phase] >= 60 * minutes(try_out, self.phase) else None


def minutes(try_out: TryOut, phase: Phase) -> int:
    """Return the most minutes of a phase."""
    most = {Phase.IMAGE: try_out.image_minutes, Phase.QUEUE: try_out.queue_minutes, Phase.RUN: try_out.run_minutes}
    return most[phase]
