"""Role assignments: refusals, and the members that the service adds."""

import re
import uuid
from typing import Any

from sandbox.azure.arm.errors import ArmError, not_modelled, resource_not_found
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.arm.types import IDENTITY, WORKFLOW, WORKSPACE
from sandbox.azure.authorization import conditions
from sandbox.azure.authorization.built_in import BUILT_IN
from sandbox.azure.authorization.evaluation import ASSIGNMENT
from sandbox.azure.circumstances import propagation_polls
from sandbox.azure.services.declared import Declared
from sandbox.azure.world import World

_CONTAINER = re.compile(r"(?P<account>.+)/blobServices/default/containers/(?P<name>[^/]+)", re.IGNORECASE)
_FILTER = re.compile(
    r"atScope\(\)|(atScope\(\) and )?assignedTo\('(?P<assigned>[^']+)'\)|principalId eq '(?P<principal>[^']+)'",
    re.IGNORECASE,
)


class RoleAssignments(Declared):
    """Role assignments at any scope."""

    type = ASSIGNMENT
    template = f"/{{scope:path}}/providers/{ASSIGNMENT}/{{assignment}}"
    tracked = False
    answers_deleted = True
    list_query = ("$filter",)

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        """Refuse what the service refuses, and add the creator and times."""
        scope = scope_of(request)
        check_scope(self._world, scope)
        check_guid(request.params["assignment"], "role assignment id", "InvalidRoleAssignmentId")
        properties = body["properties"]
        for member in ("principalId", "roleDefinitionId"):
            if not properties.get(member):
                raise ArmError(400, "BadRequestFormat", f"'properties.{member}' is missing.")
        _check_role(self._world, properties["roleDefinitionId"], scope)
        _check_principal(self._world, properties)
        _check_condition(properties)
        if old is None:
            _check_duplicate(self._world, scope, properties)
            self._world.authorization.delay(self.resource_id(request), propagation_polls(self._world.store))
        elif any(
            old.body["properties"][member] != properties[member] for member in ("principalId", "roleDefinitionId")
        ):
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

    async def list(self, request: ArmRequest) -> ArmResponse:
        """Return the assignments at, above and below a scope; with ``atScope()`` not those below.

        https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest
        """
        scope = scope_of(request)
        wanted = request.query.get("$filter", "")
        match = _FILTER.fullmatch(wanted)
        if wanted and match is None:
            raise not_modelled(f"$filter={wanted} on role assignments")
        stored = [each.to_body(self._world.subscription_id) for each in self._world.authorization.bootstrap]
        stored += [item.body for item in self._world.store.of_type(ASSIGNMENT)]
        found = [body for body in stored if _covers(body, scope, at_scope=wanted.lower().startswith("atscope()"))]
        principal = (match["assigned"] or match["principal"] or "").lower() if match else ""
        if principal:
            found = [body for body in found if body["properties"]["principalId"].lower() == principal]
        return ArmResponse(200, {"value": found})

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete an assignment (200, with the assignment), or answer 204 if it does not exist."""
        answer = await super().delete(request)
        self._world.authorization.forget(self.resource_id(request))
        return answer


def scope_of(request: ArmRequest) -> str:
    """Return the scope of a request to this provider: the id before ``/providers/Microsoft.Authorization``."""
    return "/" + request.params.get("scope", "").strip("/")


def check_scope(world: World, scope: str) -> None:
    """Check that a scope is a subscription or exists.

    Raises:
        ArmError: 404.
    """
    if re.fullmatch(r"/subscriptions/[^/]+", scope, re.IGNORECASE) or world.store.get(scope) is not None:
        return
    container = _CONTAINER.fullmatch(scope)
    if container is not None and world.store.get(container["account"]) is not None:
        # Other services create most containers, bypassing ARM, which shows them anyway.
        account = ArmId.parse(container["account"]).name
        if container["name"].lower() in world.blobs.containers(account):
            return
    raise resource_not_found(scope)


def _principal_type(world: World, object_id: str) -> str | None:
    """Return the type of a principal of the directory or of a resource ("ServicePrincipal"), or None."""
    known = {item.body["properties"]["principalId"].lower() for item in world.store.of_type(IDENTITY)}
    for each in (*world.store.of_type(WORKSPACE), *world.store.of_type(WORKFLOW)):
        known.add(str((each.body.get("identity") or {}).get("principalId")).lower())
    return "ServicePrincipal" if object_id.lower() in known else world.kind_of(object_id)


def check_guid(value: str, what: str, code: str) -> None:
    """Refuse a text that is not a GUID with 400 ``code``; ``what`` describes it."""
    try:
        uuid.UUID(value)
    except ValueError:
        raise ArmError(400, code, f"The {what} '{value}' is not a GUID.") from None


def _check_role(world: World, role_id: str, scope: str) -> None:
    guid = ArmId.parse(role_id).name.lower()
    if guid in BUILT_IN:
        return
    custom = world.authorization.custom(guid)
    if custom is None:
        raise ArmError(
            400, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{guid}' does not exist."
        )
    if not any(ArmId.parse(scope).is_within(ArmId.parse(each)) for each in custom["properties"]["assignableScopes"]):
        raise ArmError(
            400,
            "RoleAssignmentScopeNotAssignableToRoleDefinition",
            f"The role assignment scope '{scope}' is not assignable to the role definition '{guid}'; its assignable"
            f" scopes are: {', '.join(custom['properties']['assignableScopes'])}.",
        )


def _check_principal(world: World, properties: dict[str, Any]) -> None:
    kind = _principal_type(world, properties["principalId"])
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


def _check_condition(properties: dict[str, Any]) -> None:
    """Refuse an invalid condition, and one that the sandbox could only store.

    A condition without effect would be misleading. The text before the colon is Azure's
    (https://learn.microsoft.com/azure/role-based-access-control/conditions-troubleshoot).
    """
    text, version = properties.get("condition") or "", properties.get("conditionVersion") or ""
    if not text and not version:
        return
    try:
        conditions.check(text, version)
    except conditions.NotModelledError as error:
        raise not_modelled(str(error)) from None
    except conditions.ConditionError as error:
        raise ArmError(
            400,
            "InvalidRoleAssignmentCondition",
            f"The given role assignment condition is invalid: {error}.",
        ) from None


def _check_duplicate(world: World, scope: str, properties: dict[str, Any]) -> None:
    for other in world.store.children(scope, ASSIGNMENT):
        theirs = other.body["properties"]
        same_role = ArmId.parse(theirs["roleDefinitionId"]).name == ArmId.parse(properties["roleDefinitionId"]).name
        if same_role and theirs["principalId"] == properties["principalId"]:
            raise ArmError(409, "RoleAssignmentExists", f"The role assignment already exists. Its ID is {other.name}.")


def _covers(assignment: dict[str, Any], scope: str, *, at_scope: bool) -> bool:
    """Whether a list at ``scope`` includes an assignment at or above it, or, unless ``at_scope``, below it."""
    theirs, wanted = ArmId.parse(assignment["properties"]["scope"]), ArmId.parse(scope)
    return wanted.is_within(theirs) or (not at_scope and theirs.is_within(wanted))
