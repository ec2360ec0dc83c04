"""Microsoft.Authorization: role assignments, role definitions and locks; ``azure.authorization`` evaluates them."""

import re
from typing import Any

from sandbox.azure.arm.errors import ArmError, not_modelled
from sandbox.azure.arm.queries import modelled_query
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.store import Resource
from sandbox.azure.authorization.built_in import BUILT_IN
from sandbox.azure.authorization.evaluation import ASSIGNMENT, DEFINITION
from sandbox.azure.services import role_assignments
from sandbox.azure.services.declared import Declared
from sandbox.azure.services.role_assignments import check_guid, check_scope, scope_of
from sandbox.azure.world import World

_ACTION = re.compile(r"\*(/\*|/[A-Za-z]+)?|[A-Za-z.]+(/[A-Za-z0-9.*$-]+)+")
_FILTER = re.compile(r"^(?:principalId eq|assignedTo\()\s*'([^']+)'\)?$", re.IGNORECASE)


def _fill_definition(world: World, request: ArmRequest, _: Resource | None, body: dict[str, Any]) -> None:
    check_guid(request.params["definition"], "role definition id", "InvalidRoleDefinitionId")
    if not body["properties"].get("roleName") or not body["properties"].get("assignableScopes"):
        raise ArmError(400, "InvalidRoleDefinition", "A role definition needs 'roleName' and 'assignableScopes'.")
    for scope in body["properties"]["assignableScopes"]:
        # https://learn.microsoft.com/azure/role-based-access-control/custom-roles: on all the scopes of the role.
        world.authorization.require(request.principal, f"{DEFINITION}/write", scope)
    for entry in body["properties"].get("permissions") or ():
        for member in ("actions", "notActions", "dataActions", "notDataActions"):
            for action in entry.get(member) or ():
                if not _ACTION.fullmatch(action):
                    raise ArmError(400, "InvalidActionOrNotAction", f"'{action}' does not match any of the actions.")
    body["properties"]["type"] = "CustomRole"


def _fill_lock(world: World, request: ArmRequest, _: Resource | None, body: dict[str, Any]) -> None:
    check_scope(world, scope_of(request))
    if body["properties"].get("level") not in ("CanNotDelete", "ReadOnly"):
        raise ArmError(400, "InvalidLockLevel", "A lock's level is CanNotDelete or ReadOnly.")
    # A lock that is stored but does not hold would make a rehearsal lie.
    raise not_modelled("management locks: they are not enforced yet")


def register(world: World) -> None:
    """Serve role assignments and definitions at any scope; locks are refused by name."""

    async def assignments(request: ArmRequest) -> ArmResponse:
        scope = scope_of(request)
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
        stored = world.store.get(f"{scope_of(request)}/providers/Microsoft.Authorization/roleDefinitions/{name}")
        if stored is not None:
            return ArmResponse(200, stored.body)
        custom = world.authorization.custom(name)
        if custom is not None and _assignable(custom, scope_of(request)):
            return ArmResponse(200, custom)
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
        scope = scope_of(request)
        if not re.match(r"/subscriptions/[^/]+/resourceGroups/[^/]+", scope, re.IGNORECASE):
            raise not_modelled(f"the permissions at '{scope}': Azure lists those of resource groups and resources")
        check_scope(world, scope)
        caller = request.principal.object_id if request.principal else ""
        entries = world.authorization.permissions(caller, scope)
        return ArmResponse(200, {"value": [each.to_body() for each in entries]})

    async def delete_assignment(request: ArmRequest) -> ArmResponse:
        answer = role_assignments.DECLARED.delete(world, request)
        world.authorization.forget(role_assignments.DECLARED.resource_id(request))
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
    world.router.add("GET", role_assignments.DECLARED.template.rsplit("/", 1)[0], assignments)
    # The first route that matches answers: what is special comes before what is plain.
    world.router.add("DELETE", role_assignments.DECLARED.template, delete_assignment)
    role_assignments.DECLARED.register(world)
    _definitions = Declared(DEFINITION, definitions, _fill_definition, tracked=False)
    world.router.add("DELETE", definitions, delete_definition)
    _definitions.register(world)
    locks = "/{scope:path}/providers/Microsoft.Authorization/locks/{lock}"
    Declared("Microsoft.Authorization/locks", locks, _fill_lock, tracked=False).register(world)


def _assignable(definition: dict[str, Any], scope: str) -> bool:
    """Whether a definition applies at a scope: one of its assignable scopes is that scope, or is above it."""
    scopes: list[str] = definition["properties"]["assignableScopes"]
    return any((scope.lower() + "/").startswith(each.rstrip("/").lower() + "/") for each in scopes)


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
