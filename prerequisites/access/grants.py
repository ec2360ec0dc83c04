"""The roles of the identities: each on the smallest scope on which it is enough (docs/prerequisites.md says why)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from components import roles
from components.roles import Role
from prerequisites.access.items import container_id, key_id
from prerequisites.access.setup import READER, Setup

KEY_READER: Final = Role("Batch endpoint state key reader", "0b9e832f-cc41-5006-9817-0b05dace940b")
KEY_USER: Final = Role("Batch endpoint state key user", "480066f3-170f-5ea4-907c-30f33608bca3")
"""Custom roles (prerequisites/key-roles/): the built-in Key Vault Crypto User may also disable a key and back it up.

Pulumi only asks for `encrypt` (of a new stack's data key) and `decrypt`:
https://github.com/google/go-cloud/blob/master/secrets/azurekeyvault/akv.go.
"""


@dataclass(frozen=True)
class Grant:
    """A role of one identity on a scope.

    `condition` makes the text that limits what may be done with the role, from the identity's object id; None for no
    limit.
    """

    identity: str
    role: Role
    scope: str
    condition: Callable[[str], str] | None = None

    def body(self, principal_id: str, subscription_id: str) -> dict[str, dict[str, str]]:
        """Return the body of the PUT.

        The type makes Azure accept a principal that its directory has not yet everywhere:
        https://learn.microsoft.com/azure/role-based-access-control/troubleshooting.
        """
        properties = {
            "roleDefinitionId": roles.definition_id(self.role, subscription_id),
            "principalId": principal_id,
            "principalType": "ServicePrincipal",
        }
        if self.condition:
            properties |= {"condition": self.condition(principal_id), "conditionVersion": "2.0"}
        return {"properties": properties}

    def assignment_id(self, principal_id: str) -> str:
        """Return the ARM id: the same for the same grant, so that a second run finds it."""
        name = roles.assignment_name(self.scope, principal_id, self.role)
        return f"{self.scope}/providers/Microsoft.Authorization/roleAssignments/{name}"


def all_grants(setup: Setup) -> Iterator[Grant]:
    """Yield every grant, the deployers' first."""
    container, key = container_id(setup), key_id(setup)
    for each in setup.environments:
        group = setup.group(each)
        yield Grant(each, roles.CONTRIBUTOR, group)
        yield Grant(each, roles.IDENTITY_OPERATOR, group)
        yield Grant(each, roles.RBAC_ADMINISTRATOR, group, roles.deployer_condition)
        yield Grant(each, roles.BLOB_CONTRIBUTOR, container)
        yield Grant(each, KEY_USER, key)
    for each in setup.environments:
        yield Grant(READER, roles.READER, setup.group(each))
    yield Grant(READER, roles.BLOB_READER, container)
    yield Grant(READER, KEY_READER, key)
