"""What a caller is told before a job starts: which of its inputs a job cannot read here."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.jobs.foreign import is_foreign, told
from sandbox.azure.jobs.request import InputLocation
from sandbox.azure.machine_learning.jobs.places import place_of_data
from sandbox.azure.machine_learning.scope import WORKSPACES
from sandbox.azure.world import World


def sentences(world: World, uris: Sequence[str]) -> list[str]:
    """Return a sentence for each URI or data asset whose files are in storage that the sandbox does not have.

    Nothing is said of a place in storage that is here, whether or not it has files, nor of a URI that is refused: the
    answer to the scoring request says why.
    """
    return [said for uri in uris if (said := _sentence(world, uri)) is not None]


def _sentence(world: World, uri: str) -> str | None:
    place = next(_places(world, uri), None)
    if place is None or not is_foreign(world.store, world.blobs, place.account):
        return None
    return f"'{uri}' cannot be read here: {told(place)}"


def _places(world: World, uri: str) -> Iterator[InputLocation]:
    """Give the place that a URI has in each workspace where it has one: the caller's workspace is not known."""
    for workspace in world.store.of_type(WORKSPACES):
        for kind in ("folder", "file"):
            with suppress(ArmError):
                yield place_of_data(world, workspace, uri, kind)
