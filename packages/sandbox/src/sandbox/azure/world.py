"""What the services of one sandbox share and are given when they register their routes."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.azure.arm.operations import Operations
from sandbox.azure.arm.routes import Router
from sandbox.azure.arm.store import Store
from sandbox.azure.authorization.evaluation import Authorization
from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.jobs.runner import JobRunner
from sandbox.azure.readings import Switches


@dataclass(frozen=True, slots=True)
class World:
    """One sandbox, as its services see it.

    Every service module has ``def register(world: World) -> None``, which adds its routes and operation actions.
    ``kind_of`` says what a principal of the directory is, by its object id (``ServicePrincipal``, ``Group``, ...), and
    None for one that does not exist; principals of resources, which the store holds, are not in it.
    ``blobs`` is for what a service does on its own behalf: no token, no firewall.
    """

    subscription_id: str
    tenant_id: str
    store: Store
    operations: Operations
    router: Router
    authorization: Authorization
    switches: Switches
    blobs: BlobStore
    jobs: JobRunner
    kind_of: Callable[[str], str | None]
