"""Access to storage, vault and registry from outside Azure.

Owns the meaning of the network modes, so that the three services cannot disagree. Pure: no resources. The property
names differ between services and stay in the components that own the resources.
"""

from collections.abc import Sequence
from typing import TypedDict


class NetworkArgs(TypedDict):
    """The callers that are let in; `OPEN` lets in everybody with a role."""

    restricted: bool
    """Whether only trusted Azure services and `allowed_ips` are let in."""

    allowed_ips: Sequence[str]
    """Public IPv4 addresses and CIDR ranges that a restricted network lets in."""


OPEN: NetworkArgs = {"restricted": False, "allowed_ips": ()}
"""Public addresses, identities only: for development."""
