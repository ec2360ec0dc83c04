"""The roles of the identities: each on the smallest scope on which it is enough (docs/prerequisites.md says why)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from components import roles
from components.roles import Role
from prerequisites.access.items import container_id, key_id
from prerequisites.access.setup import READER, Setup

READS: Final = Role("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7")
CRYPTO_USER: Final = Role("Key Vault Crypto User", "12338af0-0e69-4776-bea7-57ae8d297424")


@dataclass(frozen=True)
class Grant:
    """A role of one identity on a scope; `condition` limits what may be done with the role, "" for no limit."""

    identity: str
    role: Role
    scope: str
    condition: str = ""

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
            properties |= {"condition": self.condition, "conditionVersion": "2.0"}
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
        yield Grant(each, roles.RBAC_ADMINISTRATOR, group, roles.deployer_condition())
        yield Grant(each, roles.BLOB_CONTRIBUTOR, container)
        yield Grant(each, CRYPTO_USER, key)
    for each in setup.environments:
        yield Grant(READER, READS, setup.group(each))
    yield Grant(READER, roles.BLOB_READER, container)
    yield Grant(READER, CRYPTO_USER, key)
