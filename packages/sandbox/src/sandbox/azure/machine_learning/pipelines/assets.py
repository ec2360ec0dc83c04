"""What the specifications of a pipeline name: components, environments, computes, models and data."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.azure.arm.errors import ArmError, bad_request
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.request import EnvironmentSpec, InputLocation
from sandbox.azure.machine_learning.assets.components import spec_of
from sandbox.azure.machine_learning.endpoints.references import existing_asset
from sandbox.azure.machine_learning.jobs.environments import environment_spec
from sandbox.azure.machine_learning.jobs.places import model_files, place_of_data
from sandbox.azure.machine_learning.pipelines.graph import Data, Spec
from sandbox.azure.machine_learning.registries.scope import ASSET_ID, registry_named
from sandbox.azure.machine_learning.scope import COMPUTES
from sandbox.azure.world import World

_LABEL = re.compile(
    r"azureml://registries/(?P<registry>[^/]+)/environments/(?P<name>[^/]+)/labels/latest", re.IGNORECASE
)
_MODEL = re.compile(
    r"(azureml:)?(/subscriptions/.*|azureml://registries/[^/]+)/models/[^/]+/versions/[^/]+", re.IGNORECASE
)


def component_spec(world: World, workspace: Resource, component_id: str, member: str) -> Spec:
    """Return the specification of a registered component.

    Raises:
        ArmError: 400, there is no such version.
    """
    return spec_of(existing_asset(world, workspace, component_id, "components", member))


def environment(world: World, workspace: Resource, given: Any, what: str) -> EnvironmentSpec:
    """Return the environment that a component names.

    Curated ones are allowed here; one that no registry of the sandbox has comes back without content.

    Raises:
        ArmError: 400, the workspace has no such version, it is not named by its id, or its build context is gone.
    """
    if not isinstance(given, str):
        raise bad_request(f"'{what}' must be the id of an environment.", "UserError")
    label = _LABEL.fullmatch(given)
    if label is not None:
        given = _latest(world, label)
    shared = ASSET_ID.fullmatch(given)
    try:
        version = existing_asset(world, workspace, given, "environments", what)
    except ArmError:
        if shared is None:
            raise
        return EnvironmentSpec(shared["name"], shared["version"], registry=shared["registry"])
    return environment_spec(world, workspace, version)


def _latest(world: World, label: re.Match[str]) -> str:
    registry = registry_named(world, label["registry"])
    container = f"{registry.id}/environments/{label['name']}" if registry else ""
    versions = world.store.children(container, f"{registry.type}/environments/versions") if registry else []
    version = versions[-1].name if versions else "latest"
    return f"azureml://registries/{label['registry']}/environments/{label['name']}/versions/{version}"


def compute_id(world: World, workspace: Resource, given: str | None, what: str) -> str:
    """Return the ARM id of a compute that is named or given by its id.

    Raises:
        ArmError: 400, none is given, or the workspace has no such compute.
    """
    name = (given or "").removeprefix("azureml:")
    wanted = name if name.startswith("/") else f"{workspace.id}/computes/{name}"
    found = world.store.get(wanted) if name else None
    if found is None or found.type != COMPUTES or not ArmId.parse(found.id).is_within(ArmId.parse(workspace.id)):
        raise bad_request(f"'{what}' is '{given or ''}', and the workspace has no such compute.", "UserError")
    return found.id


def place(world: World, workspace: Resource, data: Data) -> InputLocation:
    """Return where an input's files are: of a model, a data asset, or at a URI.

    Raises:
        ArmError: 400, it does not exist or has another type.
    """
    if _MODEL.fullmatch(data.uri):
        model = existing_asset(world, workspace, data.uri, "models", "uri")
        files = model_files(world, workspace, model)
        return InputLocation(files.kind, files.account, files.container, files.path)
    return place_of_data(world, workspace, data.uri, "file" if data.kind == "uri_file" else "folder")


def variables(spec: Spec, settings: Spec) -> dict[str, str]:
    """Return the environment variables of a command: the component's, and the pipeline's for it."""
    merged: dict[str, str] = {}
    for each in (spec, settings):
        given: Mapping[str, Any] = each.get("environment_variables") or each.get("environmentVariables") or {}
        merged |= {name: str(value) for name, value in given.items()}
    return merged
