"""Puts what is kept into workspaces: into those that exist, and into each new one."""

from sandbox.azure.arm.store import Resource
from sandbox.azure.machine_learning.assets.kinds import MODELS
from sandbox.azure.machine_learning.assets.locations import place_of
from sandbox.azure.machine_learning.assets.parents import WORKSPACE_ASSETS
from sandbox.azure.machine_learning.assets.versions import Versions
from sandbox.azure.machine_learning.stock.entry import ACCOUNT, Entry, entries
from sandbox.azure.machine_learning.stock.registering import put_version
from sandbox.azure.world import World


def fill(world: World, workspace: Resource, datastore: str | None = None) -> None:
    """Give a new workspace everything that is kept for it, or a new ``datastore`` of it its own data."""
    for entry in entries(world.store):
        if entry.is_for(workspace.name) and datastore in (None, entry.datastore):
            give(world, workspace, entry)


def give(world: World, workspace: Resource, entry: Entry) -> None:
    """Put an entry into a workspace; data of a datastore that does not exist waits for it.

    Raises:
        ArmError: the name or version of a model is not allowed, or the version exists with other content.
    """
    if entry.datastore and world.store.get(f"{workspace.id}/datastores/{entry.datastore}") is None:
        return
    place = place_of(world, workspace, entry.uri)
    world.blobs.create_container(place.account, place.container)
    for blob in world.blobs.index.blobs(ACCOUNT, entry.key):
        world.blobs.share(blob, place.account, place.container, place.prefix + blob.name)
    if entry.what == "model":
        uri = entry.uri + (entry.folder if entry.is_file else "")
        models = Versions(world, MODELS, WORKSPACE_ASSETS)
        put_version(models, workspace, entry.name, {"modelUri": uri, "modelType": entry.type})
