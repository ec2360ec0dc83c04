"""The set-up by an administrator before the first program runs: the initial state of the sandbox.

Deployers have the roles that a deployment needs. The rest comes from a folder of prerequisites, with the files that an
administrator uses in Azure: the condition that limits the roles that deployers may assign, and the callers' custom
roles. Without the folder, deployers may assign any role, and no custom role exists at the start.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from sandbox.azure.authorization.built_in import (
    CONTRIBUTOR,
    IDENTITY_OPERATOR,
    OWNER,
    RBAC_ADMINISTRATOR,
    READER,
)
from sandbox.azure.authorization.evaluation import ASSIGNMENT, DEFINITION, Assignment

_DEPLOYER: Final = (CONTRIBUTOR, RBAC_ADMINISTRATOR, IDENTITY_OPERATOR)

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "deployer": _DEPLOYER,
    "second": _DEPLOYER,
    "reader": (READER,),
    "administrator": (OWNER,),
}
"""Built-in roles at the subscription, by the principal's name; other principals have none.

None of them gives access to blobs: a deployer's access to data only comes from the program's grant.
"""


@dataclass(frozen=True, slots=True)
class Prerequisites:
    """The administrator's set-up.

    ``condition`` is that of the deployers' Role Based Access Control Administrator, "" for none; ``roles`` are the
    custom roles by GUID, each with the ``properties`` of its definition.
    """

    condition: str = ""
    roles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path | None) -> Self:
        """Read ``deployer-condition.txt`` and ``caller-roles/GUID.json`` of a folder, where they are.

        Raises:
            OSError: a file cannot be read.
            ValueError: a role's definition is not JSON.
            KeyError: it has no properties.
        """
        if folder is None:
            return cls()
        condition, roles = folder / "deployer-condition.txt", sorted((folder / "caller-roles").glob("*.json"))
        return cls(
            condition.read_text(encoding="utf-8").strip() if condition.is_file() else "",
            {file.stem: json.loads(file.read_text(encoding="utf-8"))["properties"] for file in roles},
        )

    @property
    def role_names(self) -> dict[str, str]:
        """The names of the custom roles, by GUID."""
        return {guid: str(role.get("roleName", guid)) for guid, role in self.roles.items()}

    def definitions(self, subscription_id: str) -> dict[str, dict[str, Any]]:
        """Return the custom roles as ARM returns them, by GUID; they can be assigned in the whole subscription."""
        scope = f"/subscriptions/{subscription_id}"
        return {
            name: {
                "id": f"{scope}/providers/{DEFINITION}/{name}",
                "name": name,
                "type": DEFINITION,
                "properties": {**properties, "assignableScopes": [scope]},
            }
            for name, properties in self.roles.items()
        }

    def assignments(self, subscription_id: str, object_ids: Mapping[str, str]) -> tuple[Assignment, ...]:
        """Return the assignments for principals (name -> object id)."""
        scope = f"/subscriptions/{subscription_id}"
        return tuple(
            Assignment(
                f"{scope}/providers/{ASSIGNMENT}/{uuid.uuid5(uuid.UUID(role), object_ids[name])}",
                scope,
                object_ids[name],
                role,
                self.condition if role == RBAC_ADMINISTRATOR else "",
            )
            for name, roles in ROLES.items()
            if name in object_ids
            for role in roles
        )
