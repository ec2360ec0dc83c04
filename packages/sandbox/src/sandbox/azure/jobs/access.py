"""Checks before a job runs that its identities may pull the image, read the input and write the output.

Identities: https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-batch-endpoint. Model and code are
staged by the service itself.
"""

from collections.abc import Mapping
from typing import NamedTuple, Self

from sandbox.azure.arm.identities import principal_of
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.store import Resource
from sandbox.azure.arm.types import ML_REGISTRY, REGISTRY, STORAGE_ACCOUNT
from sandbox.azure.authorization.data import BlobPlace, Operation, blobs_allowed, blobs_excluded
from sandbox.azure.jobs.context import JobContext
from sandbox.azure.jobs.failures import (
    image_build_failed,
    image_pull_failed,
    no_access,
    no_registry,
    workspace_identity_lacks,
)
from sandbox.azure.jobs.request import EnvironmentSpec, InputLocation, JobRequest, OutputLocation

_BOOKKEEPING = {
    "Storage Queue Data Contributor": f"{STORAGE_ACCOUNT}/queueServices/queues/messages/write",
    "Storage Table Data Contributor": f"{STORAGE_ACCOUNT}/tableServices/tables/entities/write",
}
"""Roles on the workspace's storage that a parallel run needs for its coordination without account keys."""
_BUILDS = (
    ("storageAccount", "Storage Blob Data Contributor", f"{STORAGE_ACCOUNT}/blobServices/containers/blobs/write", True),
    ("containerRegistry", "AcrPush", f"{REGISTRY}/push/write", False),
)
"""Roles of an image builder: (member of the workspace, role, action, whether it is a data action)."""
_ROLES: Mapping[Operation, str] = {
    "blobs/read": "Storage Blob Data Reader",
    "blobs/write": "Storage Blob Data Contributor",
}


class Who(NamedTuple):
    """An identity of a job, with its name in messages; ``object_id`` is "" if there is none."""

    name: str
    object_id: str

    @classmethod
    def of_cluster(cls, compute: str, object_id: str) -> Self:
        """Return the identity of a cluster's nodes; ``compute`` is an ARM id."""
        return cls(f"The identity of the cluster '{ArmId.parse(compute).name}'", object_id)


def check_access(context: JobContext, request: JobRequest) -> None:
    """Check that the identities have their roles.

    Raises:
        JobFailed: the cluster has no identity, or a role is missing for it, the caller (for the input) or the
            workspace's identity; the text names both.
    """
    cluster = Who.of_cluster(request.compute, request.cluster_identity)
    readers = [cluster]
    if context.switches.input_read_by_caller:
        readers.append(Who("The caller of the job", request.caller))
    workspace = context.store.get(request.workspace_id)
    if workspace is not None:
        _check_workspace(context, workspace)
        _check_builder(context, workspace, request.environment)
        _check_pull(context, workspace, request, cluster)
    _check_registries(context, request, cluster)
    for who in readers:
        check_place(context, who, request.input, "blobs/read")
    check_place(context, cluster, request.output, "blobs/write")
    if not request.output.by_identity:
        return
    storage = context.store.get(workspace.body["properties"].get("storageAccount") or "") if workspace else None
    if storage is None or storage.body["properties"].get("allowSharedKeyAccess") is not False:
        return
    for role, action in _BOOKKEEPING.items():
        if not context.authorization.allowed(cluster.object_id, action, storage.id, data=True):
            raise no_access(cluster.name, cluster.object_id, role, storage.id)


def check_place(context: JobContext, who: Who, place: InputLocation | OutputLocation, operation: Operation) -> None:
    """Check that an identity has its role at a place that no datastore opens with credentials.

    Raises:
        JobFailed: the role is missing, or the identity is ""; the text names both.
    """
    if not place.by_identity:
        return
    accounts = [each for each in context.store.of_type(STORAGE_ACCOUNT) if each.name.lower() == place.account.lower()]
    if not accounts:
        return  # a missing input is another failure, with another text
    blob = f"{place.prefix}{place.file_name}" if isinstance(place, OutputLocation) else place.path
    where = BlobPlace(accounts[0].id, place.container, blob)
    if who.object_id and blobs_allowed(context.authorization, who.object_id, where, operation):
        return
    excluded = blob if blobs_excluded(context.authorization, who.object_id, where, operation) else ""
    raise no_access(who.name, who.object_id, _ROLES[operation], where.scope, excluded)


def _check_workspace(context: JobContext, workspace: Resource) -> None:
    """Refuse if the workspace's primary identity has no role in it (``workspace_identity_needs_roles``)."""
    has_primary = workspace.body["properties"].get("primaryUserAssignedIdentity")
    if not has_primary or not context.switches.workspace_identity_needs_roles:
        return
    object_id = principal_of(workspace.body)
    if not context.authorization.allowed(object_id, f"{workspace.type}/write", workspace.id):
        raise workspace_identity_lacks(object_id, workspace.id)


def _check_registries(context: JobContext, request: JobRequest, cluster: Who) -> None:
    """Refuse if the caller or (``registry_needs_roles``) the nodes may not read a registry with its assets."""
    readers = [Who("The caller of the job", request.caller)]
    if context.switches.registry_needs_roles:
        readers.append(cluster)
    for registry in request.registries:
        for who in readers:
            if not context.authorization.allowed(who.object_id, f"{ML_REGISTRY}/assets/read", registry):
                raise no_registry(who.name, who.object_id, registry)


def _check_builder(context: JobContext, workspace: Resource, environment: EnvironmentSpec | None) -> None:
    """Refuse if the compute that builds the workspace's images is missing a role (``builder_uses_its_identity``).

    It reads the build context and writes its log in the workspace's storage; then it pushes the image.
    """
    properties = workspace.body["properties"]
    named = properties.get("imageBuildCompute")
    builder = context.store.get(f"{workspace.id}/computes/{named}") if named else None
    if builder is None or environment is None or not context.switches.builder_uses_its_identity:
        return
    object_id = principal_of(builder.body)
    for member, role, action, data in _BUILDS:
        resource = context.store.get(properties.get(member) or "")
        if resource is None or resource.body["properties"].get("adminUserEnabled"):
            continue
        if not context.authorization.allowed(object_id, action, resource.id, data=data):
            problem = (
                f"the identity of imageBuildCompute '{builder.name}' ({object_id or 'it has none'}) is missing a role"
            )
            raise image_build_failed(
                f"{environment.name}:{environment.version}", [f"{problem} such as '{role}' on '{resource.id}'."]
            )


def _check_pull(context: JobContext, workspace: Resource, request: JobRequest, cluster: Who) -> None:
    """Refuse if the nodes cannot pull the image, which is in the workspace's registry after the build.

    A registry with an admin user needs no role: the service uses that user's password.
    """
    registry = context.store.get(workspace.body["properties"].get("containerRegistry") or "")
    if registry is None or request.environment is None or registry.body["properties"].get("adminUserEnabled"):
        return
    if not context.authorization.allowed(cluster.object_id, f"{REGISTRY}/pull/read", registry.id):
        image = f"{registry.body['properties']['loginServer']}/azureml/{request.environment.name}"
        raise image_pull_failed(image, cluster.name, cluster.object_id, registry.id)
