"""The ``identity`` of a workspace or a cluster: which ones exist, and what a GET answers."""

import uuid
from typing import Any

from sandbox.arm.errors import bad_request
from sandbox.arm.store import Resource
from sandbox.arm.world import World


def answered_identity(world: World, given: dict[str, Any] | None, old: Resource | None) -> dict[str, Any] | None:
    """Return the identity with principal ids; a system-assigned one keeps its principal over updates.

    Raises:
        ArmError: 400 when a user-assigned identity does not exist, or is missing or superfluous for the type.
    """
    if given is None or given["type"] == "None":
        return None if given is None else {"type": "None"}
    kind = given["type"]
    assigned = list(given.get("userAssignedIdentities") or {})
    if ("UserAssigned" in kind) != bool(assigned):
        raise bad_request(f"Identity type '{kind}' with {len(assigned)} user-assigned identities is not possible.")
    result: dict[str, Any] = {"type": kind}
    if kind.startswith("SystemAssigned"):
        before = (old.body.get("identity") if old else None) or {}
        result["principalId"] = before.get("principalId") or str(uuid.uuid4())
        result["tenantId"] = world.tenant_id
    if assigned:
        result["userAssignedIdentities"] = {
            identity_id: _principal(world, identity_id) for identity_id in sorted(assigned)
        }
    return result


def _principal(world: World, identity_id: str) -> dict[str, str]:
    found = world.store.get(identity_id)
    if found is None or "userassignedidentities" not in identity_id.lower():
        raise bad_request(f"The user-assigned identity '{identity_id}' does not exist.", "FailedIdentityOperation")
    properties = found.body["properties"]
    return {"principalId": properties["principalId"], "clientId": properties["clientId"]}
