"""The environment of an id: everything that a job needs to know of it."""

from typing import Any

from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.request import BuildContext, CodeFiles, EnvironmentSpec
from sandbox.azure.machine_learning.assets.kinds import is_repository
from sandbox.azure.machine_learning.assets.locations import place_of
from sandbox.azure.machine_learning.endpoints.references import existing_asset
from sandbox.azure.machine_learning.registries.scope import REGISTRIES
from sandbox.azure.world import World


def environment_of(world: World, workspace: Resource, environment_id: str, member: str) -> EnvironmentSpec:
    """Return a registered environment; ``member`` is what the request calls it.

    Raises:
        ArmError: there is no such version, or the datastore of its build context does not exist any more.
    """
    return environment_spec(world, workspace, existing_asset(world, workspace, environment_id, "environments", member))


def environment_spec(world: World, workspace: Resource, version: Resource) -> EnvironmentSpec:
    """Return the environment of a version, of the workspace or of a registry.

    Raises:
        ArmError: the datastore of its build context does not exist any more.
    """
    its, properties = ArmId.parse(version.id), version.body["properties"]
    return EnvironmentSpec(
        name=its.names[-2],
        version=version.name,
        image=properties.get("image") or "",
        conda_file=properties.get("condaFile") or "",
        build=_build(world, workspace, properties.get("build")),
        registry=its.names[0] if its.type.lower().startswith(REGISTRIES.lower()) else "",
    )


def _build(world: World, workspace: Resource, build: dict[str, Any] | None) -> BuildContext | None:
    if not build:
        return None
    uri, dockerfile = build["contextUri"], build["dockerfilePath"]
    if is_repository(uri):
        return BuildContext(uri, dockerfile)
    place = place_of(world, workspace, uri)
    return BuildContext(uri, dockerfile, CodeFiles(place.account, place.container, place.prefix))
