"""Microsoft.Authorization: role assignments, role definitions and locks; ``azure.authorization`` evaluates them."""

import re
from typing import Any

from sandbox.azure.arm.errors import ArmError, not_modelled
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.queries import equalities
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.store import Resource
from sandbox.azure.authorization.built_in import BUILT_IN
from sandbox.azure.authorization.evaluation import ASSIGNMENT, DEFINITION
from sandbox.azure.services.declared import Declared
from sandbox.azure.services.role_assignments import RoleAssignments, check_guid, check_scope, scope_of
from sandbox.azure.world import World

_FILTERED = {"rolename": "roleName", "type": "type"}
_ACTION = re.compile(r"\*(/\*|/[A-Za-z]+)?|[A-Za-z.]+(/[A-Za-z0-9.*$-]+)+")


def register(world: World) -> None:
    """Serve role assignments, definitions and permissions at any scope; locks are refused."""
    for handlers in (_Permissions(world), RoleAssignments(world), _Definitions(world), _Locks(world)):
        handlers.register()


class _Permissions:
    """The caller's permissions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def register(self) -> None:
        """Add the route."""
        path = "/{scope:path}/providers/Microsoft.Authorization/permissions"
        self._world.router.add("GET", path, self.permissions)

    async def permissions(self, request: ArmRequest) -> ArmResponse:
        """Return the caller's permissions at a scope: one entry per entry of each of their roles.

        Two operations in the specification, and none for a subscription: ``Permissions_ListForResourceGroup`` and
        ``Permissions_ListForResource`` (https://learn.microsoft.com/rest/api/authorization/permissions).
        """
        scope = scope_of(request)
        if not re.match(r"/subscriptions/[^/]+/resourceGroups/[^/]+", scope, re.IGNORECASE):
            raise not_modelled(f"the permissions at '{scope}': Azure lists those of resource groups and resources")
        check_scope(self._world, scope)
        caller = request.principal.object_id if request.principal else ""
        entries = self._world.authorization.permissions(caller, scope)
        return ArmResponse(200, {"value": [each.to_body() for each in entries]})


class _Definitions(Declared):
    """Role definitions: custom ones are resources, built-in ones are read-only."""

    type = DEFINITION
    template = f"/{{scope:path}}/providers/{DEFINITION}/{{definition}}"
    tracked = False
    answers_deleted = True
    list_query = ("$filter",)

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        del old
        check_guid(request.params["definition"], "role definition id", "InvalidRoleDefinitionId")
        if not body["properties"].get("roleName") or not body["properties"].get("assignableScopes"):
            raise ArmError(400, "InvalidRoleDefinition", "A role definition needs 'roleName' and 'assignableScopes'.")
        for scope in body["properties"]["assignableScopes"]:
            # https://learn.microsoft.com/azure/role-based-access-control/custom-roles: on all the scopes of the role.
            self._world.authorization.require(request.principal, f"{DEFINITION}/write", scope)
        for entry in body["properties"].get("permissions") or ():
            for member in ("actions", "notActions", "dataActions", "notDataActions"):
                for action in entry.get(member) or ():
                    if not _ACTION.fullmatch(action):
                        raise ArmError(
                            400, "InvalidActionOrNotAction", f"'{action}' does not match any of the actions."
                        )
        body["properties"]["type"] = "CustomRole"

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Return a definition, built-in or custom, that applies at the scope."""
        name = request.params["definition"].lower()
        stored = self._world.store.get(f"{scope_of(request)}/providers/Microsoft.Authorization/roleDefinitions/{name}")
        if stored is not None:
            return ArmResponse(200, stored.body)
        custom = self._world.authorization.custom(name)
        if custom is not None and _assignable(custom, scope_of(request)):
            return ArmResponse(200, custom)
        if name not in BUILT_IN:
            raise ArmError(
                404, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{name}' does not exist."
            )
        return ArmResponse(200, _built_in(name, scope_of(request)))

    async def list(self, request: ArmRequest) -> ArmResponse:
        """Return the definitions that can be assigned at the scope: all, those of a name, or those of a type."""
        scope, wanted = scope_of(request), request.query.get("$filter", "")
        check_scope(self._world, scope)
        custom = [each for each in self._world.authorization.customs() if _assignable(each, scope)]
        found = [*(_built_in(name, scope) for name in BUILT_IN), *custom]
        if wanted:
            conditions = equalities(wanted, _FILTERED, "a list of role definitions")
            if len(conditions) != 1:
                raise not_modelled(f"'{wanted}' in the $filter of a list of role definitions")
            ((member, value),) = conditions
            found = [each for each in found if each["properties"][_FILTERED[member]].lower() == value]
        return ArmResponse(200, {"value": found})

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete a definition that no assignment uses (200, with the definition); 204 if it does not exist."""
        guid = request.params["definition"].lower()
        used = [each for each in self._world.store.of_type(ASSIGNMENT) if _role_of(each) == guid]
        if used:
            raise ArmError(
                400,
                "RoleDefinitionHasAssignments",
                f"There are existing role assignments referencing role (code: RoleDefinitionHasAssignments): {guid}.",
            )
        return await super().delete(request)


class _Locks(Declared):
    """Locks: all are refused."""

    type = "Microsoft.Authorization/locks"
    template = "/{scope:path}/providers/Microsoft.Authorization/locks/{lock}"
    tracked = False

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        del old
        check_scope(self._world, scope_of(request))
        if body["properties"].get("level") not in ("CanNotDelete", "ReadOnly"):
            raise ArmError(400, "InvalidLockLevel", "A lock's level is CanNotDelete or ReadOnly.")
        # A stored lock without effect would make a rehearsal misleading.
        raise not_modelled("management locks: they are not enforced yet")


def _assignable(definition: dict[str, Any], scope: str) -> bool:
    """Whether a definition applies at a scope: one of its assignable scopes is that scope, or is above it."""
    scopes: list[str] = definition["properties"]["assignableScopes"]
    return any(ArmId.parse(scope).is_within(ArmId.parse(each)) for each in scopes)


def _built_in(name: str, scope: str) -> dict[str, Any]:
    """Return a built-in role as the service spells it at a scope: its id names the subscription."""
    role, subscription = BUILT_IN[name], re.match(r"/subscriptions/[^/]+", scope, re.IGNORECASE)
    return {
        "id": f"{subscription[0] if subscription else ''}/providers/{DEFINITION}/{name}",
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
    return ArmId.parse(role).name.lower()
