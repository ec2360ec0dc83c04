"""What the services of one sandbox share and are given when they register their routes."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sandbox.azure.arm.operations import Operations
from sandbox.azure.arm.routes import Router
from sandbox.azure.arm.store import Store
from sandbox.azure.authorization.evaluation import Authorization
from sandbox.azure.jobs.request import Jobs, NoJobs
from sandbox.azure.readings import Switches


class Blobs(Protocol):
    """The blob storage that services may touch on the service's own behalf (no token, no firewall)."""

    def create_container(self, account: str, container: str) -> None:
        """Make a container if it is not there."""

    def containers(self, account: str) -> list[str]:
        """Return the names of an account's containers, sorted."""
        ...

    def list(self, account: str, container: str, prefix: str = "") -> list[str]:
        """Return the names of the blobs that begin with ``prefix``, sorted; none when there is no such container."""
        ...

    def read(self, account: str, container: str, blob: str) -> bytes:
        """Return a blob's bytes; KeyError when it does not exist."""
        ...

    def write(self, account: str, container: str, blob: str, data: bytes) -> None:
        """Create or replace a block blob."""

    def path(self, account: str, container: str, blob: str) -> Path:
        """Return the file that holds a blob's bytes, for reading only; KeyError when it does not exist."""
        ...

    def delete_container(self, account: str, container: str) -> None:
        """Remove a container and its blobs."""

    def delete_account(self, account: str) -> None:
        """Remove all containers of an account."""

    def sas(self, account: str, container: str, permissions: str, blob: str | None = None) -> str:
        """Return a SAS query string (without ``?``) that the blob endpoint accepts for a container or one blob."""
        ...


@dataclass(slots=True)
class World:
    """One sandbox: its folder, region and directory, and what all services work with.

    Every service module has ``def register(world: World) -> None``, which adds its routes and operation actions.
    """

    home: Path
    subscription_id: str
    tenant_id: str
    location: str
    store: Store
    operations: Operations
    router: Router
    authorization: Authorization
    switches: Switches
    blobs: Blobs
    jobs: Jobs = field(default_factory=NoJobs)
