"""May a job's identities read its input and write its output? Asked before anything runs, as a mount would find out.

Who reads what: https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-batch-endpoint. Model and code
are staged by the service itself.
"""

from collections.abc import Mapping
from typing import NamedTuple

from sandbox.arm.store import Resource
from sandbox.arm.world import World
from sandbox.authorization.data import Operation, blobs_allowed, container_scope
from sandbox.jobs.failures import no_access
from sandbox.jobs.request import InputLocation, JobRequest, OutputLocation

_STORAGE = "Microsoft.Storage/storageAccounts"
_BOOKKEEPING = {
    "Storage Queue Data Contributor": f"{_STORAGE}/queueServices/queues/messages/write",
    "Storage Table Data Contributor": f"{_STORAGE}/tableServices/tables/entities/write",
}
"""What a parallel run needs of the workspace's storage for its own coordination, once account keys are off."""
_ROLES: Mapping[Operation, str] = {
    "blobs/read": "Storage Blob Data Reader",
    "blobs/write": "Storage Blob Data Contributor",
}


class Who(NamedTuple):
    """An identity of a job, as texts call it; ``object_id`` is "" when there is none."""

    name: str
    object_id: str


def check_access(world: World, request: JobRequest) -> None:
    """Do nothing when the identities suffice.

    Raises:
        JobFailed: the cluster has no identity, or it (or the caller, for the input) lacks a role; the text names both.
    """
    cluster = Who(f"The identity of the cluster '{request.compute.rsplit('/', 1)[-1]}'", request.cluster_identity)
    readers = [cluster]
    if world.switches.input_read_by_caller:
        readers.append(Who("Who started the job", request.caller))
    if request.input.by_identity:
        for who in readers:
            _check(world, who, request.input, "blobs/read")
    if not request.output.by_identity:
        return
    _check(world, cluster, request.output, "blobs/write")
    storage = _workspace_storage(world, request)
    if storage is None or storage.body["properties"].get("allowSharedKeyAccess") is not False:
        return
    for role, action in _BOOKKEEPING.items():
        if not world.authorization.allowed(cluster.object_id, action, storage.id, data=True):
            raise no_access(cluster.name, cluster.object_id, role, storage.id)


def _check(world: World, who: Who, place: InputLocation | OutputLocation, operation: Operation) -> None:
    accounts = [each for each in world.store.of_type(_STORAGE) if each.name.lower() == place.account.lower()]
    if not accounts:
        return  # what is not there is another failure, with another text
    account = accounts[0].id
    if not who.object_id or not blobs_allowed(world.authorization, who.object_id, account, place.container, operation):
        raise no_access(who.name, who.object_id, _ROLES[operation], container_scope(account, place.container))


def _workspace_storage(world: World, request: JobRequest) -> Resource | None:
    workspace = world.store.get(request.workspace_id)
    storage_id = (workspace.body.get("properties") or {}).get("storageAccount") if workspace else None
    return world.store.get(storage_id) if storage_id else None
