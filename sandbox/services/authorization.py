"""Microsoft.Authorization: role assignments, role definitions and locks. Evaluation of assignments is not done yet."""

import json
import re
import uuid
from typing import Any

from sandbox import named_principals
from sandbox.arm.errors import ArmError, not_modelled, resource_not_found
from sandbox.arm.requests import ArmRequest, ArmResponse
from sandbox.arm.store import Resource, now_iso
from sandbox.arm.world import World
from sandbox.services.declared import Declared
from sandbox.services.managed_identity import IDENTITY

ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
DEFINITION = "Microsoft.Authorization/roleDefinitions"
_FILTER = re.compile(r"^(?:principalId eq|assignedTo\()\s*'([^']+)'\)?$", re.IGNORECASE)

# Built-in roles by id: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
BUILT_IN = {
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "69566ab7-960f-475b-8e7c-b3118f30c6bd": "Storage File Data Privileged Contributor",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "21090545-7ca7-4776-b22c-e363652d74d2": "Key Vault Reader",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
    "8311e382-0749-4cb8-b61a-304f252e45ec": "AcrPush",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "f1a07417-d97a-45cb-824c-7a7467783830": "Managed Identity Operator",
    "f6c7c914-8db3-469d-8ca1-694a8f32e121": "AzureML Data Scientist",
    "e503ece1-11d0-4e8e-8e2c-7a6c3bf38815": "AzureML Compute Operator",
    "1823dd4f-9b8c-4ab6-ab4e-7397a3684615": "AzureML Registry User",
}


def principal_type(world: World, object_id: str) -> str | None:
    """Return what a principal of the sandbox's directory is ("ServicePrincipal"), or None when there is none.

    Principals that a rehearsed stack file names are in it too: see ``sandbox.named_principals``.
    """
    identities = json.loads((world.home / "sandbox.json").read_text())["principals"].values()
    known = {identity["objectId"].lower() for identity in identities}
    known |= {item.body["properties"]["principalId"].lower() for item in world.store.below("", IDENTITY)}
    return "ServicePrincipal" if object_id.lower() in known else named_principals.kind_of(world.home, object_id)


def _scope(request: ArmRequest) -> str:
    return "/" + request.params.get("scope", "").strip("/")


def _check_scope(world: World, scope: str) -> None:
    is_subscription = re.fullmatch(r"/subscriptions/[^/]+", scope, re.IGNORECASE)
    if not is_subscription and world.store.get(scope) is None:
        raise resource_not_found(scope)


