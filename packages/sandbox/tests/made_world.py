"""The core of a sandbox in this process, without HTTP: what services are registered with."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox.azure.arm.latencies import Latencies
from sandbox.azure.arm.operations import Operations
from sandbox.azure.arm.routes import Router
from sandbox.azure.arm.service_time import ServiceTime
from sandbox.azure.arm.store import Store
from sandbox.azure.authorization.evaluation import Assignment, Authorization
from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.environments.provider import Environments
from sandbox.azure.jobs.context import JobContext
from sandbox.azure.jobs.runner import JobRunner
from sandbox.azure.readings import Switches
from sandbox.azure.world import World


def make_world(
    home: Path,
    subscription_id: str,
    tenant_id: str,
    assignments: Sequence[Assignment],
    *,
    principals: Sequence[str] = (),
    switches: Switches | None = None,
    latencies: Latencies | None = None,
    blobs: type[BlobStore] = BlobStore,
    jobs: Callable[[JobContext], JobRunner] = JobRunner,
) -> World:
    """Return a world whose state is in a folder; ``principals`` are the object ids that its directory knows."""
    store, blob_store = Store(home / "store.sqlite"), blobs(home / "blobs")
    permitted, switches = Authorization(store, assignments), switches or Switches()
    service_time = ServiceTime(store, latencies)
    offline = Environments(home / "environments", lambda: False)
    return World(
        subscription_id=subscription_id,
        tenant_id=tenant_id,
        store=store,
        operations=Operations(store, service_time=service_time),
        router=Router(store, subscription_id, permitted.require, service_time),
        authorization=permitted,
        switches=switches,
        blobs=blob_store,
        jobs=jobs(JobContext(home / "jobs", store, blob_store, permitted, switches, offline, service_time)),
        kind_of=lambda object_id: "ServicePrincipal" if object_id.lower() in principals else None,
    )


def close(world: World) -> None:
    """Close the files of a world."""
    world.blobs.close()
    world.store.close()
