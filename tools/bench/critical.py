"""The critical path of an `up`: the longest chain of work of the services in which each piece needed the one before.

The sandbox records each piece with its begin and end. That one ended before another began does not make them a chain:
deployments that are created one after the other do not need each other. So a piece needs

- what its resource lies in: an endpoint needs its workspace;
- and work of an earlier stage, unless both belong to endpoints and those differ: a deployment needs the models, the
  default needs the try-out of its own endpoint.

Both only if they had ended when it began.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

_ML = "machinelearningservices/workspaces"
_STAGES = (
    r"create .*/resourcegroups",
    r"create .*/(storageaccounts|vaults|registries|userassignedidentities)|create .*operationalinsights/workspaces",
    r"create .*/(roleassignments|components)|update .*",
    rf"create .*{_ML}",
    rf"create .*{_ML}/(computes|batchendpoints|datastores)|create .*{_ML}/\w+/versions",
    rf"create .*{_ML}/batchendpoints/deployments",
    r"build image",
    r"start nodes",
    r"run job",
    rf"update .*{_ML}/batchendpoints(/deployments)?",
    r"delete .*",
)
"""What the services do, in the order in which one piece of work can need another; a later line counts more."""

_ENDPOINT = re.compile(r"/batchendpoints/([^/]+)|^([^./]+)\.[^./]+\.inference\.ml\.", re.IGNORECASE)
"""In a resource's id, and in a scoring address."""

_CLOCK_SECONDS = 0.001
"""What was just answered may have the same time stamp as what it allowed to begin."""


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work of a service.

    Attributes:
        what: a verb with an ARM type, or the phase of a job.
        subject: the resource's id, or the job's name.
        began: seconds.
        ended: seconds.
        azure_seconds: its duration in Azure, as far as that is scaled.
        endpoint: the endpoint that it belongs to; empty for what endpoints share.
    """

    what: str
    subject: str
    began: float
    ended: float
    azure_seconds: float
    endpoint: str = ""

    @classmethod
    def read(cls, entries: Sequence[Mapping[str, Any]], addresses: Mapping[int, str]) -> list[Self]:
        """Read the sandbox's record; the requests' addresses, by their numbers, tell whose endpoint a job is."""
        found = []
        for entry in entries:
            if entry["ended"] is not None:
                named = _ENDPOINT.search(entry["subject"]) or _ENDPOINT.search(addresses.get(entry["request"], ""))
                # Several jobs use one image and its nodes.
                shared = entry["what"] == "build image"
                found.append(
                    cls(
                        entry["what"],
                        entry["subject"],
                        entry["began"],
                        entry["ended"],
                        entry["azureSeconds"] or 0.0,
                        "" if shared or named is None else (named[1] or named[2]).lower(),
                    )
                )
        return found

    @property
    def seconds(self) -> float:
        """Its duration here."""
        return self.ended - self.began

    @property
    def stage(self) -> int:
        """Its place among the stages."""
        what = self.what.lower()
        return max((number for number, each in enumerate(_STAGES) if re.fullmatch(each, what)), default=-1)

    def needs(self, other: "Work") -> bool:
        """Say whether it needed another piece of work, as far as can be told from outside."""
        if other.ended > self.began + _CLOCK_SECONDS:
            return False
        if self.subject.lower().startswith(f"{other.subject.lower()}/"):
            return True
        same = not self.endpoint or not other.endpoint or self.endpoint == other.endpoint
        return same and other.stage < self.stage


@dataclass(frozen=True, slots=True)
class Path:
    """A chain of work, first to last."""

    chain: tuple[Work, ...]

    @property
    def seconds(self) -> float:
        """How long it takes here."""
        return sum(each.seconds for each in self.chain)

    def full(self, scale: float) -> float:
        """How long it takes in Azure; what is not scaled, such as the scoring itself, counts as it is."""
        return sum(each.azure_seconds + max(0.0, each.seconds - each.azure_seconds / scale) for each in self.chain)


def longest(work: Sequence[Work]) -> Path:
    """Return the critical path; empty without any work."""
    ordered = sorted(work, key=lambda each: (each.ended, each.began))
    best: list[Path] = []
    for number, each in enumerate(ordered):
        before = [best[earlier] for earlier in range(number) if each.needs(ordered[earlier])]
        base = max(before, key=lambda path: path.seconds, default=Path(()))
        best.append(Path((*base.chain, each)))
    return max(best, key=lambda path: path.seconds, default=Path(()))
