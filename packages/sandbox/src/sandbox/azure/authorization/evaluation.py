"""Decides whether one of a principal's role assignments, at a scope or above, allows an action.

Assignments add up; a definition's ``notActions`` only subtract from that definition. There are no deny assignments. An
assignment with a condition allows what its condition allows: ``conditions``. Assignments that have not taken effect yet
(``rolePropagationPolls``) are ignored: each evaluation that needs one counts it down, so that a delay ends after a
number of polls, never after a time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sandbox.azure.arm.actions import condition_refusal, refusal
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import Principal
from sandbox.azure.arm.store import Store
from sandbox.azure.authorization import conditions
from sandbox.azure.authorization.built_in import BUILT_IN
from sandbox.azure.authorization.roles import Permission, RoleDefinition

ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
DEFINITION = "Microsoft.Authorization/roleDefinitions"
_PENDING = "role-propagation"


@dataclass(frozen=True, slots=True)
class Assignment:
    """``role`` is the definition's GUID, ``scope`` an ARM id, ``id`` the assignment's id; ``condition`` may be ""."""

    id: str
    scope: str
    principal_id: str
    role: str
    condition: str = ""

    def covers(self, scope: str) -> bool:
        """Whether the assignment applies at ``scope``: its own, or one below."""
        return ArmId.parse(scope).is_within(ArmId.parse(self.scope))

    def to_body(self, subscription_id: str) -> dict[str, Any]:
        """Return the assignment as ARM returns it."""
        provider = f"/subscriptions/{subscription_id}/providers/{DEFINITION}"
        limits = {"condition": self.condition, "conditionVersion": conditions.VERSION} if self.condition else {}
        return {
            **ArmId.parse(self.id).named(ASSIGNMENT),
            "properties": {
                "scope": self.scope,
                "principalId": self.principal_id,
                "principalType": "ServicePrincipal",
                "roleDefinitionId": f"{provider}/{self.role}",
                **limits,
            },
        }


class _Answer(Enum):
    YES = auto()
    NO = auto()
    CONDITION = auto()
    """A role would allow it, but its condition does not."""


def _attributes(assignment: Any) -> Mapping[str, str]:
    """Return the attributes of a role assignment's body for conditions: only what the body says."""
    properties = assignment.get("properties") if isinstance(assignment, dict) else None
    if not isinstance(properties, dict):
        return {}
    found = {
        "RoleDefinitionId": ArmId.parse(str(properties.get("roleDefinitionId") or "")).name,
        "PrincipalId": properties.get("principalId"),
        "PrincipalType": properties.get("principalType"),
    }
    return {name: value for name, value in found.items() if isinstance(value, str) and value}


