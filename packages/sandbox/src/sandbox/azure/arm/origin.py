"""The program's resource of a PUT: the stand-in provider sends it in headers that Azure ignores."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from sandbox.azure.arm.requests import ArmRequest
from sandbox.azure.arm.store import Store

_KIND = "origin"

URN_HEADER = "x-sandbox-urn"
"""The resource's URN."""

RANDOM_NAME_HEADER = "x-sandbox-random-name"
"""``true`` if the name was generated: then the next `up` creates another resource instead of finding this one."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The program's resource of a resource, and its request: api-version, and number in the journal."""

    urn: str
    random: bool
    api_version: str
    sequence: int

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote."""
        return cls(document["urn"], document["random"], document["apiVersion"], document["sequence"])

    def to_json(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "urn": self.urn,
            "random": self.random,
            "apiVersion": self.api_version,
            "sequence": self.sequence,
        }


def announced(request: ArmRequest) -> Origin | None:
    """Return a PUT's origin; None without one, and for other requests."""
    urn = request.headers.get(URN_HEADER)
    if request.method != "PUT" or not urn:
        return None
    return Origin(urn, request.headers.get(RANDOM_NAME_HEADER) == "true", request.api_version, request.sequence)


def remember(store: Store, resource_id: str, origin: Origin) -> None:
    """Store a resource's origin."""
    store.put_document(_KIND, resource_id, origin.to_json())


def origin_of(store: Store, resource_id: str) -> Origin | None:
    """Return the origin of a resource; None if its PUT did not announce one."""
    found = store.document(_KIND, resource_id)
    return None if found is None else Origin.from_json(found)


def origins(store: Store) -> dict[str, Origin]:
    """Return the origin of every resource that has one, by its id in lower case."""
    return {key: Origin.from_json(document) for key, document in store.documents(_KIND)}
