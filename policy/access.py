"""Rules on role assignments, custom roles and locks."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from pulumi_policy import Severity

from policy.conditions import made_from, must_be, of_kind
from policy.properties import Properties
from policy.rule import PRODUCTION, Finding, Options, ResourceRule, Rule, Seen, StackRule
from policy.sources import LEARN, ML, control, least_privilege
from policy.storage import ACCOUNT
from policy.vault import VAULT

ASSIGNMENT: Final = "authorization:RoleAssignment"
DEFINITION: Final = "authorization:RoleDefinition"
LOCK: Final = "authorization:ManagementLockByScope"
RESOURCE_LOCK: Final = "authorization:ManagementLockAtResourceLevel"
WIDE_LOCKS: Final = (
    "authorization:ManagementLockAtResourceGroupLevel",
    "authorization:ManagementLockAtSubscriptionLevel",
)

_GIVES_ROLES: Final = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}
"""Built-in roles whose holders can grant themselves everything else, the same in every tenant:
https://learn.microsoft.com/azure/role-based-access-control/built-in-roles"""

_FORBIDDEN: Final = (
    (r"\*", "allows everything"),
    (r".*/list\w*keys/action|.*/list\w*secrets/action", "reads keys"),
    (r".*/batchendpoints/(deployments/)?(write|delete|\*)", "changes what an endpoint serves"),
)
"""Actions that a custom role must not allow, in lower case, and why."""


def _narrow(resource: Seen, _options: Options) -> Iterator[str]:
    scope = resource.properties.at("scope")
    if isinstance(scope, str) and not _is_resource(scope):
        yield f"scope is {scope!r}; it must be one resource, not a group, subscription or management group."


def _gives_no_roles(resource: Seen, _options: Options) -> Iterator[str]:
    role = resource.properties.at("roleDefinitionId")
    if isinstance(role, str) and (name := _GIVES_ROLES.get(role.rpartition("/")[2].lower())):
        yield f"roleDefinitionId is {name}, which lets its holder grant roles."


def _small_role(resource: Seen, _options: Options) -> Iterator[str]:
    """Find actions that a custom role should not allow; skip parts that are not known yet."""
    permissions = resource.properties.elements("permissions")
    for permission in permissions if isinstance(permissions, list) else []:
        actions = permission.elements("actions") if isinstance(permission, Properties) else []
        for action in actions if isinstance(actions, list) else []:
            for pattern, why in _FORBIDDEN:
                if isinstance(action, str) and re.fullmatch(pattern, action.lower()):
                    yield f"It allows {action!r}, which {why}."


def _no_lock_above_workspace(resource: Seen, _options: Options) -> Iterator[str]:
    scope = resource.properties.at("scope")
    if resource.kind in WIDE_LOCKS or (isinstance(scope, str) and not _is_resource(scope)):
        yield "It locks a whole resource group or more."


def _data_locked(stack: Sequence[Seen], _options: Options) -> Iterator[Finding]:
    locks = [each for each in of_kind(stack, LOCK, RESOURCE_LOCK) if each.properties.at("level") != "NotSpecified"]
    for resource in of_kind(stack, ACCOUNT, VAULT):
        if not (made_from(locks, "scope", resource) or made_from(locks, "resourceName", resource)):
            yield Finding(resource, "No lock in this stack protects it from deletion.")


def _is_resource(scope: str) -> bool:
    """Say whether an ARM id is that of a resource, not of a group, subscription or management group."""
    return re.search(r"/resourcegroups/[^/]+/providers/[^/]+/[^/]+/[^/]+", scope, re.IGNORECASE) is not None


RULES: Final[list[Rule]] = [
    ResourceRule(
        name="authorization-assignment-principal-type",
        description="A role assignment sets the type of its principal.",
        kinds=(ASSIGNMENT,),
        check=must_be("principalType", "ServicePrincipal", "User", "Group"),
        remedy="Set principal_type, as components/workspace_parts/grants.py does: a new identity is "
        "not in the directory yet.",
        url=f"{LEARN}role-based-access-control/role-assignments-template",
        framework=least_privilege("PA-7"),
        severity=Severity.LOW,
    ),
    ResourceRule(
        name="authorization-assignment-one-resource",
        description="A role is granted on one resource, never on a whole group or subscription.",
        kinds=(ASSIGNMENT,),
        check=_narrow,
        remedy="Grant the role on the resource that it is needed for; docs/security.md lists which.",
        url=f"{LEARN}role-based-access-control/best-practices",
        framework=least_privilege("PA-7"),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="authorization-assignment-gives-no-roles",
        description="No stack grants a role whose holder can grant roles.",
        kinds=(ASSIGNMENT,),
        check=_gives_no_roles,
        remedy="Leave it to an administrator: docs/access.md says what the deployer needs.",
        url=f"{LEARN}role-based-access-control/best-practices",
        framework=least_privilege("PA-1"),
        severity=Severity.CRITICAL,
    ),
    ResourceRule(
        name="authorization-role-small",
        description="A custom role does not allow everything, reading keys, or changing what an endpoint serves.",
        kinds=(DEFINITION,),
        check=_small_role,
        remedy="Leave the action out; components/preflight/caller_roles.py has what a caller needs.",
        url=f"{ML}how-to-authenticate-batch-endpoint",
        framework=least_privilege("PA-7"),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="authorization-lock-not-on-group",
        description="Neither a workspace's resource group nor anything above it has a lock: clusters could not scale.",
        kinds=(LOCK, *WIDE_LOCKS),
        check=_no_lock_above_workspace,
        remedy="Lock the storage account and the key vault instead.",
        url=f"{ML}how-to-create-attach-compute-cluster",
        framework=control(1),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="authorization-lock-delete-only",
        description="A lock only prevents deletion: a read-only lock would also stop the listing of keys.",
        kinds=(LOCK, RESOURCE_LOCK),
        check=must_be("level", "CanNotDelete"),
        remedy="Set level to CanNotDelete.",
        url=f"{LEARN}azure-resource-manager/management/lock-resources",
        framework=control(2),
    ),
    StackRule(
        name="authorization-lock-on-data",
        description="Storage account and key vault are locked against deletion.",
        check=_data_locked,
        remedy="Add a ManagementLockByScope with level CanNotDelete on each.",
        url=f"{LEARN}azure-resource-manager/management/lock-resources",
        framework=control(2),
        level=PRODUCTION,
    ),
]
