"""What the jobs of one sandbox work with."""

from dataclasses import dataclass
from pathlib import Path

from sandbox.azure.arm.store import Store
from sandbox.azure.authorization.evaluation import Authorization
from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.readings import Switches


@dataclass(frozen=True, slots=True)
class JobContext:
    """The same for every job; ``folder`` holds a folder for each job that is under way."""

    folder: Path
    store: Store
    blobs: BlobStore
    authorization: Authorization
    switches: Switches
