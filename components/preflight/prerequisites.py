"""The deployer's required roles, checked in Azure at the start of every `up`.

The deployer cannot grant these roles to itself, so the program does not try: it names the missing ones, with the
command for somebody who can grant them. Without this, a deployment would stop halfway, at its first role assignment. A
preview asks nothing: readers may run it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_azure_native import authorization

from components import roles
from components.preflight import arm, caller_roles, release_actions, rerun
from components.preflight.login import Login

_NEEDED: Mapping[roles.Role, tuple[str, ...]] = {
    roles.CONTRIBUTOR: (
        "Microsoft.Storage/storageAccounts/write",
        "Microsoft.KeyVault/vaults/write",
        "Microsoft.ContainerRegistry/registries/write",
        "Microsoft.OperationalInsights/workspaces/write",
        "Microsoft.Insights/components/write",
        "Microsoft.Insights/diagnosticSettings/write",
        "Microsoft.ManagedIdentity/userAssignedIdentities/write",
        "Microsoft.MachineLearningServices/workspaces/write",
        *release_actions.ACTIONS,
    ),
    roles.RBAC_ADMINISTRATOR: ("Microsoft.Authorization/roleAssignments/write",),
    roles.IDENTITY_OPERATOR: ("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",),
}
"""The actions that the program needs, by the built-in role that should give them."""

_UNSEEN = (403, 404)
"""The statuses with which Azure refuses to show a resource on which one has no role."""

_CONDITION = ' --condition "$(cat prerequisites/deployer-condition.txt)" --condition-version 2.0'
"""Limits the deployer to the roles that the program assigns: `roles.deployer_condition`."""


def checked(group: pulumi.Output[str], login: Login, *, is_own: bool, has_callers: bool = False) -> pulumi.Output[str]:
    """Return the name of a resource group after checking the deployer's roles in it.

    Everything that is deployed into the group waits for this name, so nothing else is created before the check. If
    Azure refuses the request, the deployment continues with a warning; later errors will show what is wrong.

    Args:
        group: Name of the resource group.
        login: The deploying principal.
        is_own: Whether the stack created the group; then it exists unless somebody deleted it.
        has_callers: Whether the callers' custom roles will be assigned, so that they must be defined.

    Raises: pulumi.RunError: Later, when the name is known: the group does not exist, the deployer's or the callers'
        roles are missing, or Azure does not answer.
    """
    if pulumi.runtime.is_dry_run():
        return group
    token = authorization.get_client_token_output().token

    def check(known: Sequence[str]) -> str:
        name, bearer = known
        scope = f"/subscriptions/{login.subscription_id}/resourcegroups/{name}"
        azure = arm.ResourceManager(bearer)
        try:
            missing = missing_roles(azure.permissions(scope))
            undefined = caller_roles.problems(scope, azure) if has_callers else []
        except arm.Unanswered as error:
            raise pulumi.RunError(f"The roles could not be checked, so nothing was created: {error}") from None
        except arm.Refused as error:
            if error.status == 404:  # noqa: PLR2004
                raise pulumi.RunError(
                    no_group(name, login.subscription_id, pulumi.get_stack(), is_own=is_own)
                ) from None
            pulumi.log.warn(f"The roles in resource group '{name}' were not checked: {error}.")
            return name
        where = f"in resource group '{name}'"
        told = [missing_text(missing, where, f"{_groups(login)}/{name}", login.object_id)] if missing else []
        if undefined:
            told.append(caller_roles.text(undefined, login.subscription_id))
        if told:
            told.append("Nothing was created. A new role takes some minutes to take effect; then try again.")
            raise pulumi.RunError("\n".join(told))
        return name

    return pulumi.Output.all(group, token).apply(check)


def missing_roles(permissions: Sequence[Mapping[str, Any]]) -> dict[roles.Role, list[str]]:
    """Return the roles without which the program cannot deploy or release, each with the actions that are not allowed.

    Args:
        permissions: The caller's permissions, as Azure lists them: allowed `actions` minus `notActions`, both with `*`
            for any text. Each entry is evaluated separately. Conditions are not included.
    """
    found = {role: release_actions.lacking(actions, permissions) for role, actions in _NEEDED.items()}
    return {role: lacking for role, lacking in found.items() if lacking}


def missing_text(missing: Mapping[roles.Role, Sequence[str]], where: str, scope: str, object_id: str) -> str:
    """Return the message for missing roles, with the commands for somebody who can grant them.

    Args:
        missing: The roles, each with the actions that are not allowed.
        where: The scope in words ("in resource group 'rg'").
        scope: Its ARM id.
        object_id: The deployer's.
    """
    commands = "\n".join(
        f'  az role assignment create --assignee {object_id} --role "{role.name}" --scope {scope}'
        f"{_CONDITION if role == roles.RBAC_ADMINISTRATOR else ''}"
        for role in missing
    )
    names = ", ".join(f"{role.name}{release_actions.named(lacking)}" for role, lacking in missing.items())
    return (
        f"The deployer ({object_id}) is missing these roles {where}: {names}.\n"
        f"Somebody who can grant roles there can run:\n{commands}"
    )


def warn_elsewhere(scopes: Sequence[str], login: Login) -> None:
    """Warn of resources elsewhere on which the deployer may not assign roles, at the start of an `up`.

    A warning, because the roles that the stack needs there may have been assigned by somebody else's `up`.

    Args:
        scopes: ARM ids of the resources.
        login: The deploying principal.
    """
    if pulumi.runtime.is_dry_run() or not scopes:
        return

    def ask(bearer: str) -> None:
        try:
            closed = not_assignable(scopes, arm.ResourceManager(bearer))
        except (arm.Refused, arm.Unanswered) as error:
            pulumi.log.warn(f"The deployer's roles on {', '.join(scopes)} were not checked: {error}")
            return
        if closed:
            pulumi.log.warn(not_assignable_text(closed, login.object_id))

    authorization.get_client_token_output().token.apply(ask)


def not_assignable(scopes: Sequence[str], azure: arm.ResourceManager) -> list[str]:
    """Return the scopes on which the caller may not assign roles, or which it cannot see; raises like `azure.read`."""
    closed = []
    for scope in scopes:
        try:
            permissions = azure.permissions(scope)
        except arm.Refused as error:
            if error.status not in _UNSEEN:
                raise
            permissions = []
        if release_actions.lacking(_NEEDED[roles.RBAC_ADMINISTRATOR], permissions):
            closed.append(scope)
    return closed


def not_assignable_text(scopes: Sequence[str], object_id: str) -> str:
    """Return the message for scopes on which the deployer may not assign roles, with the commands."""
    role = roles.RBAC_ADMINISTRATOR.name
    commands = "\n".join(
        f'  az role assignment create --assignee {object_id} --role "{role}" --scope {scope}{_CONDITION}'
        for scope in scopes
    )
    return (
        f"The deployer ({object_id}) may not assign roles on {', '.join(scopes)}, where the stack lets its identities "
        "read. An `up` that adds such a role would stop there.\n"
        f"Somebody who can grant roles there can run:\n{commands}"
    )


def _groups(login: Login) -> str:
    return f"/subscriptions/{login.subscription_id}/resourceGroups"


def no_group(group: str, subscription_id: str, stack: str, *, is_own: bool) -> str:
    """Return the message for a resource group that does not exist; `is_own`: the stack had created it."""
    if is_own:
        return (
            f"The stack's own resource group '{group}' in subscription {subscription_id} was deleted outside "
            "Pulumi, with everything in it, so nothing was created.\n"
            f"  Create everything again: {rerun.up(stack, '--refresh')}"
        )
    return (
        f"Resource group '{group}' does not exist in subscription {subscription_id}, so nothing was created.\n"
        f"  Create it: az group create --name {group} --location LOCATION\n"
        f"  Or let the program create one: remove resourceGroup from Pulumi.{stack}.yaml"
    )
