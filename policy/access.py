"""Rules on role assignments and locks. Custom roles: policy/custom_roles.py."""

import re
import uuid
from collections.abc import Iterator, Sequence
from typing import Final

from pulumi_policy import Severity

from policy.conditions import made_from, must_be, of_kind
from policy.custom_roles import DEFINITION
from policy.dangerous import GRANT_ROLES, GRANTABLE
from policy.properties import UNKNOWN, shown
from policy.rule import PRODUCTION, Finding, Option, Options, ResourceRule, Rule, Seen, StackRule
from policy.sources import LEARN, ML, control, least_privilege
from policy.storage import ACCOUNT
from policy.vault import VAULT

ASSIGNMENT: Final = "authorization:RoleAssignment"
LOCK: Final = "authorization:ManagementLockByScope"
RESOURCE_LOCK: Final = "authorization:ManagementLockAtResourceLevel"
WIDE_LOCKS: Final = (
    "authorization:ManagementLockAtResourceGroupLevel",
    "authorization:ManagementLockAtSubscriptionLevel",
)

_ID: Final = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_RESOURCE: Final = re.compile(
    r"/subscriptions/[^/]+/resourcegroups/[^/]+(?:/providers/[^/]+(?:/[^/]+/(?!\.+(?:/|$))[^/]+)+)+", re.IGNORECASE
)


def _narrow(resource: Seen, _options: Options) -> Iterator[str]:
    scope = resource.properties.at("scope")
    if isinstance(scope, str) and not _is_resource(scope):
        yield f"scope is {scope!r}; it must be one resource, not a group, subscription or management group."


def _gives_no_roles(resource: Seen, _options: Options) -> Iterator[str]:
    if name := GRANT_ROLES.get(_role(resource)):
        yield f"roleDefinitionId is {name}, which lets its holder grant roles."


def _known_roles(stack: Sequence[Seen], options: Options) -> Iterator[Finding]:
    """Find grants of roles that are neither on the list, nor defined in the stack and judged there."""
    known = {*GRANTABLE, *GRANT_ROLES, *(each.casefold() for each in options["allowedRoles"])}
    defined = of_kind(stack, DEFINITION)
    for resource in of_kind(stack, ASSIGNMENT):
        role = resource.properties.at("roleDefinitionId")
        is_own = any(made_from([resource], "roleDefinitionId", each) for each in defined)
        if role is not UNKNOWN and not is_own and _role(resource) not in known:
            yield Finding(resource, f"roleDefinitionId is {shown(role)}.")


def _role(resource: Seen) -> str:
    """Return the id of the role that an assignment grants, as Azure writes it; empty if there is none."""
    role = resource.properties.at("roleDefinitionId")
    found = _ID.findall(role) if isinstance(role, str) else []
    return str(uuid.UUID(found[-1])) if found else ""


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
    return _RESOURCE.fullmatch(scope) is not None


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
    StackRule(
        name="authorization-assignment-known-role",
        description="A stack grants roles that the pack knows, or that it defines itself.",
        check=_known_roles,
        remedy="Grant a narrower role, or add its id to allowedRoles of this rule in a policy configuration file: "
        "docs/policy.md.",
        url=f"{LEARN}role-based-access-control/best-practices",
        framework=least_privilege("PA-7"),
        severity=Severity.HIGH,
        options={"allowedRoles": Option((), "Ids of further roles that a stack may grant on one resource.")},
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
