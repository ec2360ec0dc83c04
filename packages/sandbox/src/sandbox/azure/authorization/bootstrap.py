"""What an administrator did in Azure before any program has run, and so what the sandbox begins with.

Deployers hold the roles that a deployment needs. A folder of prerequisites says the rest, in the same files that an
administrator hands to Azure: the condition that limits which roles deployers may assign, and the callers' custom roles.
Without one deployers may assign any role, and no custom role exists from the start.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from sandbox.azure.authorization.built_in import (
    ACCESS_ADMINISTRATOR,
    CONTRIBUTOR,
    IDENTITY_OPERATOR,
    RBAC_ADMINISTRATOR,
    READER,
)
from sandbox.azure.authorization.evaluation import ASSIGNMENT, DEFINITION, Assignment

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


@dataclass(frozen=True, slots=True)
class Prerequisites:
    """What an administrator set up."""

    condition: str = ""
    """The condition of the deployers' Role Based Access Control Administrator; "" for none."""

    caller_roles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Properties of custom role definitions, by GUID."""

    @classmethod
    def read(cls, folder: Path | None) -> Self:
        """Read ``deployer-condition.txt`` and ``caller-roles.json`` (an ARM template) of a folder, where they are.

        Raises:
            ValueError: the template is not JSON.
        """
        if folder is None:
            return cls()
        condition, template = folder / "deployer-condition.txt", folder / "caller-roles.json"
        roles = json.loads(template.read_text(encoding="utf-8"))["resources"] if template.is_file() else []
        return cls(
            condition.read_text(encoding="utf-8").strip() if condition.is_file() else "",
            {each["name"]: each["properties"] for each in roles},
        )


def definitions(subscription_id: str, prerequisites: Prerequisites) -> dict[str, dict[str, Any]]:
    """Return the custom roles that exist from the start, by GUID, as ARM answers them."""
    scope = f"/subscriptions/{subscription_id}"
    return {
        name: {
            "id": f"{scope}/providers/{DEFINITION}/{name}",
            "name": name,
            "type": DEFINITION,
            "properties": {**properties, "assignableScopes": [scope]},
        }
        for name, properties in prerequisites.caller_roles.items()
    }


def assignments(
    subscription_id: str, object_ids: Mapping[str, str], prerequisites: Prerequisites
) -> tuple[Assignment, ...]:
    """Return the assignments for principals that are given as name to object id."""
    scope = f"/subscriptions/{subscription_id}"
    return tuple(
        Assignment(
            f"{scope}/providers/{ASSIGNMENT}/{uuid.uuid5(uuid.UUID(role), object_ids[name])}",
            scope,
            object_ids[name],
            role,
            prerequisites.condition if role == RBAC_ADMINISTRATOR else "",
        )
        for name, roles in ROLES.items()
        if name in object_ids
        for role in roles
    )
