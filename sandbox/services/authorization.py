"""Microsoft.Authorization: role assignments, role definitions and locks; ``sandbox.authorization`` evaluates them."""

import json
import re
import uuid
from typing import Any

from sandbox import named_principals
from sandbox.arm.errors import ArmError, not_modelled, resource_not_found
from sandbox.arm.queries import modelled_query
from sandbox.arm.requests import ArmRequest, ArmResponse
from sandbox.arm.store import Resource, now_iso
from sandbox.arm.world import World
from sandbox.authorization.evaluation import ASSIGNMENT, DEFINITION
from sandbox.authorization.roles import BUILT_IN
from sandbox.live_switches import propagation_polls
from sandbox.services.declared import Declared
from sandbox.services.managed_identity import IDENTITY

_WORKSPACE = "Microsoft.MachineLearningServices/workspaces"
_ACTION = re.compile(r"\*(/\*|/[A-Za-z]+)?|[A-Za-z.]+(/[A-Za-z0-9.*$-]+)+")
_CONTAINER = re.compile(r"(?P<account>.+)/blobServices/default/containers/(?P<name>[^/]+)", re.IGNORECASE)
_FILTER = re.compile(r"^(?:principalId eq|assignedTo\()\s*'([^']+)'\)?$", re.IGNORECASE)


def principal_type(world: World, object_id: str) -> str | None:
    """Return what a principal of the sandbox's directory is ("ServicePrincipal"), or None when there is none.

    Principals that a rehearsed stack file names are in it too: see ``sandbox.named_principals``.
    """
    identities = json.loads((world.home / "sandbox.json").read_text())["principals"].values()
    known = {identity["objectId"].lower() for identity in identities}
    known |= {item.body["properties"]["principalId"].lower() for item in world.store.of_type(IDENTITY)}
    for each in world.store.of_type(_WORKSPACE):
        known.add(str((each.body.get("identity") or {}).get("principalId")).lower())
    return "ServicePrincipal" if object_id.lower() in known else named_principals.kind_of(world.home, object_id)


def _scope(request: ArmRequest) -> str:
    return "/" + request.params.get("scope", "").strip("/")


def _check_scope(world: World, scope: str) -> None:
    if re.fullmatch(r"/subscriptions/[^/]+", scope, re.IGNORECASE) or world.store.get(scope) is not None:
        return
    container = _CONTAINER.fullmatch(scope)
    if container is not None and world.store.get(container["account"]) is not None:
        # Most containers are made by other services, past ARM, which shows them all the same.
        account = container["account"].rsplit("/", 1)[-1]
        if container["name"].lower() in world.blobs.containers(account):
            return
    raise resource_not_found(scope)


