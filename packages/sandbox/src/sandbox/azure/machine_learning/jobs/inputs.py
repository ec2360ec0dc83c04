"""What a caller is told before a job starts: which of its inputs a job cannot read here."""

from collections.abc import Sequence
from http import HTTPStatus

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.jobs.foreign import is_foreign, told
from sandbox.azure.jobs.request import InputLocation
from sandbox.azure.machine_learning.jobs.places import place_of_data
from sandbox.azure.machine_learning.scope import WORKSPACES
from sandbox.azure.world import World


def sentences(world: World, uris: Sequence[str]) -> list[str]:
    """Return a sentence for each URI or data asset whose files are in storage that the sandbox does not have.

    Nothing is said of a place in storage that is here, whether or not it has files, nor of a URI that names nothing:
    the answer to the scoring request says so.
    """
    return [said for uri in uris if (said := _sentence(world, uri)) is not None]


def _sentence(world: World, uri: str) -> str | None:
    refusal = None
    for place in _places(world, uri):
        if isinstance(place, ArmError):
            refusal = place if place.status == HTTPStatus.NOT_IMPLEMENTED else refusal
        elif is_foreign(world.store, world.blobs, place.account):
            return f"'{uri}' cannot be read here: {told(place)}"
        else:
            return None
    return f"'{uri}' cannot be read here: {refusal.message}" if refusal else None


def _places(world: World, uri: str) -> list[InputLocation | ArmError]:
    """Return the place that a URI has in each workspace, or why it has none: the caller's workspace is not known."""
    found: list[InputLocation | ArmError] = []
    for workspace in world.store.of_type(WORKSPACES):
        for kind in ("folder", "file"):
            try:
                found.append(place_of_data(world, workspace, uri, kind))
            except ArmError as error:
                found.append(error)
    return found
