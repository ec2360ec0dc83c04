"""The grants on the resources that the workspace needs.

Owns the grants of the workspace's identity, of the compute identity and of the deployer. They all exist before the
workspace does, so that the service finds its identity ready and adds no grants itself. The grant *on* the workspace
belongs to the workspace. The deployer's own roles on the resource group (Contributor, Role Based Access Control
Administrator and Managed Identity Operator) are prerequisites, because a deployer cannot grant them to itself
(docs/access.md).
"""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi

from components import names, roles
from components.workspace_parts.grants import elsewhere, grant

_READS = "reads-"
"""Begins the names of the grants on storage elsewhere."""

_PERSON_PROPERTIES = ["principal_id", "principal_type", "role_assignment_name"]
"""The properties that differ between the grants of two deployers."""


class DeployerArgs(TypedDict):
    """The principal that releases models."""

    principal_id: str
    """Its object id."""

    principal_type: str
    """`User`, `Group` or `ServicePrincipal`."""

    kept: NotRequired[bool]
    """Whether the first deployer keeps the grant, even if `principal_id` changes later. Default: false."""


class WorkspaceAccessArgs(TypedDict):
    """Arguments of `WorkspaceAccess`."""

    subscription_id: str
    """Subscription of all the scopes."""

    workspace_principal_id: pulumi.Input[str]
    """Object id of the workspace's identity."""

    compute_principal_id: pulumi.Input[str]
    """Object id of the identity that jobs run as."""

    builder_principal_id: NotRequired[pulumi.Input[str]]
    """Object id of the identity that builds images. Default: none, the registry builds them itself."""

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

    job_writes: NotRequired[Sequence[str]]
    """Containers of the workspace's storage that jobs may write besides the service's own; see `job_condition`."""


class WorkspaceAccess(pulumi.ComponentResource):
    """The role assignments of workspace, jobs and deployer.

    Type token: `azureml-batch:index:WorkspaceAccess`

    Creates: one RoleAssignment for each pair of principal and role below, each on a single resource.
    """

    def __init__(self, name: str, args: WorkspaceAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:WorkspaceAccess", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        subscription = args["subscription_id"]
        storage, vault = args["storage_id"], args["vault_id"]
        registry, insights = args["registry_id"], args["insights_id"]

        # The roles that the service documents for a workspace with a user-assigned identity:
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
        # A batch job is a parallel run: it coordinates its workers with queues and tables in the workspace's storage.
        compute: list[tuple[str, roles.Role, pulumi.Input[str]]] = [
            ("blobs", roles.BLOB_CONTRIBUTOR, storage),
            ("queues", roles.QUEUE_CONTRIBUTOR, storage),
            ("tables", roles.TABLE_CONTRIBUTOR, storage),
            ("images", roles.ACR_PULL, registry),
            *((f"{_READS}{_short(scope)}", roles.BLOB_READER, scope) for scope in args.get("data_access", [])),
        ]
        # It reads the image's definition, writes the build's log, and pushes the image.
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
        limits = {("compute", "blobs"): roles.job_condition(args.get("job_writes", ()))}
        for who, principal, granted in granted_to:
            for what, role, scope in granted:
                grant(
                    f"{name}-{who}-{what}",
                    role=role,
                    scope=scope,
                    principal_id=principal,
                    subscription_id=subscription,
                    condition=limits.get((who, what), ""),
                    opts=elsewhere(self) if what.startswith(_READS) else child,
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
    """Return a short name for a storage account or container: its last parts. Account names are globally unique."""
    parts = names.id_parts(scope.lower())
    account, innermost = parts["name"], parts["resource_name"]
    return account if innermost == account else f"{account}-{innermost}"