class Authorization:
    """The permissions of the principals of one sandbox.

    ``bootstrap`` are the initial assignments, ``prepared`` the initial custom roles (bodies by GUID): they are not in
    the store and cannot be removed. ``acts_for`` returns the other object ids that a principal acts for, in lower case:
    its groups, and the principals that it plays in a rehearsal.
    """

    def __init__(
        self,
        store: Store,
        bootstrap: Sequence[Assignment] = (),
        acts_for: Callable[[str], frozenset[str]] | None = None,
        prepared: Mapping[str, dict[str, Any]] | None = None,
    ) -> None:
        self._store = store
        self._prepared = prepared or {}
        self._acts_for = acts_for
        self.bootstrap = tuple(bootstrap)

    def allowed(
        self,
        object_id: str,
        action: str,
        scope: str,
        *,
        data: bool = False,
        context: conditions.Context | None = None,
    ) -> bool:
        """Whether a principal may do ``action`` (of the data plane with ``data``) on the resource ``scope``.

        ``context`` is what conditions see; by default they see the resource in the store.
        """
        return self._decide(object_id, action, scope, data=data, context=context) is _Answer.YES

    def conditioned(self, object_id: str, action: str, scope: str) -> bool:
        """Whether a principal has a role with a condition that allows a data action, whatever the condition says."""
        return any(
            assignment.condition and role.allows(action, data=True)
            for assignment, role in self._roles(object_id, scope)
        )

    def require(self, principal: Principal | None, action: str, scope: str, body: Any = None) -> None:
        """Check the caller's permission; ``body`` is the request's body for conditions.

        Raises:
            ArmError: 403 ``AuthorizationFailed``.
        """
        if principal is None:
            raise TypeError(f"'{action}' on '{scope}' was requested without a principal")
        answer = self._decide(principal.object_id, action, scope, body=body)
        if answer is _Answer.CONDITION:
            raise condition_refusal(principal, action, scope)
        if answer is _Answer.NO:
            raise refusal(principal, action, scope)

    def _decide(
        self,
        object_id: str,
        action: str,
        scope: str,
        *,
        data: bool = False,
        body: Any = None,
        context: conditions.Context | None = None,
    ) -> _Answer:
        waiting: list[Assignment] = []
        answer = _Answer.NO
        for assignment, role in self._roles(object_id, scope):
            if not role.allows(action, data=data):
                continue
            if not self._fulfilled(assignment, context or self._context(action, scope, body)):
                answer = _Answer.CONDITION
            elif self._store.document(_PENDING, assignment.id) is None:
                return _Answer.YES
            else:
                waiting.append(assignment)
        for assignment in waiting:
            self._count_down(assignment)
        return answer

    def _context(self, action: str, scope: str, body: Any) -> conditions.Context | None:
        """Return what conditions see of an action on a role assignment, from the request's body and the store.

        None is allowed always: deleting an assignment that does not exist, which the service answers with 204
        (inferred).
        """
        there = self._store.get(scope)
        if there is None and action == f"{ASSIGNMENT}/delete":
            return None
        return conditions.Context(action, _attributes(body), _attributes(there.body if there else None))

    @staticmethod
    def _fulfilled(assignment: Assignment, context: conditions.Context | None) -> bool:
        return not assignment.condition or context is None or conditions.parse(assignment.condition)(context)

    def permissions(self, object_id: str, scope: str) -> list[Permission]:
        """Return all entries that a principal has at a scope, for ARM's list of permissions."""
        found: list[Permission] = []
        for assignment, role in self._roles(object_id, scope):
            if self._store.document(_PENDING, assignment.id) is None:
                found.extend(role.permissions)
            else:
                self._count_down(assignment)
        return found

    def delay(self, assignment_id: str, polls: int) -> None:
        """Ignore a new assignment for the next ``polls`` evaluations that need it."""
        if polls > 0:
            self._store.put_document(_PENDING, assignment_id, polls)

    def forget(self, assignment_id: str) -> None:
        """Forget the delay of a deleted assignment."""
        self._store.delete_document(_PENDING, assignment_id)

    def custom(self, guid: str) -> dict[str, Any] | None:
        """Return the body of a custom role by its GUID, regardless of the scope of its definition."""
        for each in self._store.of_type(DEFINITION):
            if each.name.lower() == guid.lower():
                return each.body
        return self._prepared.get(guid.lower())

    def customs(self) -> list[dict[str, Any]]:
        """Return the bodies of all custom roles; one that was defined again counts once."""
        stored = {each.name.lower(): each.body for each in self._store.of_type(DEFINITION)}
        return [*({**self._prepared, **stored}).values()]

    def definition(self, role_id: str) -> RoleDefinition | None:
        """Return a definition, built in or custom, by its GUID or id."""
        guid = ArmId.parse(role_id).name.lower()
        if guid in BUILT_IN:
            return BUILT_IN[guid]
        body = self.custom(guid)
        if body is None:
            return None
        properties = body["properties"]
        entries = tuple(Permission.from_body(entry) for entry in properties.get("permissions") or ())
        return RoleDefinition(properties["roleName"], entries)

    def _roles(self, object_id: str, scope: str) -> Iterator[tuple[Assignment, RoleDefinition]]:
        who = {object_id.lower()} | (self._acts_for(object_id) if self._acts_for else frozenset())
        for assignment in self._assignments():
            if assignment.principal_id.lower() not in who or not assignment.covers(scope):
                continue
            role = self.definition(assignment.role)
            if role is not None:
                yield assignment, role

    def _assignments(self) -> Iterable[Assignment]:
        yield from self.bootstrap
        for each in self._store.of_type(ASSIGNMENT):
            properties = each.body["properties"]
            yield Assignment(
                each.id,
                properties["scope"],
                properties["principalId"],
                properties["roleDefinitionId"],
                properties.get("condition") or "",
            )

    def _count_down(self, assignment: Assignment) -> None:
        left = self._store.document(_PENDING, assignment.id) or 0
        if left > 1:
            self._store.put_document(_PENDING, assignment.id, left - 1)
        else:
            self._store.delete_document(_PENDING, assignment.id)
