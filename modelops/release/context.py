"""The steps' names, and the data that they share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from modelops.about import About
from modelops.rehearsal import located
from modelops.release.findings import Findings
from modelops.release.running import RunningJobs
from modelops.release.steps import CREATE, PRUNE, READ, RECORD, REGISTER, RESTORE, SWITCH, TRY, VERIFY
from modelops.release.timeline import Timeline
from modelops.workspace import Workspace

__all__ = [
    "CREATE",
    "PATIENCE_SECONDS",
    "PRUNE",
    "READ",
    "RECORD",
    "REGISTER",
    "RESTORE",
    "SWITCH",
    "TRY",
    "VERIFY",
    "Context",
    "Progress",
    "command",
    "up",
]

PATIENCE_SECONDS: Final = 600.0
"""The longest time for a role assignment to take effect, according to Microsoft's documentation."""


class Progress(Protocol):
    """Is told what a step does; called from any thread of the release."""

    def __call__(
        self, step: str, text: str, /, *, subject: str = "", items: tuple[int, int] | None = None, outcome: str = ""
    ) -> None:
        """Note it.

        Args:
            step: its name.
            text: what is being done, for users.
            subject: what it is about: a revision, a model's name, or "" for the endpoint.
            items: of a try-out, how many are done, and how many there are.
            outcome: what came of it: "", or one of those in modelops/release/steps.py.
        """


@dataclass(frozen=True, slots=True)
class Context:
    """Workspace and surroundings of one release."""

    workspace: Workspace
    root: Path
    """Folder that the plan's paths are relative to."""
    progress: Progress
    """Called with the step and what it does."""
    wait: Callable[[float], None]
    """Sleeps for so many seconds, or raises `Stopped`."""
    patience: float = PATIENCE_SECONDS
    """Seconds that all steps together wait for missing roles."""
    nodes: Mapping[str, int] = field(default_factory=dict)
    """Most nodes of the clusters, by their ARM ids in lower case; of some nothing may be known."""
    state_default: str | None = None
    """The deployment that the endpoint's Pulumi state names as default: it is never deleted."""
    restores: bool = False
    """Whether revisions that were changed by hand are restored; otherwise they are only told."""
    about: About = field(default_factory=About)
    """Where the release comes from."""
    running: RunningJobs = field(default_factory=RunningJobs)
    """The jobs that it waits for."""
    timeline: Timeline = field(default_factory=Timeline)
    """When its steps began and how long they took."""
    findings: Findings = field(default_factory=Findings)
    """What its try-outs found, for the report."""
    where: str = ""
    """The options that find the stack, for a command that is printed; begins with a space."""


def up(where: str) -> str:
    """Return the command that deploys the stack, to print; see `Context.where`."""
    return located(f"pulumi up{where.replace(' --directory ', ' --cwd ')}")


def command(what: str, endpoint: str, where: str) -> str:
    """Return a command of `modelops` about an endpoint, to print; see `Context.where`."""
    return located(f"python -m modelops {what}{where} --endpoint {endpoint}")
