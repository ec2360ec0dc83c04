"""What the sandbox's principals may do before any program has run: what an administrator granted them in Azure."""

import uuid
from collections.abc import Mapping
from typing import Final

from sandbox.authorization.evaluation import ASSIGNMENT, Assignment
from sandbox.authorization.roles import ACCESS_ADMINISTRATOR, CONTRIBUTOR, IDENTITY_OPERATOR, RBAC_ADMINISTRATOR, READER

_DEPLOYER: Final = (CONTRIBUTOR, RBAC_ADMINISTRATOR, IDENTITY_OPERATOR, ACCESS_ADMINISTRATOR)
"""The last one for stacks with callers, whose custom roles the second may grant and not define."""

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "deployer": _DEPLOYER,
    "second": _DEPLOYER,
    "reader": (READER,),
}
"""Built-in roles at the subscription, by the principal's name; whoever is not named has none.

None of them reaches into blobs: a deployer's access to data comes from the program's own grant only.
"""


def assignments(subscription_id: str, object_ids: Mapping[str, str]) -> tuple[Assignment, ...]:
    """Return the assignments for principals that are given as name to object id."""
    scope = f"/subscriptions/{subscription_id}"
    return tuple(
        Assignment(
            f"{scope}/providers/{ASSIGNMENT}/{uuid.uuid5(uuid.UUID(role), object_ids[name])}",
            scope,
            object_ids[name],
            role,
        )
        for name, roles in ROLES.items()
        if name in object_ids
        for role in roles
    )
