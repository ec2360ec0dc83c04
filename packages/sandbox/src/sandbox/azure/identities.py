"""The ``identity`` of a workspace, a cluster, an endpoint or a workflow: checks, and the answer to a GET."""

import uuid
from typing import Any

from sandbox.azure.arm.actions import Need, derived, linked_refusal
from sandbox.azure.arm.errors import bad_request
from sandbox.azure.arm.requests import ArmRequest
from sandbox.azure.arm.store import Resource
from sandbox.azure.arm.types import IDENTITY
from sandbox.azure.world import World

_ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"


def answered_identity(
    world: World, request: ArmRequest, given: dict[str, Any] | None, old: Resource | None
) -> dict[str, Any] | None:
    """Return the identity with principal ids; a system-assigned one keeps its principal across updates.

    Raises:
        ArmError: 400 without a type, or if a user-assigned identity does not exist, is missing or unexpected for it;
            403 if the caller may not assign it (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources).
    """
    if given is None:
        return None
    kind = given.get("type")
    if kind is None:
        raise bad_request("The request content was invalid: required member 'identity.type' is missing.")
    if kind == "None":
        return {"type": "None"}
    assigned = list(given.get("userAssignedIdentities") or {})
    if ("UserAssigned" in kind) != bool(assigned):
        raise bad_request(f"Identity type '{kind}' with {len(assigned)} user-assigned identities is not possible.")
    result: dict[str, Any] = {"type": kind}
    if kind.startswith("SystemAssigned"):
        before = (old.body.get("identity") if old else None) or {}
        result["principalId"] = before.get("principalId") or str(uuid.uuid4())
        result["tenantId"] = world.tenant_id
    if assigned:
        _check_assignable(world, request, assigned)
        result["userAssignedIdentities"] = {
            identity_id: _principal(world, identity_id) for identity_id in sorted(assigned)
        }
    return result


def _check_assignable(world: World, request: ArmRequest, identity_ids: list[str]) -> None:
    caller = request.principal
    if caller is None:
        raise TypeError(f"{request.method} {request.path} came without a principal")
    for each in identity_ids:
        if not world.authorization.allowed(caller.object_id, _ASSIGN, each):
            doing = derived(request.method, request.path)
            raise linked_refusal(caller, Need(doing.action, request.path), _ASSIGN, each)


def _principal(world: World, identity_id: str) -> dict[str, str]:
    found = world.store.get(identity_id)
    if found is None or found.type != IDENTITY:
        raise bad_request(f"The user-assigned identity '{identity_id}' does not exist.", "FailedIdentityOperation")
    properties = found.body["properties"]
    return {"principalId": properties["principalId"], "clientId": properties["clientId"]}


def take_identity(world: World, request: ArmRequest, body: dict[str, Any], old: Resource | None) -> None:
    """Put the returned identity into a PUT's body, if it has one.

    Raises:
        ArmError: like ``answered_identity``.
    """
    identity = answered_identity(world, request, body.pop("identity", None), old)
    if identity is not None:
        body["identity"] = identity
