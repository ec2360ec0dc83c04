"""The decision: does one of a principal's role assignments, here or above, allow an action?

Assignments add up; a definition's ``notActions`` take out of that definition only. There are no deny assignments.
Assignments that have not arrived everywhere yet (``rolePropagationPolls``) do not count: each evaluation that hangs on
one counts it down, so that a delay ends after so many polls and never after so much time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.arm.requests import Principal
from sandbox.arm.store import Store
from sandbox.authorization.actions import refusal
from sandbox.authorization.roles import BUILT_IN, Permission, RoleDefinition

ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
DEFINITION = "Microsoft.Authorization/roleDefinitions"
_PENDING = "role-propagation"


@dataclass(frozen=True, slots=True)
class Assignment:
    """``role`` is the definition's GUID, ``scope`` an ARM id; ``id`` is the assignment's own."""

    id: str
    scope: str
    principal_id: str
    role: str

    def covers(self, scope: str) -> bool:
        """Whether the assignment counts at ``scope``: its own, or one below."""
        own, wanted = self.scope.lower().rstrip("/"), scope.lower().rstrip("/")
        return wanted == own or wanted.startswith(own + "/")

    def to_body(self, subscription_id: str) -> dict[str, Any]:
        """Return the assignment as ARM answers it."""
        provider = f"/subscriptions/{subscription_id}/providers/{DEFINITION}"
        return {
            "id": self.id,
            "name": self.id.rsplit("/", 1)[-1],
            "type": ASSIGNMENT,
            "properties": {
                "scope": self.scope,
                "principalId": self.principal_id,
                "principalType": "ServicePrincipal",
                "roleDefinitionId": f"{provider}/{self.role}",
            },
        }


class Authorization:
    """What the principals of one sandbox may do.

    ``bootstrap`` are the assignments that were there before any program: they are not in the store, and nobody can
    remove them. ``acts_for`` says which other object ids a principal acts for, in lower case: groups that it is a
    member of, and whom it stands for in a rehearsal.
    """

    def __init__(
        self,
        store: Store,
        bootstrap: Sequence[Assignment] = (),
        acts_for: Callable[[str], frozenset[str]] | None = None,
    ) -> None:
        self._store = store
        self._acts_for = acts_for
        self.bootstrap = tuple(bootstrap)

    def allowed(self, object_id: str, action: str, scope: str, *, data: bool = False) -> bool:
        """Whether a principal may do ``action`` (of the data plane with ``data``) on the resource ``scope``."""
        waiting: list[Assignment] = []
        for assignment, role in self._roles(object_id, scope):
            if not role.allows(action, data=data):
                continue
            if self._store.document(_PENDING, assignment.id) is None:
                return True
            waiting.append(assignment)
        for assignment in waiting:
            self._count_down(assignment)
        return False

    def require(self, principal: Principal | None, action: str, scope: str) -> None:
        """Do nothing for a caller who may.

        Raises:
            ArmError: 403 ``AuthorizationFailed``.
        """
        if principal is None:
            raise TypeError(f"'{action}' on '{scope}' is asked for without a principal")
        if not self.allowed(principal.object_id, action, scope):
            raise refusal(principal, action, scope)

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
        """Let a new assignment not count for the next ``polls`` evaluations that hang on it."""
        if polls > 0:
            self._store.put_document(_PENDING, assignment_id, polls)

    def forget(self, assignment_id: str) -> None:
        """Forget the delay of an assignment that is gone."""
        self._store.delete_document(_PENDING, assignment_id)

    def definition(self, role_id: str) -> RoleDefinition | None:
        """Return a definition, built in or custom, by its GUID or id: the GUID alone tells it."""
        guid = role_id.rsplit("/", 1)[-1].lower()
        if guid in BUILT_IN:
            return BUILT_IN[guid]
        for each in self._store.of_type(DEFINITION):
            if each.name.lower() == guid:
                properties = each.body["properties"]
                entries = tuple(Permission.from_body(entry) for entry in properties.get("permissions") or ())
                return RoleDefinition(properties["roleName"], entries)
        return None

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
            yield Assignment(each.id, properties["scope"], properties["principalId"], properties["roleDefinitionId"])

    def _count_down(self, assignment: Assignment) -> None:
        left = self._store.document(_PENDING, assignment.id) or 0
        if left > 1:
            self._store.put_document(_PENDING, assignment.id, left - 1)
        else:
            self._store.delete_document(_PENDING, assignment.id)
