"""What the try-outs of one release found, for its report: figures, and the samples that the stack file asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one candidate, also about one that is refused."""

    revision: str
    """Its physical name."""
    serving: str | None
    """The revision that it was compared with; None: with none."""
    figures: Mapping[str, Any] | None
    """See `Differences.figures`; None: it was compared with none."""
    samples: Sequence[Mapping[str, Any]]
    """See `release.tryout.samples`."""

    def compared(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return {"revision": self.revision, "with": self.serving, **(self.figures or {})}

    def sampled(self) -> dict[str, Any]:
        """Return the samples as plain data."""
        return {"revision": self.revision, "with": self.serving, "samples": list(self.samples)}


class Findings:
    """Those of all candidates, by name: threads of the release find them at the same time."""

    def __init__(self) -> None:
        self._found: list[Finding] = []

    def add(self, finding: Finding) -> None:
        """Keep one."""
        self._found.append(finding)

    def compared(self) -> list[dict[str, Any]]:
        """Return the figures of those that were compared."""
        return [each.compared() for each in self._by_name() if each.figures is not None]

    def sampled(self) -> list[dict[str, Any]]:
        """Return the samples of those that have some."""
        return [each.sampled() for each in self._by_name() if each.samples]

    def _by_name(self) -> list[Finding]:
        return sorted(self._found, key=lambda each: each.revision)