def _fill_assignment(world: World, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
    scope = _scope(request)
    _check_scope(world, scope)
    _check_guid(request.params["assignment"], "role assignment id", "InvalidRoleAssignmentId")
    properties = body["properties"]
    for member in ("principalId", "roleDefinitionId"):
        if not properties.get(member):
            raise ArmError(400, "BadRequestFormat", f"'properties.{member}' is missing.")
    _check_role(world, properties["roleDefinitionId"])
    _check_principal(world, properties)
    if old is None:
        _check_duplicate(world, scope, properties)
    elif any(old.body["properties"][member] != properties[member] for member in ("principalId", "roleDefinitionId")):
        raise ArmError(
            400,
            "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
        )
    now = now_iso()
    caller = request.principal.object_id if request.principal else None
    properties |= {
        "scope": scope,
        "createdOn": old.body["properties"]["createdOn"] if old else now,
        "createdBy": old.body["properties"]["createdBy"] if old else caller,
        "updatedOn": now,
        "updatedBy": caller,
    }


def _check_guid(value: str, what: str, code: str) -> None:
    try:
        uuid.UUID(value)
    except ValueError:
        raise ArmError(400, code, f"The {what} '{value}' is not a GUID.") from None


def _check_role(world: World, role_id: str) -> None:
    name = role_id.rsplit("/", 1)[-1].lower()
    # A custom role is one of the tenant's, wherever it was defined, so its id at the subscription names it as well.
    if name in BUILT_IN or any(each.name.lower() == name for each in world.store.below("", DEFINITION)):
        return
    raise ArmError(
        400,
        "RoleDefinitionDoesNotExist",
        f"The specified role definition with ID '{role_id.rsplit('/', 1)[-1]}' does not exist.",
    )


def _check_principal(world: World, properties: dict[str, Any]) -> None:
    kind = principal_type(world, properties["principalId"])
    if kind is None:
        raise ArmError(
            400,
            "PrincipalNotFound",
            f"Principal {properties['principalId']} does not exist in the directory {world.tenant_id}.",
        )
    asked = properties.get("principalType") or kind
    if asked != kind:
        raise ArmError(
            400,
            "UnmatchedPrincipalType",
            f"The PrincipalId '{properties['principalId']}' has type '{kind}', which is different from specified"
            f" PrincipalType '{asked}'.",
        )
    properties["principalType"] = kind


def _check_duplicate(world: World, scope: str, properties: dict[str, Any]) -> None:
    for other in world.store.children(scope, ASSIGNMENT):
        theirs = other.body["properties"]
        same_role = theirs["roleDefinitionId"].rsplit("/", 1)[-1] == properties["roleDefinitionId"].rsplit("/", 1)[-1]
        if same_role and theirs["principalId"] == properties["principalId"]:
            raise ArmError(409, "RoleAssignmentExists", f"The role assignment already exists. Its ID is {other.name}.")


def _fill_definition(_: World, request: ArmRequest, __: Resource | None, body: dict[str, Any]) -> None:
    _check_guid(request.params["definition"], "role definition id", "InvalidRoleDefinitionId")
    if not body["properties"].get("roleName") or not body["properties"].get("assignableScopes"):
        raise ArmError(400, "InvalidRoleDefinition", "A role definition needs 'roleName' and 'assignableScopes'.")
    body["properties"]["type"] = "CustomRole"


def _fill_lock(world: World, request: ArmRequest, _: Resource | None, body: dict[str, Any]) -> None:
    _check_scope(world, _scope(request))
    if body["properties"].get("level") not in ("CanNotDelete", "ReadOnly"):
        raise ArmError(400, "InvalidLockLevel", "A lock's level is CanNotDelete or ReadOnly.")
    # A lock that is stored but does not hold would make a rehearsal lie.
    raise not_modelled("management locks: they are not enforced yet")


_ASSIGNMENTS = Declared(
    ASSIGNMENT,
    "/{scope:path}/providers/Microsoft.Authorization/roleAssignments/{assignment}",
    _fill_assignment,
    tracked=False,
)


def register(world: World) -> None:
    """Serve role assignments and definitions at any scope; locks are refused by name."""

    async def assignments(request: ArmRequest) -> ArmResponse:
        scope = _scope(request)
        wanted = request.query.get("$filter", "")
        match = _FILTER.match(wanted)
        if wanted and wanted.lower() != "atscope()" and match is None:
            raise not_modelled(f"$filter={wanted} on role assignments")
        found = [item.body for item in world.store.below("", ASSIGNMENT) if _covers(item, scope, at_scope=bool(wanted))]
        if match is not None:
            found = [body for body in found if body["properties"]["principalId"].lower() == match[1].lower()]
        return ArmResponse(200, {"value": found})

    async def definition(request: ArmRequest) -> ArmResponse:
        name = request.params["definition"].lower()
        stored = world.store.get(f"{_scope(request)}/providers/Microsoft.Authorization/roleDefinitions/{name}")
        if stored is not None:
            return ArmResponse(200, stored.body)
        if name not in BUILT_IN:
            raise ArmError(
                404, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{name}' does not exist."
            )
        properties = {"roleName": BUILT_IN[name], "type": "BuiltInRole", "assignableScopes": ["/"]}
        type_ = "Microsoft.Authorization/roleDefinitions"
        return ArmResponse(
            200, {"id": f"/providers/{type_}/{name}", "name": name, "type": type_, "properties": properties}
        )

    async def permissions(request: ArmRequest) -> ArmResponse:
        """What the caller may do: everything, as long as assignments are not evaluated."""
        _check_scope(world, _scope(request))
        everything = {"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}
        return ArmResponse(200, {"value": [everything], "nextLink": None})

    world.router.add("GET", "/{scope:path}/providers/Microsoft.Authorization/permissions", permissions)
    definitions = "/{scope:path}/providers/Microsoft.Authorization/roleDefinitions/{definition}"
    world.router.add("GET", definitions, definition)
    world.router.add("GET", _ASSIGNMENTS.template.rsplit("/", 1)[0], assignments)
    _ASSIGNMENTS.register(world)
    Declared("Microsoft.Authorization/roleDefinitions", definitions, _fill_definition, tracked=False).register(world)
    locks = "/{scope:path}/providers/Microsoft.Authorization/locks/{lock}"
    Declared("Microsoft.Authorization/locks", locks, _fill_lock, tracked=False).register(world)


def _covers(assignment: Resource, scope: str, *, at_scope: bool) -> bool:
    """Whether a list at ``scope`` shows an assignment: those at and above it, and without a filter those below too."""
    theirs = assignment.body["properties"]["scope"].lower()
    wanted = scope.lower()
    if wanted == theirs or wanted.startswith(theirs.rstrip("/") + "/"):
        return True
    return not at_scope and theirs.startswith(wanted + "/")
