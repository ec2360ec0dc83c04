"""The deployer's roles, and the definitions of the callers' custom roles: as the program checks them at its start.

The program asks in the resource group. Before there is one, the roles have to be on the subscription, whose permissions
Azure does not list; then the deployer's role assignments count, those of groups and of scopes above too.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from components.preflight import arm, assigned_roles, caller_roles, prerequisites
from prerequisites.checks.around import Azure, Stack
from prerequisites.checks.finding import Finding, not_checked
from settings import Settings

SUBJECT: Final = "roles"
GROUP: Final = "resource group"
CALLERS: Final = "callers' roles"
ELSEWHERE: Final = "roles elsewhere"

_GROUP_TYPE: Final = "azure-native:resources:ResourceGroup"
_ASSIGNMENT_TYPE: Final = "azure-native:authorization:RoleAssignment"
_NOT_FOUND: Final = 404


def find(azure: Azure, stack: Stack, settings: Settings) -> Iterator[Finding]:
    """Yield the deployer's missing roles, and what is wrong with the callers' roles."""
    yield from _in_group(azure, stack, settings)
    yield from _elsewhere(azure, stack, settings)


def _in_group(azure: Azure, stack: Stack, settings: Settings) -> Iterator[Finding]:
    if settings.workspace.existing:
        yield not_checked(SUBJECT, "pulumi up checks those on an adopted workspace, before it adds anything to it")
        return
    own = next((str(each["id"]).rpartition("/")[2] for each in stack.of_type(_GROUP_TYPE) if each.get("id")), None)
    group = settings.resource_group or own
    scope = f"{azure.scope}/resourceGroups/{group}" if group else azure.scope
    try:
        permissions = azure.arm.permissions(scope) if group else _assigned(azure)
    except arm.Refused as error:
        if group and error.status == _NOT_FOUND:
            is_own = settings.resource_group is None
            yield Finding(GROUP, prerequisites.no_group(group, azure.subscription, stack.name, is_own=is_own))
        else:
            yield not_checked(SUBJECT, error)
        return
    except arm.Unanswered as error:
        yield not_checked(SUBJECT, error)
        return
    if missing := prerequisites.missing_roles(permissions):
        where = f"in resource group '{group}'" if group else f"in subscription {azure.subscription}"
        yield Finding(SUBJECT, prerequisites.missing_text(missing, where, scope, azure.principal))
    if settings.callers:
        yield from _callers(azure, scope)


def _elsewhere(azure: Azure, stack: Stack, settings: Settings) -> Iterator[Finding]:
    """Yield the resources of others on which the stack's identities get roles, and the deployer cannot assign them.

    A stack that has a role there already may be deployed by somebody who cannot.
    """
    known = {str(each.get("inputs", {}).get("scope")).lower() for each in stack.of_type(_ASSIGNMENT_TYPE)}
    named = settings.elsewhere
    scopes = [
        each for each in (*named.get("data_access", ()), *named.get("registry_access", ())) if each.lower() not in known
    ]
    try:
        closed = prerequisites.not_assignable(scopes, azure.arm)
    except (arm.Refused, arm.Unanswered) as error:
        yield not_checked(ELSEWHERE, error)
        return
    if closed:
        yield Finding(ELSEWHERE, prerequisites.not_assignable_text(closed, azure.principal))


def _callers(azure: Azure, scope: str) -> Iterator[Finding]:
    try:
        wrong = caller_roles.problems(scope, azure.arm)
    except (arm.Refused, arm.Unanswered) as error:
        yield not_checked(CALLERS, error)
        return
    if wrong:
        yield Finding(CALLERS, caller_roles.text(wrong, azure.subscription))


def _assigned(azure: Azure) -> list[Mapping[str, Any]]:
    """Return the permissions of the deployer's roles on the subscription."""
    known: dict[str, Sequence[Mapping[str, Any]]] = {}
    roles = assigned_roles.ids(azure.principal, azure.scope, azure.arm)
    return [entry for role in roles for entry in assigned_roles.permissions(role, azure.arm, known)]