def _fill_assignment(world: World, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
    scope = _scope(request)
    _check_scope(world, scope)
    _check_guid(request.params["assignment"], "role assignment id", "InvalidRoleAssignmentId")
    properties = body["properties"]
    for member in ("principalId", "roleDefinitionId"):
        if not properties.get(member):
            raise ArmError(400, "BadRequestFormat", f"'properties.{member}' is missing.")
    _check_role(world, properties["roleDefinitionId"], scope)
    _check_principal(world, properties)
    if old is None:
        _check_duplicate(world, scope, properties)
        world.authorization.delay(_ASSIGNMENTS.resource_id(request), propagation_polls(world.store))
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


def _check_role(world: World, role_id: str, scope: str) -> None:
    guid = role_id.rsplit("/", 1)[-1].lower()
    if guid in BUILT_IN:
        return
    custom = next((each for each in world.store.of_type(DEFINITION) if each.name.lower() == guid), None)
    if custom is None:
        raise ArmError(
            400, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{guid}' does not exist."
        )
    allowed = [each.rstrip("/").lower() for each in custom.body["properties"]["assignableScopes"]]
    if not any((scope.lower() + "/").startswith(each + "/") for each in allowed):
        raise ArmError(
            400,
            "RoleAssignmentScopeNotAssignableToRoleDefinition",
            f"The role assignment scope '{scope}' is not assignable to the role definition '{guid}'; its assignable"
            f" scopes are: {', '.join(custom.body['properties']['assignableScopes'])}.",
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
    for entry in body["properties"].get("permissions") or ():
        for member in ("actions", "notActions", "dataActions", "notDataActions"):
            for action in entry.get(member) or ():
                if not _ACTION.fullmatch(action):
                    raise ArmError(400, "InvalidActionOrNotAction", f"'{action}' does not match any of the actions.")
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
        stored = [each.to_body(world.subscription_id) for each in world.authorization.bootstrap]
        stored += [item.body for item in world.store.of_type(ASSIGNMENT)]
        found = [body for body in stored if _covers(body, scope, at_scope=bool(wanted))]
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
        return ArmResponse(200, _built_in(name))

    async def permissions(request: ArmRequest) -> ArmResponse:
        """Answer what the caller may do at a scope: one entry for each entry of each of his roles.

        Two operations in the specification, and none for a subscription: ``Permissions_ListForResourceGroup`` and
        ``Permissions_ListForResource`` (https://learn.microsoft.com/rest/api/authorization/permissions).
        """
        modelled_query(request)
        scope = _scope(request)
        if not re.match(r"/subscriptions/[^/]+/resourceGroups/[^/]+", scope, re.IGNORECASE):
            raise not_modelled(f"the permissions at '{scope}': Azure lists those of resource groups and resources")
        _check_scope(world, scope)
        caller = request.principal.object_id if request.principal else ""
        entries = world.authorization.permissions(caller, scope)
        return ArmResponse(200, {"value": [each.to_body() for each in entries]})

    async def delete_assignment(request: ArmRequest) -> ArmResponse:
        answer = _ASSIGNMENTS.delete(world, request)
        world.authorization.forget(_ASSIGNMENTS.resource_id(request))
        return answer

    async def delete_definition(request: ArmRequest) -> ArmResponse:
        guid = request.params["definition"].lower()
        used = [each for each in world.store.of_type(ASSIGNMENT) if _role_of(each) == guid]
        if used:
            raise ArmError(
                400,
                "RoleDefinitionHasAssignments",
                f"There are existing role assignments referencing role (code: RoleDefinitionHasAssignments): {guid}.",
            )
        return _definitions.delete(world, request)

    world.router.add("GET", "/{scope:path}/providers/Microsoft.Authorization/permissions", permissions)
    definitions = "/{scope:path}/providers/Microsoft.Authorization/roleDefinitions/{definition}"
    world.router.add("GET", definitions, definition)
    world.router.add("GET", _ASSIGNMENTS.template.rsplit("/", 1)[0], assignments)
    # The first route that matches answers: what is special comes before what is plain.
    world.router.add("DELETE", _ASSIGNMENTS.template, delete_assignment)
    _ASSIGNMENTS.register(world)
    _definitions = Declared(DEFINITION, definitions, _fill_definition, tracked=False)
    world.router.add("DELETE", definitions, delete_definition)
    _definitions.register(world)
    locks = "/{scope:path}/providers/Microsoft.Authorization/locks/{lock}"
    Declared("Microsoft.Authorization/locks", locks, _fill_lock, tracked=False).register(world)


def _built_in(name: str) -> dict[str, Any]:
    role = BUILT_IN[name]
    return {
        "id": f"/providers/{DEFINITION}/{name}",
        "name": name,
        "type": DEFINITION,
        "properties": {
            "roleName": role.name,
            "type": "BuiltInRole",
            "assignableScopes": ["/"],
            "permissions": [each.to_body() for each in role.permissions],
        },
    }


def _role_of(assignment: Resource) -> str:
    role: str = assignment.body["properties"]["roleDefinitionId"]
    return role.rsplit("/", 1)[-1].lower()


def _covers(assignment: dict[str, Any], scope: str, *, at_scope: bool) -> bool:
    """Whether a list at ``scope`` shows an assignment: those at and above it, and without a filter those below too."""
    theirs = assignment["properties"]["scope"].lower()
    wanted = scope.lower()
    if wanted == theirs or wanted.startswith(theirs.rstrip("/") + "/"):
        return True
    return not at_scope and theirs.startswith(wanted + "/")
