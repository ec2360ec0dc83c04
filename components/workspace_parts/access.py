"""Who may do what on the resources that the workspace stands on.

Owns the grants of the workspace's identity, of the compute identity and of the deployer. All of them exist before the
workspace does, so that the service finds its identity ready and makes no grants of its own. The grant *on* the
workspace is the workspace's. Contributor on the resource group, Role Based Access Control Administrator and Managed
Identity Operator are what the deployer needs to run this at all; nobody can grant those to himself, so they are
prerequisites (docs/configuration.md).
"""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi

from components import names, roles
from components.workspace_parts.grants import grant

_PERSON_PROPERTIES = ["principal_id", "principal_type", "role_assignment_name"]
"""What tells one deployer's grant from another's."""


class DeployerArgs(TypedDict):
    """The principal that releases models."""

    principal_id: str
    """Its object id."""

    principal_type: str
    """`User`, `Group` or `ServicePrincipal`."""

    kept: NotRequired[bool]
    """Whether the grant stays with whoever deployed first, whatever `principal_id` says later. Default: false."""


class WorkspaceAccessArgs(TypedDict):
    """Arguments of `WorkspaceAccess`."""

    subscription_id: str
    """Subscription of all the scopes."""

    workspace_principal_id: pulumi.Input[str]
    """Object id of the workspace's identity."""

    compute_principal_id: pulumi.Input[str]
    """Object id of the identity that jobs run as."""

    builder_principal_id: NotRequired[pulumi.Input[str]]
    """Object id of the identity that builds images, where there is one. Default: the registry builds them itself."""

    deployer: DeployerArgs
    """The principal that releases models."""

    storage_id: pulumi.Input[str]
    """ARM id of the storage account."""

    vault_id: pulumi.Input[str]
    """ARM id of the key vault."""

    registry_id: pulumi.Input[str]
    """ARM id of the container registry."""

    insights_id: pulumi.Input[str]
    """ARM id of the Application Insights component."""

    data_access: NotRequired[Sequence[str]]
    """ARM ids of storage accounts or blob containers elsewhere that jobs may read. Default: none."""


class WorkspaceAccess(pulumi.ComponentResource):
    """The role assignments of workspace, jobs and deployer.

    Type token: `azureml-batch:index:WorkspaceAccess`

    Creates: one RoleAssignment for each pair of principal and role below, none wider than one resource.
    """

    def __init__(self, name: str, args: WorkspaceAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:WorkspaceAccess", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        subscription = args["subscription_id"]
        storage, vault = args["storage_id"], args["vault_id"]
        registry, insights = args["registry_id"], args["insights_id"]

        # What the service documents for a workspace with an identity of its own:
        # https://learn.microsoft.com/azure/machine-learning/how-to-identity-based-service-authentication
        workspace: list[tuple[str, roles.Role, pulumi.Input[str]]] = [
            ("storage", roles.CONTRIBUTOR, storage),
            ("vault", roles.CONTRIBUTOR, vault),
            ("registry", roles.CONTRIBUTOR, registry),
            ("insights", roles.CONTRIBUTOR, insights),
            ("blobs", roles.BLOB_CONTRIBUTOR, storage),
            ("files", roles.FILE_CONTRIBUTOR, storage),
            ("secrets", roles.VAULT_ADMINISTRATOR, vault),
            ("metrics", roles.METRICS_PUBLISHER, insights),
        ]
        # A batch job is a parallel run: it coordinates its workers by queues and tables of the workspace's storage.
        compute: list[tuple[str, roles.Role, pulumi.Input[str]]] = [
            ("blobs", roles.BLOB_CONTRIBUTOR, storage),
            ("queues", roles.QUEUE_CONTRIBUTOR, storage),
            ("tables", roles.TABLE_CONTRIBUTOR, storage),
            ("images", roles.ACR_PULL, registry),
            *((f"reads-{_short(scope)}", roles.BLOB_READER, scope) for scope in args.get("data_access", [])),
        ]
        # It reads the image's definition, writes the build's log, and pushes what it built.
        builder: list[tuple[str, roles.Role, pulumi.Input[str]]] = [
            ("blobs", roles.BLOB_CONTRIBUTOR, storage),
            ("images", roles.ACR_PUSH, registry),
        ]
        granted_to: list[tuple[str, pulumi.Input[str], list[tuple[str, roles.Role, pulumi.Input[str]]]]] = [
            ("workspace", args["workspace_principal_id"], workspace),
            ("compute", args["compute_principal_id"], compute),
        ]
        if "builder_principal_id" in args:
            granted_to.append(("builder", args["builder_principal_id"], builder))
        for who, principal, granted in granted_to:
            for what, role, scope in granted:
                grant(
                    f"{name}-{who}-{what}",
                    role=role,
                    scope=scope,
                    principal_id=principal,
                    subscription_id=subscription,
                    opts=child,
                )
        deployer = args["deployer"]
        grant(
            f"{name}-deployer-blobs",
            role=roles.BLOB_CONTRIBUTOR,
            scope=storage,
            principal_id=deployer["principal_id"],
            principal_type=deployer["principal_type"],
            subscription_id=subscription,
            opts=pulumi.ResourceOptions(
                parent=self, ignore_changes=_PERSON_PROPERTIES if deployer.get("kept", False) else []
            ),
        )
        self.register_outputs({})


def _short(scope: str) -> str:
    """Name a storage account, or a container in one, by its last words; account names are unique in the world."""
    parts = names.id_parts(scope.lower())
    account, innermost = parts["name"], parts["resource_name"]
    return account if innermost == account else f"{account}-{innermost}"
