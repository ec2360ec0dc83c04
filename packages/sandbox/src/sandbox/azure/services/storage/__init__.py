"""Microsoft.Storage: accounts, their blob service and containers. The blobs themselves are sandbox/azure/blobs."""

from sandbox.azure.services.storage import accounts, blob_service
from sandbox.azure.world import World


def register(world: World) -> None:
    """Serve storage accounts, their keys, blob service and containers."""
    accounts.register(world)
    blob_service.register(world)
