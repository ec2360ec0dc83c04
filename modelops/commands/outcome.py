"""What came of a job, for programs: the object that `invoke --json` prints."""

from dataclasses import dataclass, field
from typing import Any, Final

from modelops.scoring.losses import Losses

SCHEMA_VERSION: Final = 1
"""Version of the --json output: docs/schemas/invoke.json."""


@dataclass
class Outcome:
    """What came of a job so far, as `--json` prints it."""

    endpoint: str
    deployment: str | None
    job: str = ""
    studio: str = ""
    state: str | None = None
    reason: str | None = None
    completed: bool = False
    seconds: float | None = None
    predictions: list[str] = field(default_factory=list)
    files: int | None = None
    missing: int | None = None
    missingFiles: list[str] | None = None  # noqa: N815 - a name of the schema

    def lost(self, found: Losses) -> None:
        """Note what has no result."""
        self.files, self.missing = found.items, found.missing
        self.missingFiles = None if found.names is None else list(found.names)

    def to_json(self) -> dict[str, Any]:
        """Return the object of docs/schemas/invoke.json."""
        return {"schemaVersion": SCHEMA_VERSION, **vars(self)}
