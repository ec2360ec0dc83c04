"""Microsoft.Storage: accounts, their blob service and containers. The blobs themselves are sandbox/blobs."""

from sandbox.arm.world import World
from sandbox.services.storage.accounts import Accounts
from sandbox.services.storage.blob_service import BlobServices, Containers


def register(world: World) -> None:
    """Serve storage accounts, their keys, blob service and containers."""
    for handlers in (Accounts(world), BlobServices(world), Containers(world)):
        handlers.register()
