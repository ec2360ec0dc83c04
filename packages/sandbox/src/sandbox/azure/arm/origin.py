"""Which resource of a program a PUT was for: the stand-in provider says it in headers that Azure would ignore."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

ORIGIN = "origin"
"""Kind of the store's documents that remember it, by resource id."""

URN_HEADER = "x-sandbox-urn"
"""The resource's URN."""

RANDOM_NAME_HEADER = "x-sandbox-random-name"
"""``true`` when the name was made up: the next `up` then makes another resource instead of meeting this one."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What is remembered of a PUT that a program sent: the resource's URN there, and how it was asked for."""

    urn: str
    has_random_name: bool
    api_version: str
    sequence: int
    """The request's number in the journal."""

    def to_document(self) -> dict[str, Any]:
        """Return plain data for the store."""
        return {
            "urn": self.urn,
            "random": self.has_random_name,
            "apiVersion": self.api_version,
            "sequence": self.sequence,
        }

    @classmethod
    def from_document(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_document`` wrote."""
        return cls(
            str(data["urn"]), bool(data.get("random")), str(data.get("apiVersion", "")), int(data.get("sequence", 0))
        )
