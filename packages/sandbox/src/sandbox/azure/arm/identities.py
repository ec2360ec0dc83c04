"""The identity that acts for a resource."""

from typing import Any


def principal_of(body: dict[str, Any]) -> str:
    """Return the object id that a workspace or a cluster's nodes act as, or "" when they have no identity.

    That is the identity which ``primaryUserAssignedIdentity`` names, else the first user-assigned one, else its own.
    """
    identity = body.get("identity") or {}
    users: dict[str, dict[str, str]] = identity.get("userAssignedIdentities") or {}
    primary = str(body["properties"].get("primaryUserAssignedIdentity") or "").lower()
    for name, answered in users.items():
        if primary in ("", name.lower()):
            return answered["principalId"]
    return str(identity.get("principalId") or "")
