"""The machine learning workspace with everything that it needs and nothing that it shares.

Owns storage, vault, registry, telemetry, the two identities and their grants, and the workspace. Does not own the
resource group, the cluster, the endpoints, or anything that the machine learning service makes for itself. Keyless
throughout: each access is a role of a principal, on the narrowest resource that works. docs/security.md lists the
roles and why each is needed.
"""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
from pulumi_azure_native import containerregistry, managedidentity
from pulumi_azure_native import machinelearningservices as ml

from components import names, roles
from components.access import DeployerArgs, WorkspaceAccess
from components.grants import grant
from components.storage import WorkspaceStorage
from components.telemetry import Telemetry, send_logs
from components.vault import WorkspaceVault


class _Placed(TypedDict):
    """What every child takes."""

    resource_group_name: pulumi.Input[str]
    location: str
    tags: Mapping[str, str]


class WorkspacePlace(TypedDict):
    """Where something of the workspace goes: what clusters and endpoints have in common."""

    resource_group_name: pulumi.Input[str]
    """Resource group of the workspace."""

    workspace_name: pulumi.Input[str]
    """Name of the workspace."""

    location: str
    """Azure region of the workspace."""

    tags: Mapping[str, str]
    """Azure tags of every resource."""


class WorkspaceForRelease(TypedDict):
    """What a release must know of the workspace."""

    subscription_id: pulumi.Input[str]
    """Subscription of the workspace."""

    resource_group: pulumi.Input[str]
    """Resource group of the workspace."""

    workspace: pulumi.Input[str]
    """Name of the workspace."""


class MlWorkspaceArgs(TypedDict):
    """Arguments of `MlWorkspace`."""

    resource_group_name: pulumi.Input[str]
    """Resource group that everything goes into."""

    location: str
    """Azure region, in its short form (westeurope)."""

    subscription_id: str
    """Subscription that is deployed to."""

    tenant_id: str
    """Entra tenant of the subscription."""

    deployer: DeployerArgs
    """The principal that releases models: it may write blobs in the workspace's storage."""

    data_access: NotRequired[Sequence[str]]
    """ARM ids of storage accounts or blob containers elsewhere that jobs may read. Default: none."""

    tags: NotRequired[Mapping[str, str]]
    """Azure tags of every resource. Default: none."""


class MlWorkspace(pulumi.ComponentResource):
    """A keyless workspace with user-assigned identities.

    Type token: `azureml-batch:index:MlWorkspace`

    Creates: WorkspaceStorage, Telemetry, WorkspaceVault, Registry, two
    UserAssignedIdentity, WorkspaceAccess (the grants), Workspace, its RoleAssignment and DiagnosticSetting.
    """

    workspace_name: pulumi.Output[str]
    """Name of the workspace."""

    workspace_id: pulumi.Output[str]
    """ARM id of the workspace."""

    compute_identity_id: pulumi.Output[str]
    """ARM id of the identity that clusters run as; it has the roles that a batch job needs."""

    def __init__(self, name: str, args: MlWorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:MlWorkspace", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        location, tags = args["location"], args.get("tags", {})
        group = args["resource_group_name"]

        placed: _Placed = {"resource_group_name": group, "location": location, "tags": tags}
        storage = WorkspaceStorage(name, {**placed}, child)
        telemetry = Telemetry(name, {**placed}, child)
        vault = WorkspaceVault(name, {**placed, "tenant_id": args["tenant_id"], "logs_id": telemetry.logs_id}, child)
        # Of our own, because the service would make one with its admin user on.
        registry = containerregistry.Registry(
            names.logical(names.REGISTRY, name, "registry"),
            resource_group_name=group,
            location=location,
            sku=containerregistry.SkuArgs(name=containerregistry.SkuName.STANDARD),
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            public_network_access=containerregistry.PublicNetworkAccess.ENABLED,
            tags=tags,
            opts=child,
        )
        identity, compute_identity = (
            managedidentity.UserAssignedIdentity(
                names.logical(names.IDENTITY, name, who, "identity"), **placed, opts=child
            )
            for who in ("workspace", "compute")
        )
        access = WorkspaceAccess(
            name,
            {
                "subscription_id": args["subscription_id"],
                "workspace_principal_id": identity.principal_id,
                "compute_principal_id": compute_identity.principal_id,
                "deployer": args["deployer"],
                "storage_id": storage.account_id,
                "vault_id": vault.vault_id,
                "registry_id": registry.id,
                "insights_id": telemetry.insights_id,
                "data_access": args.get("data_access", []),
            },
            child,
        )
        workspace = ml.Workspace(
            names.logical(names.WORKSPACE, name, "workspace"),
            resource_group_name=group,
            location=location,
            kind="Default",
            sku=ml.SkuArgs(name="Basic", tier=ml.SkuTier.BASIC),
            identity=ml.ManagedServiceIdentityArgs(
                type=ml.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[identity.id]
            ),
            primary_user_assigned_identity=identity.id,
            storage_account=storage.account_id,
            key_vault=vault.vault_id,
            container_registry=registry.id,
            application_insights=telemetry.insights_id,
            system_datastores_auth_mode=ml.SystemDatastoresAuthMode.IDENTITY,
            public_network_access=ml.PublicNetworkAccessType.ENABLED,
            allow_public_access_when_behind_vnet=False,
            v1_legacy_mode=False,
            tags=tags,
            # The service uses the identity while it makes the workspace, so what it may do comes first.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[access]),
        )
        grant(
            f"{name}-workspace-itself",
            role=roles.CONTRIBUTOR,
            scope=workspace.id,
            principal_id=identity.principal_id,
            subscription_id=args["subscription_id"],
            opts=child,
        )
        send_logs(
            f"{name}-workspace-logs",
            resource_id=workspace.id,
            logs_id=telemetry.logs_id,
            category_group="allLogs",
            opts=child,
        )
        self.workspace_name = workspace.name
        self.workspace_id = workspace.id
        self.compute_identity_id = compute_identity.id
        self.place: WorkspacePlace = {
            "resource_group_name": group,
            "workspace_name": workspace.name,
            "location": location,
            "tags": tags,
        }
        self.for_release: WorkspaceForRelease = {
            "subscription_id": args["subscription_id"],
            "resource_group": group,
            "workspace": workspace.name,
        }
        self.register_outputs({"workspace_name": self.workspace_name, "workspace_id": self.workspace_id})
