"""A workspace, and clusters in it, that somebody else owns.

They are read with the provider's get functions, never declared, so no deployment changes or deletes them. The program
does not grant roles on them; it names the missing ones, with the commands for their owner (`preflight.adopted_roles`).
The program owns what it adds to an adopted workspace: endpoints, releases and, unless all clusters are adopted too,
clusters with an identity. Ids are used as Azure writes them, whatever their letters in the configuration.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pulumi_azure_native import managedidentity

from components import names
from components.preflight.adopted_roles import Needs, checked
from components.preflight.login import Login
from components.workspace import results_scope
from components.workspace_parts.access import DeployerArgs
from components.workspace_parts.workspace_args import WorkspaceForCallers, WorkspaceForRelease, WorkspacePlace


class Existing(TypedDict):
    """The resources that a stack adopts; None for those that it creates."""

    resource_group: str | None
    """Name of the resource group for all resources."""

    workspace: str | None
    """ARM id of the workspace."""

    clusters: Mapping[str, str]
    """ARM ids of the clusters to adopt, by key; they belong to that workspace."""


class AdoptedWorkspaceArgs(TypedDict):
    """Arguments of `AdoptedWorkspace`."""

    workspace_id: str
    """ARM id of the workspace."""

    clusters: Mapping[str, str]
    """ARM ids of the clusters to adopt with it, by key."""

    makes_cluster: bool
    """Whether the program creates a cluster in it."""

    login: Login
    """The deploying principal."""

    deployer: DeployerArgs
    """The principal that releases models."""

    tags: Mapping[str, str]
    """Azure tags of the resources that the program adds."""

    registries: Sequence[str]
    """ARM ids of the registries that callers must read."""

    has_callers: bool
    """Whether the endpoints have callers, whose custom roles must be defined."""


class AdoptedWorkspace(pulumi.ComponentResource):
    """An existing workspace.

    Type token: `azureml-batch:index:AdoptedWorkspace`

    Creates: a UserAssignedIdentity for the clusters that the program creates, if it creates any.
    """

    workspace_name: pulumi.Output[str]
    """Name of the workspace; a deployment knows it once the roles on it were checked."""

    workspace_id: pulumi.Output[str]
    """ARM id of the workspace."""

    compute_identity_id: pulumi.Output[str]
    """ARM id of the identity that clusters of the program run as; empty if all clusters are adopted."""

    def __init__(self, name: str, args: AdoptedWorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:AdoptedWorkspace", name, {}, opts)
        login = args["login"]
        group, workspace_name = _place(args["workspace_id"], login)
        found = _read(ml.get_workspace, args["workspace_id"], resource_group_name=group, workspace_name=workspace_name)
        workspace_id, location = str(found.id), str(found.location)
        group, workspace_name = _place(workspace_id, login)
        clusters = {key: _read_cluster(each, login) for key, each in args["clusters"].items()}
        self.adopted_clusters: Mapping[str, str] = {key: str(each.id) for key, each in clusters.items()}
        principals: dict[str, pulumi.Input[str]] = {
            names.id_parts(str(each.id))["resource_name"]: _principal(each) for each in clusters.values()
        }
        self.compute_identity_id = pulumi.Output.from_input("")
        if args["makes_cluster"]:
            identity = managedidentity.UserAssignedIdentity(
                names.logical(names.IDENTITY, name, "compute", "identity"),
                resource_group_name=group,
                location=location,
                tags=args["tags"],
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.compute_identity_id = identity.id
            principals[""] = identity.principal_id
        needs = Needs(
            subscription_id=login.subscription_id,
            workspace_id=workspace_id,
            storage_id=str(found.storage_account),
            registry_id=found.container_registry,
            deployer_id=args["deployer"]["principal_id"],
            makes_cluster=args["makes_cluster"],
            has_callers=args["has_callers"],
        )
        self.workspace_name = checked(needs, principals, workspace_name)
        self.workspace_id = self.workspace_name.apply(lambda _: workspace_id)
        self.place: WorkspacePlace = {
            "resource_group_name": group,
            "workspace_name": self.workspace_name,
            "location": location,
            "tags": args["tags"],
        }
        self.for_callers: WorkspaceForCallers = {
            "subscription_id": login.subscription_id,
            "workspace_id": self.workspace_id,
            "results_scope": results_scope(needs.storage_id, str(found.workspace_id)),
            "registries": args["registries"],
        }
        self.for_release: WorkspaceForRelease = {
            "subscription_id": login.subscription_id,
            "resource_group": group,
            "workspace": self.workspace_name,
        }
        self.register_outputs({"workspace_name": self.workspace_name, "workspace_id": self.workspace_id})


class AdoptedCluster(pulumi.ComponentResource):
    """An existing cluster in an adopted workspace.

    Type token: `azureml-batch:index:AdoptedCluster`

    Creates: nothing.
    """

    cluster_name: pulumi.Output[str]
    """Name of the cluster."""

    cluster_id: pulumi.Output[str]
    """ARM id of the cluster."""

    def __init__(self, name: str, cluster_id: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:AdoptedCluster", name, {}, opts)
        self.cluster_name = pulumi.Output.from_input(names.id_parts(cluster_id)["resource_name"])
        self.cluster_id = pulumi.Output.from_input(cluster_id)
        self.register_outputs({"cluster_name": self.cluster_name, "cluster_id": self.cluster_id})


def _place(workspace_id: str, login: Login) -> tuple[str, str]:
    """Return the resource group and name of a workspace, which must be in the deployment's subscription."""
    place = names.id_parts(workspace_id)
    subscription = place["subscription"]
    if subscription.lower() != login.subscription_id.lower():
        raise pulumi.RunError(
            f"workspace.existing is in subscription {subscription}, but this deployment goes to "
            f"{login.subscription_id}. Nothing was created or changed.\n"
            f"  az account set --subscription {subscription}"
        )
    return place["resource_group"], place["name"]


def _read_cluster(cluster_id: str, login: Login) -> Any:
    """Read an existing cluster.

    Raises: pulumi.RunError: It cannot be read, or is another kind of compute.
    """
    group, workspace = _place(cluster_id, login)
    found = _read(
        ml.get_compute,
        cluster_id,
        resource_group_name=group,
        workspace_name=workspace,
        compute_name=names.id_parts(cluster_id)["resource_name"],
    )
    # A union of types, which the SDK does not convert.
    kind = found.properties["computeType"]
    if kind != "AmlCompute":
        raise pulumi.RunError(
            f"The cluster to adopt is {cluster_id}, which is of type {kind}. Allowed: a compute cluster (AmlCompute). "
            "Nothing was created or changed."
        )
    return found


def _principal(cluster: Any) -> str:
    """Return the object id of the identity of a cluster's nodes; empty if they have none."""
    identity = cluster.identity
    if identity is None:
        return ""
    for each in (identity.user_assigned_identities or {}).values():
        return str(each.principal_id)
    return str(identity.principal_id or "")


def _read(get: Any, resource_id: str, **names_of: str) -> Any:
    """Read an existing resource.

    Raises: pulumi.RunError: It does not exist, or you may not read it.
    """
    try:
        return get(**names_of)
    except Exception as error:  # noqa: BLE001 - the SDK raises the bare class
        said = " ".join(str(error).rpartition("returned an error: ")[2].split())
        raise pulumi.RunError(
            f"{resource_id} cannot be read, so nothing was created or changed. Check the id in the stack's "
            "configuration, and your permission to read it.\n"
            f"Azure said: {said}"
        ) from None
