"""The roles of a principal at any scope: Azure lists the caller's permissions only of resource groups and resources."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.preflight import arm


def ids(principal: str, scope: str, azure: arm.ResourceManager) -> list[str]:
    """Return the ids of a principal's role definitions at a scope, including inherited ones and those of groups.

    Raises:
        arm.Refused: The assignments may not be read.
        arm.Unanswered: Azure gave no usable answer.
    """
    query = f"&$filter=atScope()%20and%20assignedTo('{principal}')"
    found = azure.read_all(f"{scope}/providers/Microsoft.Authorization/roleAssignments", query)
    return [str(each["properties"]["roleDefinitionId"]) for each in found]


def permissions(
    definition: str, azure: arm.ResourceManager, known: dict[str, Sequence[Mapping[str, Any]]]
) -> Sequence[Mapping[str, Any]]:
    """Return the permissions of a role definition; none if it cannot be read."""
    if definition not in known:
        try:
            known[definition] = azure.read(definition)["properties"].get("permissions") or ()
        except arm.Refused:
            known[definition] = ()
    return known[definition]
