"""What the checks look at: the stack file, the stack's state, and Azure with the deployer's login."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.preflight.arm import ResourceManager
from settings.committed import Committed


@dataclass(frozen=True)
class Stack:
    """A stack, as this machine has it.

    Attributes:
        name: its name.
        folder: the program's folder.
        environ: the environment variables.
        committed: its file.
        exists: whether the state backend has it; None if there is no backend to ask.
        resources: what its state has; empty for a new stack.
    """

    name: str
    folder: Path
    environ: Mapping[str, str]
    committed: Committed
    exists: bool | None = None
    resources: tuple[Mapping[str, Any], ...] = ()

    def of_type(self, token: str) -> list[Mapping[str, Any]]:
        """Return the state's resources of a type token, those to be deleted left out."""
        return [each for each in self.resources if each.get("type") == token and not each.get("delete")]


@dataclass(frozen=True)
class Azure:
    """A subscription, asked with the deployer's login."""

    subscription: str
    principal: str
    """Object id of the deployer."""

    arm: ResourceManager = field(repr=False)

    @property
    def scope(self) -> str:
        """The subscription's ARM id."""
        return f"/subscriptions/{self.subscription}"
