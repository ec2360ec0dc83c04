"""Datasets of before May 2022, ``workspaces/datasets``: from 2022-02-01-preview on, `data` has taken their place.

The types of each version: https://github.com/Azure/bicep-types-az, generated/machinelearningservices. How ARM refuses a
type that a version does not have: https://github.com/Azure/azure-sdk-for-js/issues/15460.
"""

from sandbox.azure.arm.errors import ArmError, not_modelled
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.routes import ANYBODY
from sandbox.azure.machine_learning.scope import WORKSPACE_PATH
from sandbox.azure.world import World

_WITHOUT = "2022"
_VERSION = "/{name}/versions/{version}"


def register(world: World) -> None:
    """Refuse every request for a dataset, as newer clients are refused."""
    for method in ("GET", "PUT", "DELETE"):
        for path in ("/{name}", _VERSION):
            world.router.add(method, f"{WORKSPACE_PATH}/datasets{path}", _refuse, need=ANYBODY)


async def _refuse(request: ArmRequest) -> ArmResponse:
    if request.api_version < _WITHOUT:
        raise not_modelled(f"datasets of the API version {request.api_version}")
    type_ = "workspaces/datasets/versions" if "version" in request.params else "workspaces/datasets"
    raise ArmError(
        404,
        "InvalidResourceType",
        f"The resource type '{type_}' could not be found in the namespace 'Microsoft.MachineLearningServices' for api"
        f" version '{request.api_version}'.",
    )
