"""May a job's identities read its input and write its output? Asked before anything runs, as a mount would find out.

Who reads what: https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-batch-endpoint. Model and code are
staged by the service itself.
"""

from sandbox.arm.store import Resource
from sandbox.arm.world import World
from sandbox.authorization.data import Operation, blobs_allowed, container_scope
from sandbox.jobs.failures import no_access
from sandbox.jobs.request import JobRequest

_STORAGE = "Microsoft.Storage/storageAccounts"
_BOOKKEEPING = {
    "Storage Queue Data Contributor": f"{_STORAGE}/queueServices/queues/messages/write",
    "Storage Table Data Contributor": f"{_STORAGE}/tableServices/tables/entities/write",
}
"""What a parallel run needs of the workspace's storage for its own coordination, once account keys are off."""


def check_access(world: World, request: JobRequest) -> None:
    """Do nothing when the identities suffice.

    Raises:
        JobFailed: the cluster has no identity, or it (or the caller, for the input) lacks a role; the text names both.
    """
    cluster = f"the identity of the cluster '{request.compute.rsplit('/', 1)[-1]}'"
    readers = [(cluster, request.cluster_identity)]
    if world.switches.input_read_by_caller:
        readers.append(("who started the job", request.caller))
    if request.input.by_identity:
        for who, object_id in readers:
            place = (request.input.account, request.input.container)
            _check(world, who, object_id, place, "blobs/read", "Storage Blob Data Reader")
    if not request.output.by_identity:
        return
    place = (request.output.account, request.output.container)
    _check(world, cluster, request.cluster_identity, place, "blobs/write", "Storage Blob Data Contributor")
    storage = _workspace_storage(world, request)
    if storage is None or storage.body["properties"].get("allowSharedKeyAccess") is not False:
        return
    for role, action in _BOOKKEEPING.items():
        if not world.authorization.allowed(request.cluster_identity, action, storage.id, data=True):
            raise no_access(cluster, request.cluster_identity, role, storage.id)


def _check(world: World, who: str, object_id: str, place: tuple[str, str], operation: Operation, role: str) -> None:
    name, container = place
    found = [each for each in world.store.of_type(_STORAGE) if each.name.lower() == name.lower()]
    if not found:
        return  # what is not there is another failure, with another text
    account_id = found[0].id
    if not object_id or not blobs_allowed(world.authorization, object_id, account_id, container, operation):
        raise no_access(who, object_id, role, container_scope(account_id, container))


def _workspace_storage(world: World, request: JobRequest) -> Resource | None:
    workspace = world.store.get(request.workspace_id)
    storage_id = (workspace.body.get("properties") or {}).get("storageAccount") if workspace else None
    return world.store.get(storage_id) if storage_id else None
