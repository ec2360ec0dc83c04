"""What the deployer must be allowed before anything can be made, asked of Azure at the start of every `up`.

Nobody can grant these roles to himself, so the program does not try: it names the ones that are missing, with the
command for somebody who can grant them. Without this, a deployment would stop halfway, at its first role assignment.
A preview asks nothing: readers may run it.
"""

import fnmatch
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_azure_native import authorization

from components import roles
from components.login import Login

_PERMISSIONS = (
    "https://management.azure.com/subscriptions/{subscription}/resourcegroups/{group}"
    "/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
)
_TIMEOUT_SECONDS = 10.0

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


def checked(group: pulumi.Output[str], login: Login) -> pulumi.Output[str]:
    """Return the name of a resource group once the deployer is known to have the roles that are needed in it.

    Everything that is deployed into the group waits for this name, so nothing else is made before the check. If Azure
    does not answer the question, the deployment goes on: its own answers will say what is wrong.

    Raises:
        pulumi.RunError: Later, when the name is known: the group does not exist, or roles in it are missing.
    """
    if pulumi.runtime.is_dry_run():
        return group
    token = authorization.get_client_token_output().token

    def check(known: Sequence[str]) -> str:
        name, bearer = known
        try:
            missing = missing_roles(_permissions(login.subscription_id, name, bearer))
        except urllib.error.HTTPError as error:
            if error.code == 404:  # noqa: PLR2004
                raise pulumi.RunError(_no_group(name, login)) from None
            return name
        except (OSError, ValueError):
            return name
        if missing:
            raise pulumi.RunError(_missing(missing, name, login))
        return name

    return pulumi.Output.all(group, token).apply(check)


def missing_roles(permissions: Sequence[Mapping[str, Any]]) -> list[roles.Role]:
    """Return the roles without which the program cannot deploy.

    Args:
        permissions: What the caller may do, as Azure lists it: `actions` that are allowed, and `notActions` that are
            taken out of them again, both with `*` for any text. Each entry stands for itself.
    """
    return [
        role
        for role, actions in _NEEDED.items()
        if not all(any(_allows(entry, action) for entry in permissions) for action in actions)
    ]


def _allows(entry: Mapping[str, Any], action: str) -> bool:
    def named(patterns: Sequence[str]) -> bool:
        return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)

    return named(entry.get("actions") or ()) and not named(entry.get("notActions") or ())


def _permissions(subscription: str, group: str, token: str) -> list[Mapping[str, Any]]:
    request = urllib.request.Request(  # noqa: S310 - the address is a constant
        _PERMISSIONS.format(subscription=subscription, group=group), headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
        found: list[Mapping[str, Any]] = json.load(answer)["value"]
    return found


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
