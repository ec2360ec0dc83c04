"""Finds missing roles on an adopted workspace, before anything is added to it.

The program grants no roles on resources of others. It names each missing role with its scope and principal, and the
command that grants it. Only the allowed actions count, so a wider or custom role is fine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import authorization

from components import roles
from components.preflight import arm, assigned_roles, caller_roles, release_actions

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/"
_QUEUES = "Microsoft.Storage/storageAccounts/queueServices/queues/messages/"
_TABLES = "Microsoft.Storage/storageAccounts/tableServices/tables/entities/"

_DATA_ACTIONS: Mapping[roles.Role, tuple[str, ...]] = {
    roles.BLOB_CONTRIBUTOR: (f"{_BLOBS}read", f"{_BLOBS}write"),
    roles.QUEUE_CONTRIBUTOR: (f"{_QUEUES}read", f"{_QUEUES}write"),
    roles.TABLE_CONTRIBUTOR: (f"{_TABLES}read", f"{_TABLES}write"),
}
"""The data actions that a role must allow to replace the built-in one."""

_ACTIONS: Mapping[roles.Role, tuple[str, ...]] = {
    roles.ACR_PULL: ("Microsoft.ContainerRegistry/registries/pull/read",),
    roles.DATA_SCIENTIST: release_actions.ACTIONS,
    roles.CONTRIBUTOR: (*release_actions.ACTIONS, "Microsoft.MachineLearningServices/workspaces/computes/write"),
}


@dataclass(frozen=True)
class Needs:
    """The resources of an adopted workspace, and the principals that use it.

    Attributes:
        subscription_id: Subscription of the workspace.
        workspace_id: ARM id of the workspace.
        storage_id: ARM id of its storage account.
        registry_id: ARM id of its container registry, if it already has one.
        deployer_id: Object id of the principal that releases models.
        makes_cluster: Whether the program creates a cluster in the workspace.
        has_callers: Whether the callers' custom roles will be assigned in it.
    """

    subscription_id: str
    workspace_id: str
    storage_id: str
    registry_id: str | None
    deployer_id: str
    makes_cluster: bool
    has_callers: bool = False


@dataclass(frozen=True)
class Missing:
    """A role that somebody is missing."""

    who: str
    principal_id: str
    role: roles.Role
    scope: str
    lacking: tuple[str, ...] = ()
    """The actions that the role would allow, and the assigned ones do not."""

    def line(self) -> str:
        """Say who is missing which role, and where."""
        lacking = release_actions.named(self.lacking)
        return f"{self.who} ({self.principal_id}) is missing {self.role.name} on {self.scope}{lacking}"

    def command(self) -> str:
        """Return the command that grants it."""
        return (
            f'az role assignment create --assignee-object-id {self.principal_id} --role "{self.role.name}" '
            f"--scope {self.scope}"
        )


def checked(needs: Needs, principals: Mapping[str, pulumi.Input[str]], name: str) -> pulumi.Output[str]:
    """Return the workspace's name once no role is missing; a preview, which readers may run, asks nothing.

    If Azure refuses the request, the deployment continues with a warning; later errors will show what is wrong.

    Args:
        needs: The resources.
        principals: Object id of the identity of each cluster's nodes, by the name of the adopted cluster; by an empty
            name that of the clusters to create.
        name: Name of the workspace.

    Raises: pulumi.RunError: Later, if roles are missing or Azure does not answer.
    """
    if pulumi.runtime.is_dry_run():
        return pulumi.Output.from_input(name)
    token = authorization.get_client_token_output().token

    def check(known: Sequence[Any]) -> str:
        found, bearer = known
        if without := [cluster for cluster, principal in found.items() if not principal]:
            raise pulumi.RunError(
                f"Cluster {without[0]!r} has no identity, so its jobs could not read or write blobs. Nothing was "
                f"created.\n  To add one: az resource update --ids {needs.workspace_id}/computes/{without[0]}"
                f" --api-version {arm.MACHINE_LEARNING} --set identity.type=SystemAssigned"
            )
        azure = arm.ResourceManager(bearer)
        try:
            missing = missing_roles(needs, sorted(set(found.values())), azure)
            undefined = caller_roles.problems(needs.workspace_id, azure) if needs.has_callers else []
        except arm.Unanswered as error:
            raise pulumi.RunError(f"The roles could not be checked, so nothing was added: {error}") from None
        except arm.Refused as error:
            pulumi.log.warn(f"The roles on workspace '{name}' were not checked: {error}.")
            return name
        told = [_text(missing)] if missing else []
        if undefined:
            told.append(caller_roles.text(undefined, needs.subscription_id))
        if told:
            told.append("Nothing was added to it. A new role takes some minutes to take effect; then try again.")
            raise pulumi.RunError("\n".join(told))
        return name

    return pulumi.Output.all(pulumi.Output.all(**principals), token).apply(check)


def missing_roles(needs: Needs, principals: Sequence[str], azure: arm.ResourceManager) -> list[Missing]:
    """Return every missing role; raises like `azure.read`. The `principals` are those of the clusters' nodes."""
    deployers = roles.CONTRIBUTOR if needs.makes_cluster else roles.DATA_SCIENTIST
    wanted = [
        ("the deployer", needs.deployer_id, deployers, needs.workspace_id),
        ("the deployer", needs.deployer_id, roles.BLOB_CONTRIBUTOR, needs.storage_id),
    ]
    for principal in principals:
        on_storage = (roles.BLOB_CONTRIBUTOR, roles.QUEUE_CONTRIBUTOR, roles.TABLE_CONTRIBUTOR)
        wanted += [("the cluster's identity", principal, role, needs.storage_id) for role in on_storage]
        if needs.registry_id:
            wanted.append(("the cluster's identity", principal, roles.ACR_PULL, needs.registry_id))
    definitions: dict[str, Sequence[Mapping[str, Any]]] = {}
    return [
        Missing(who, principal, role, scope, tuple(lacking))
        for who, principal, role, scope in wanted
        if (lacking := _lacking(role, assigned_roles.ids(principal, scope, azure), azure, definitions))
    ]


def _lacking(
    role: roles.Role,
    assigned: Sequence[str],
    azure: arm.ResourceManager,
    definitions: dict[str, Sequence[Mapping[str, Any]]],
) -> list[str]:
    """Return the actions that the role is needed for and that no assigned role allows; none if it is assigned."""
    if any(each.rpartition("/")[2].lower() == role.id for each in assigned):
        return []
    data = role in _DATA_ACTIONS
    actions = _DATA_ACTIONS[role] if data else _ACTIONS[role]
    entries = [entry for each in assigned for entry in assigned_roles.permissions(each, azure, definitions)]
    return release_actions.lacking(actions, entries, data=data)


def _text(missing: Sequence[Missing]) -> str:
    lines = "\n".join(f"  {each.line()}" for each in missing)
    commands = "\n".join(f"  {each.command()}" for each in missing)
    return (
        "Roles are missing on the adopted resources, and this program does not grant roles there:\n"
        f"{lines}\n"
        "Somebody who can grant roles there can run:\n"
        f"{commands}"
    )
