"""Microsoft.Storage: accounts, their blob service and containers. The blobs themselves are sandbox/azure/blobs."""

from sandbox.azure.services.storage.accounts import Accounts
from sandbox.azure.services.storage.blob_service import BlobServices, Containers
from sandbox.azure.world import World


def register(world: World) -> None:
    """Serve storage accounts, their keys, blob service and containers."""
    for handlers in (Accounts(world), BlobServices(world), Containers(world)):
        handlers.register()
