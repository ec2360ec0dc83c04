"""Who reaches storage, vault and registry from outside Azure.

Owns what the network modes mean, so that the three services cannot disagree. Pure: no resources. The shapes differ from
service to service and stay with the components that own the resources.
"""

from collections.abc import Sequence
from typing import TypedDict


class NetworkArgs(TypedDict):
    """Who gets in; `OPEN` is everybody who has a role."""

    restricted: bool
    """Whether everybody is refused but trusted Azure services and `allowed_ips`."""

    allowed_ips: Sequence[str]
    """Public IPv4 addresses and CIDR ranges that a restricted network lets in."""


OPEN: NetworkArgs = {"restricted": False, "allowed_ips": ()}
"""Public addresses, identities only: for development."""
