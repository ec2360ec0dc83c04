"""Microsoft.MachineLearningServices: workspaces and what is in them, the scoring hosts and the run history."""

from sandbox.arm.requests import ArmRequest, ArmResponse
from sandbox.arm.routes import ANYBODY
from sandbox.arm.world import World
from sandbox.services.machine_learning import (
    assets,
    batch_deployments,
    batch_endpoints,
    computes,
    datastores,
    history,
    jobs,
    scoring,
    workspaces,
)
from sandbox.services.machine_learning.scope import SUBSCRIPTION_PATH

_OPERATIONS = ("mfeOperations", "computeOperations", "workspaceOperations")


def register(world: World) -> None:
    """Serve every part, and the status documents of the long-running operations."""

    async def status(request: ArmRequest) -> ArmResponse:
        return world.operations.status(request)

    async def result(request: ArmRequest) -> ArmResponse:
        return world.operations.result(request)

    # Who has a role on a resource group only can follow his own operations too, though their URLs are above it.
    for name in _OPERATIONS:
        base = f"{SUBSCRIPTION_PATH}/locations/{{location}}/{name}"
        world.router.add("GET", base + "Status/{operation}", status, need=ANYBODY)
        world.router.add("GET", base + "Results/{operation}", result, need=ANYBODY)
    for part in (
        workspaces,
        computes,
        datastores,
        assets,
        batch_endpoints,
        batch_deployments,
        jobs,
        scoring,
        history,
    ):
        part.register(world)
