"""The objects that the services of one sandbox share, for registering their routes."""

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
    """One sandbox, for its services.

    Every service module has ``def register(world: World) -> None``, which adds its routes and operation actions.
    ``kind_of`` returns the type of a principal of the directory by its object id (``ServicePrincipal``, ``Group``,
    ...), None if it does not exist; principals of resources are in the store, not here. ``blobs`` is for a service's
    own work: no token, no firewall.
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
