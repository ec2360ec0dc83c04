"""The resource groups of the environments: their names, and what is wrong with those that the administrator chose."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_GROUP: Final = re.compile(r"[\w().-]{0,89}[\w()-]")
"""https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules."""


def shared_group(name: str) -> str:
    """Return the name of the group of state, key and identities."""
    return f"rg-{name}-prerequisites"


def group(name: str, environment: str, chosen: Mapping[str, str]) -> str:
    """Return the name of an environment's group: the chosen one, or `rg-NAME-ENVIRONMENT`."""
    return chosen.get(environment, f"rg-{name}-{environment}")


def problems(name: str, environments: Sequence[str], chosen: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the groups, a sentence each.

    A deployer is all but the owner of its group. So no other environment may have the same one, and none may have the
    group of the identities. Azure does not distinguish upper and lower case.
    """
    wrong = {each: value for each, value in chosen.items() if not _is_group(value)}
    found = [
        f"groups.{each} is '{'' if value is None else value}'. Allowed: the name of a resource group, 1 to 90 letters, "
        "digits, hyphens, underscores, parentheses and dots, without a dot at the end."
        for each, value in wrong.items()
    ]
    taken = {shared_group(name): "state, key and identities"}
    for each in dict.fromkeys(environments):
        if each in wrong:
            continue
        own = group(name, each, chosen)
        other = taken.setdefault(own.lower(), f"environment {each}")
        if other != f"environment {each}":
            found.append(
                f"environment {each} would have resource group {own}, which is that of {other}. Allowed: a separate "
                "group for each environment (`groups`)."
            )
    return found


def _is_group(value: object) -> bool:
    return isinstance(value, str) and _GROUP.fullmatch(value) is not None
