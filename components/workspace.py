"""The machine learning workspace, with its own copy of everything that it needs.

Owns storage, vault, registry, telemetry, the two identities and their grants, and the workspace. Does not own the
resource group, the cluster, the endpoints, or anything that the machine learning service creates itself. No keys
anywhere: each access is a role of a principal, on the narrowest resource that works. docs/security.md lists the roles
and the reason for each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pulumi_azure_native import managedidentity

from components import names, roles
from components.workspace_parts.access import WorkspaceAccess, WorkspaceAccessArgs
from components.workspace_parts.grants import grant, read_registries
from components.workspace_parts.images import IMAGE_BUILDER, ImageBuilder
from components.workspace_parts.network import OPEN
from components.workspace_parts.registry import WorkspaceRegistry
from components.workspace_parts.storage import WorkspaceStorage
from components.workspace_parts.telemetry import Telemetry, send_logs
from components.workspace_parts.vault import WorkspaceVault
from components.workspace_parts.workspace_args import (
    MlWorkspaceArgs,
    WorkspaceForCallers,
    WorkspaceForRelease,
    WorkspacePlace,
)


class _Placed(TypedDict):
    """The arguments of every child."""

    resource_group_name: pulumi.Input[str]
    location: str
    tags: Mapping[str, str]


class MlWorkspace(pulumi.ComponentResource):
    """A keyless workspace with user-assigned identities.

    Type token: `azureml-batch:index:MlWorkspace`

    Creates: WorkspaceStorage, Telemetry, WorkspaceVault, WorkspaceRegistry, UserAssignedIdentity (of the workspace, of
    jobs and, in a restricted network, of image builds), WorkspaceAccess (the grants), Workspace, its RoleAssignment and
    DiagnosticSetting and, in a restricted network, ImageBuilder.
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
        placed: _Placed = {
            "resource_group_name": args["resource_group_name"],
            "location": args["location"],
            "tags": args.get("tags", {}),
        }
        is_restricted = args.get("network", OPEN)["restricted"]
        ground = self._ground(name, args, placed)
        who = ("workspace", "compute", "builder") if is_restricted else ("workspace", "compute")
        identities = {
            each: managedidentity.UserAssignedIdentity(
                names.logical(names.IDENTITY, name, each, "identity"), **placed, opts=child
            )
            for each in who
        }
        access = self._access(name, args, ground, identities)
        workspace = self._workspace(name, args, ground, identities["workspace"], access)
        grant(
            f"{name}-workspace-itself",
            role=roles.CONTRIBUTOR,
            scope=workspace.id,
            principal_id=identities["workspace"].principal_id,
            subscription_id=args["subscription_id"],
            opts=child,
        )
        read_registries(
            f"{name}-compute",
            args.get("registry_access", ()),
            principal_id=identities["compute"].principal_id,
            principal_type="ServicePrincipal",
            parent=self,
        )
        send_logs(
            f"{name}-workspace-logs",
            resource_id=workspace.id,
            logs_id=ground.telemetry.logs_id,
            category_group="allLogs",
            opts=child,
        )
        self.workspace_name = workspace.name
        self.workspace_id = workspace.id
        self.compute_identity_id = identities["compute"].id
        self.place: WorkspacePlace = {**placed, "workspace_name": workspace.name}
        if is_restricted:
            ImageBuilder(name, {**self.place, "identity_id": identities["builder"].id}, child)
        self.for_callers: WorkspaceForCallers = {
            "subscription_id": args["subscription_id"],
            "workspace_id": workspace.id,
            "results_scope": results_scope(ground.storage.account_id, workspace.workspace_id),
            "registries": args.get("registry_access", ()),
        }
        self.for_release: WorkspaceForRelease = {
            "subscription_id": args["subscription_id"],
            "resource_group": args["resource_group_name"],
            "workspace": workspace.name,
        }
        self.register_outputs({"workspace_name": self.workspace_name, "workspace_id": self.workspace_id})

    def _ground(self, name: str, args: MlWorkspaceArgs, placed: _Placed) -> "_Ground":
        """Create the resources that a workspace needs."""
        child = pulumi.ResourceOptions(parent=self)
        network, protect = args.get("network", OPEN), args.get("protect", False)
        storage = WorkspaceStorage(
            name,
            {
                **placed,
                "sku": args.get("storage_sku", "Standard_LRS"),
                "soft_delete_days": args.get("soft_delete_days", 7),
                "network": network,
                "protect": protect,
            },
            child,
        )
        telemetry = Telemetry(name, {**placed, "log_retention_days": args.get("log_retention_days", 90)}, child)
        vault = WorkspaceVault(
            name,
            {
                **placed,
                "tenant_id": args["tenant_id"],
                "logs_id": telemetry.logs_id,
                "network": network,
                "protect": protect,
            },
            child,
        )
        registry = WorkspaceRegistry(
            name, {**placed, "sku": args.get("registry_sku", "Standard"), "network": network}, child
        )
        return _Ground(storage, telemetry, vault, registry)

    def _access(
        self,
        name: str,
        args: MlWorkspaceArgs,
        ground: "_Ground",
        identities: Mapping[str, managedidentity.UserAssignedIdentity],
    ) -> WorkspaceAccess:
        """Grant the identities and the deployer their roles on these resources."""
        granted: WorkspaceAccessArgs = {
            "subscription_id": args["subscription_id"],
            "workspace_principal_id": identities["workspace"].principal_id,
            "compute_principal_id": identities["compute"].principal_id,
            "deployer": args["deployer"],
            "storage_id": ground.storage.account_id,
            "vault_id": ground.vault.vault_id,
            "registry_id": ground.registry.registry_id,
            "insights_id": ground.telemetry.insights_id,
            "data_access": args.get("data_access", []),
            "job_writes": args.get("job_writes", []),
        }
        if "builder" in identities:
            granted["builder_principal_id"] = identities["builder"].principal_id
        return WorkspaceAccess(name, granted, pulumi.ResourceOptions(parent=self))

    def _workspace(
        self,
        name: str,
        args: MlWorkspaceArgs,
        ground: "_Ground",
        identity: managedidentity.UserAssignedIdentity,
        access: WorkspaceAccess,
    ) -> ml.Workspace:
        """Create the workspace itself."""
        return ml.Workspace(
            names.logical(names.WORKSPACE, name, "workspace"),
            resource_group_name=args["resource_group_name"],
            location=args["location"],
            tags=args.get("tags", {}),
            kind="Default",
            sku=ml.SkuArgs(name="Basic", tier=ml.SkuTier.BASIC),
            identity=ml.ManagedServiceIdentityArgs(
                type=ml.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[identity.id]
            ),
            primary_user_assigned_identity=identity.id,
            storage_account=ground.storage.account_id,
            key_vault=ground.vault.vault_id,
            container_registry=ground.registry.registry_id,
            application_insights=ground.telemetry.insights_id,
            system_datastores_auth_mode=ml.SystemDatastoresAuthMode.IDENTITY,
            image_build_compute=IMAGE_BUILDER if args.get("network", OPEN)["restricted"] else None,
            # Also if the network is restricted: callers and clusters are outside, and `isolated` does not exist yet.
            public_network_access=ml.PublicNetworkAccessType.ENABLED,
            allow_public_access_when_behind_vnet=False,
            v1_legacy_mode=False,
            # The service uses the identity while it creates the workspace, so its grants come first.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[access], protect=args.get("protect", False)),
        )


@dataclass(frozen=True)
class _Ground:
    """The resources that a workspace needs."""

    storage: WorkspaceStorage
    telemetry: Telemetry
    vault: WorkspaceVault
    registry: WorkspaceRegistry


def results_scope(storage_id: pulumi.Input[str], workspace_guid: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return the ARM id of the container behind a workspace's default datastore, which gets the predictions.

    The service creates it with the workspace and names it after the workspace's GUID.
    """
    return pulumi.Output.concat(storage_id, "/blobServices/default/containers/azureml-blobstore-", workspace_guid)
