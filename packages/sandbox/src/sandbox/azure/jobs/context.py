"""The shared context of one sandbox's jobs."""

from dataclasses import dataclass
from pathlib import Path

from sandbox.azure.arm.service_time import ServiceTime
from sandbox.azure.arm.store import Store
from sandbox.azure.authorization.evaluation import Authorization
from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.environments.provider import Environments
from sandbox.azure.readings import Switches


@dataclass(frozen=True, slots=True)
class JobContext:
    """The same for every job; ``folder`` contains one folder per running job."""

    folder: Path
    store: Store
    blobs: BlobStore
    authorization: Authorization
    switches: Switches
    environments: Environments
    service_time: ServiceTime
