"""The names that storage accounts and containers can have: (pattern, what is allowed)."""

import re

ACCOUNT_NAME = (r"[a-z0-9]{3,24}", "3 to 24 lower-case letters and digits")
CONTAINER_NAME = (
    r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "3 to 63 lower-case letters, digits and single hyphens, no hyphen at an end",
)
"""https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata"""


def check_account_name(name: str) -> None:
    """Refuse a name that no storage account can have.

    Raises:
        ValueError: with the name and the rule.
    """
    _check("account", name, ACCOUNT_NAME)


def check_container_name(name: str) -> None:
    """Refuse a name that no container can have.

    Raises:
        ValueError: with the name and the rule.
    """
    _check("container", name, CONTAINER_NAME)


def _check(what: str, name: str, rule: tuple[str, str]) -> None:
    pattern, allowed = rule
    if not re.fullmatch(pattern, name):
        raise ValueError(f"The {what} name '{name}' is not allowed: {allowed}.")
