"""The grant of one role to one principal on one scope.

Owns the form of a grant: its deterministic name and the type of its principal. The component that owns the scope
decides who gets which role.
"""

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import authorization

from components.roles import READER, Role, assignment_name, definition_id


def grant(
    name: str,
    *,
    role: pulumi.Input[Role],
    scope: pulumi.Input[str],
    principal_id: pulumi.Input[str],
    principal_type: str = "ServicePrincipal",
    subscription_id: str,
    condition: str = "",
    opts: pulumi.ResourceOptions,
) -> authorization.RoleAssignment:
    """Grant `role` on `scope` to a principal.

    Args:
        name: Logical name of the resource.
        role: The role.
        scope: ARM id of the resource that the role applies to.
        principal_id: Object id of the principal.
        principal_type: `ServicePrincipal` (managed identities too), `User` or `Group`. Always set: otherwise Azure
            looks the principal up, and refuses one that the directory has not replicated yet.
        subscription_id: The subscription of `scope`.
        condition: What limits the role, in Azure's language of version 2.0. Default: nothing.
        opts: Options of the resource; the caller's component as parent.
    """
    guid = pulumi.Output.all(scope, principal_id, role).apply(
        lambda known: assignment_name(known[0], known[1], known[2])
    )
    definition = pulumi.Output.from_input(role).apply(lambda known: definition_id(known, subscription_id))
    return authorization.RoleAssignment(
        name,
        role_assignment_name=guid,
        scope=scope,
        role_definition_id=definition,
        principal_id=principal_id,
        principal_type=principal_type,
        condition=condition or None,
        condition_version="2.0" if condition else None,
        opts=opts,
    )


def elsewhere(parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """Return the options of a grant on what is elsewhere, whose id the user writes.

    In other letters it is the same scope; another one gives the grant another name.

    Args:
        parent: The grant's component.
    """
    return pulumi.ResourceOptions(parent=parent, ignore_changes=["scope"])


def read_registries(
    name: str,
    registries: Sequence[str],
    *,
    principal_id: pulumi.Input[str],
    principal_type: str,
    parent: pulumi.Resource,
) -> list[pulumi.Resource]:
    """Let a principal read machine learning registries: `registries/read` and `registries/assets/read`, and no secret.

    https://learn.microsoft.com/azure/machine-learning/how-to-manage-registries says that these two are enough; the
    built-in AzureML Registry User may also write and delete.

    Args:
        name: Beginning of the resources' logical names.
        registries: Their ARM ids.
        principal_id: Object id of the principal.
        principal_type: See `grant`.
        parent: The caller's component.
    """
    return [
        grant(
            f"{name}-registry-{each.rpartition('/')[2].lower()}",
            role=READER,
            scope=each,
            principal_id=principal_id,
            principal_type=principal_type,
            subscription_id=each.split("/")[2],
            opts=elsewhere(parent),
        )
        for each in registries
    ]
