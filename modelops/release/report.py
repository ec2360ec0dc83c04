"""What a release did, for users and for programs."""

from dataclasses import dataclass, field
from typing import Any

from modelops.release.last_set import LastSet
from modelops.release.tryout import candidates


@dataclass(slots=True)
class ReleaseReport:
    """The result of a release."""

    endpoint: str
    default: str
    previous_default: str | None = None
    previous_deployment: str | None = None
    """Name in the stack file of the deployment that this is a revision of; None if no release made it."""
    restored: str | None = None
    registered: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    """Revisions that were changed by hand, and restored."""
    created: list[str] = field(default_factory=list)
    tried: list[candidates.Tried] = field(default_factory=list)
    switched: bool = False
    pruned: list[str] = field(default_factory=list)
    in_use: list[str] = field(default_factory=list)
    """Revisions that were not pruned because jobs use them."""
    archived: list[str] = field(default_factory=list)
    """Model versions, `name:version`."""
    warnings: list[str] = field(default_factory=list)
    """What went wrong without any harm to what the endpoint serves."""
    waiting: str | None = None
    """What a plan with a pin leaves to be made: see `rollback.waiting`."""
    timeline: list[dict[str, Any]] = field(default_factory=list)
    """The steps: see `Timeline.spans`."""
    last_set: LastSet | None = None
    """What the endpoint's tags say of its default."""

    @property
    def changed(self) -> bool:
        """Whether anything was sent that changes Azure."""
        return bool(
            self.restored
            or self.altered
            or self.registered
            or self.created
            or self.tried
            or self.switched
            or self.pruned
            or self.archived
        )

    def done(self) -> list[str]:
        """What was sent, for users."""
        parts = [f"registered {each}" for each in self.registered]
        parts += [f"restored {each}, which was changed by hand" for each in self.altered]
        parts += [f"created {each}" for each in self.created]
        parts += [f"tried {each}" for each in self.tried]
        if self.restored:
            parts.append(f"restored the default {self.restored}")
        if self.switched and self.previous_default != self.default:
            parts.append(f"default {self.previous_default or '(none)'} -> {self.default}")
        elif self.switched:
            parts.append("updated description and tags")
        parts += [f"deleted {each}" for each in self.pruned]
        parts += [f"archived {each}" for each in self.archived]
        return parts

    def summary(self) -> str:
        """For users: one line, and further ones for how candidates differ from what serves, and for what waits."""
        parts = [*self.done(), *(f"kept {each}, which a job uses" for each in self.in_use)]
        first = f"{self.endpoint}: " + ("; ".join(parts) or f"nothing to do, default is {self.default}")
        return "\n".join([first, *self._differences(), *([f"  {self.waiting}"] if self.waiting else [])])

    def _differences(self) -> list[str]:
        """What the candidates predict otherwise than what serves."""
        return [
            f"  {line if at else f'{each.revision} {line}'}"
            for each in self.tried
            for at, line in enumerate(each.differences)
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain data for the worker's answer."""
        return {
            "endpoint": self.endpoint,
            "default": self.default,
            "previousDefault": self.previous_default,
            "restored": self.restored,
            "altered": self.altered,
            "registered": self.registered,
            "created": self.created,
            "tried": [each._asdict() for each in self.tried],
            "switched": self.switched,
            "pruned": self.pruned,
            "archived": self.archived,
            "warnings": self.warnings,
            "timeline": self.timeline,
            "summary": self.summary(),
        }
