"""What an administrator did in Azure before any program has run, and so what the sandbox begins with.

The same that docs/configuration.md asks of a real one, from the same files of prerequisites/: the roles of callers are
defined, and deployers may assign what the condition lists and nothing else.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any, Final

from sandbox.azure.authorization.built_in import (
    ACCESS_ADMINISTRATOR,
    CONTRIBUTOR,
    IDENTITY_OPERATOR,
    RBAC_ADMINISTRATOR,
    READER,
)
from sandbox.azure.authorization.evaluation import ASSIGNMENT, DEFINITION, Assignment
from sandbox.home import REPOSITORY

_FILES: Final = REPOSITORY / "prerequisites"
_DEPLOYER: Final = (CONTRIBUTOR, RBAC_ADMINISTRATOR, IDENTITY_OPERATOR)

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "deployer": _DEPLOYER,
    "second": _DEPLOYER,
    "reader": (READER,),
    "administrator": (ACCESS_ADMINISTRATOR,),
}
"""Built-in roles at the subscription, by the principal's name; whoever is not named has none.

None of them reaches into blobs: a deployer's access to data comes from the program's own grant only.
"""


def condition() -> str:
    """Return the condition of the deployers' Role Based Access Control Administrator."""
    return (_FILES / "deployer-condition.txt").read_text(encoding="utf-8").strip()


def definitions(subscription_id: str) -> dict[str, dict[str, Any]]:
    """Return the custom roles that exist from the start, by GUID, as ARM answers them."""
    template = json.loads((_FILES / "caller-roles.json").read_text(encoding="utf-8"))
    scope = f"/subscriptions/{subscription_id}"
    return {
        each["name"]: {
            "id": f"{scope}/providers/{DEFINITION}/{each['name']}",
            "name": each["name"],
            "type": DEFINITION,
            "properties": {**each["properties"], "assignableScopes": [scope]},
        }
        for each in template["resources"]
    }


def assignments(subscription_id: str, object_ids: Mapping[str, str]) -> tuple[Assignment, ...]:
    """Return the assignments for principals that are given as name to object id."""
    scope = f"/subscriptions/{subscription_id}"
    return tuple(
        Assignment(
            f"{scope}/providers/{ASSIGNMENT}/{uuid.uuid5(uuid.UUID(role), object_ids[name])}",
            scope,
            object_ids[name],
            role,
            condition() if role == RBAC_ADMINISTRATOR else "",
        )
        for name, roles in ROLES.items()
        if name in object_ids
        for role in roles
    )
