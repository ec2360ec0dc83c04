"""What the steps of a release share, and what the steps are called."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modelops.workspace import Workspace

RESTORE: Final = "restore the default"
READ: Final = "read what is live"
REGISTER: Final = "register models"
CREATE: Final = "create revisions"
SWITCH: Final = "switch the default"
VERIFY: Final = "verify"

PATIENCE_SECONDS: Final = 600.0
"""The longest that Microsoft's documents say a role assignment takes to count."""


@dataclass(frozen=True, slots=True)
class Context:
    """Workspace and surroundings of one release."""

    workspace: Workspace
    root: Path
    """Folder that the plan's paths start from."""
    progress: Callable[[str, str], None]
    """Called with the step and what it does."""
    wait: Callable[[float], None]
    """Sleeps for so many seconds, or raises `Stopped`."""
    patience: float = PATIENCE_SECONDS
    """Seconds that the release waits, all steps together, for roles that are missing."""
