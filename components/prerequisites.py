"""What the deployer must be allowed before anything can be made, asked of Azure at the start of every `up`.

Nobody can grant these roles to himself, so the program does not try: it names the ones that are missing, with the
command for somebody who can grant them. Without this, a deployment would stop halfway, at its first role assignment.
A preview asks nothing: readers may run it.
"""

import urllib.error
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_azure_native import authorization

from components import arm, roles
from components.login import Login

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
    ),
    roles.RBAC_ADMINISTRATOR: ("Microsoft.Authorization/roleAssignments/write",),
    roles.IDENTITY_OPERATOR: ("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",),
}
"""The actions that the program cannot do without, and the built-in role that is meant to give them."""

_NEEDED_FOR_CALLERS: Mapping[roles.Role, tuple[str, ...]] = {
    roles.ACCESS_ADMINISTRATOR: ("Microsoft.Authorization/roleDefinitions/write",),
}
"""What defining the callers' custom roles needs beside that; Role Based Access Control Administrator has it not."""


def checked(
    group: pulumi.Output[str], login: Login, *, is_own: bool, defines_roles: bool = False
) -> pulumi.Output[str]:
    """Return the name of a resource group once the deployer is known to have the roles that are needed in it.

    Everything that is deployed into the group waits for this name, so nothing else is made before the check. If Azure
    does not answer the question, the deployment goes on: its own answers will say what is wrong.

    Args:
        group: Name of the resource group.
        login: Who deploys.
        is_own: Whether the stack made the group; it then exists unless somebody deleted it.
        defines_roles: Whether custom roles will be defined, which needs a role more.

    Raises:
        pulumi.RunError: Later, when the name is known: the group does not exist, or roles in it are missing.
    """
    if pulumi.runtime.is_dry_run():
        return group
    token = authorization.get_client_token_output().token

    def check(known: Sequence[str]) -> str:
        name, bearer = known
        try:
            scope = f"/subscriptions/{login.subscription_id}/resourcegroups/{name}"
            missing = missing_roles(arm.permissions(scope, bearer), defines_roles=defines_roles)
        except urllib.error.HTTPError as error:
            if error.code == 404:  # noqa: PLR2004
                raise pulumi.RunError(_group_is_gone(name, login) if is_own else _no_group(name, login)) from None
            return name
        except (OSError, ValueError):
            return name
        if missing:
            raise pulumi.RunError(_missing(missing, name, login))
        return name

    return pulumi.Output.all(group, token).apply(check)


def missing_roles(permissions: Sequence[Mapping[str, Any]], *, defines_roles: bool = False) -> list[roles.Role]:
    """Return the roles without which the program cannot deploy.

    Args:
        permissions: What the caller may do, as Azure lists it: `actions` that are allowed, and `notActions` that are
            taken out of them again, both with `*` for any text. Each entry stands for itself.
        defines_roles: Whether custom roles will be defined.
    """
    needed = {**_NEEDED, **_NEEDED_FOR_CALLERS} if defines_roles else _NEEDED
    return [
        role
        for role, actions in needed.items()
        if not all(any(arm.allows(entry, action) for entry in permissions) for action in actions)
    ]


def _missing(missing: Sequence[roles.Role], group: str, login: Login) -> str:
    scope = f"/subscriptions/{login.subscription_id}/resourceGroups/{group}"
    commands = "\n".join(
        f'  az role assignment create --assignee {login.object_id} --role "{role.name}" --scope {scope}'
        for role in missing
    )
    names = ", ".join(role.name for role in missing)
    return (
        f"Who deploys ({login.object_id}) lacks in resource group '{group}': {names}. Nothing was created in it.\n"
        f"Somebody who may grant roles there can run:\n{commands}\n"
        "A new role takes some minutes to work everywhere; then run pulumi up again."
    )


def _no_group(group: str, login: Login) -> str:
    return (
        f"There is no resource group '{group}' in subscription {login.subscription_id}, so nothing was created.\n"
        f"  Make it: az group create --name {group} --location LOCATION\n"
        "  Or let the program make one: pulumi config rm resourceGroup"
    )


def _group_is_gone(group: str, login: Login) -> str:
    return (
        f"The stack's own resource group '{group}' in subscription {login.subscription_id} was deleted outside Pulumi, "
        "with all that was in it, so nothing was created.\n"
        "  Make it all again: pulumi up --refresh"
    )
