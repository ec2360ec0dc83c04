"""Microsoft.MachineLearningServices: workspaces and registries with their contents, scoring hosts, run history."""

from sandbox.azure.arm.routes import ANYBODY
from sandbox.azure.machine_learning.assets import datasets, datastores, versions
from sandbox.azure.machine_learning.endpoints import batch_deployments, batch_endpoints
from sandbox.azure.machine_learning.jobs import arm_jobs, history, metrics, scoring
from sandbox.azure.machine_learning.registries import imports, registries
from sandbox.azure.machine_learning.scope import SUBSCRIPTION_PATH
from sandbox.azure.machine_learning.workspaces import computes, vm_sizes, workspaces
from sandbox.azure.world import World

_OPERATIONS = ("mfeOperations", "computeOperations", "workspaceOperations")
_PARTS = (
    *(workspaces, computes, vm_sizes, datastores, datasets, versions, registries, imports),
    *(batch_endpoints, batch_deployments, arm_jobs, scoring, history, metrics),
)


def register(world: World) -> None:
    """Serve all parts, and the status documents of the long-running operations."""
    # Callers with a role on only a resource group can also follow their operations, although the URLs are above it.
    for name in _OPERATIONS:
        base = f"{SUBSCRIPTION_PATH}/locations/{{location}}/{name}"
        world.router.add("GET", base + "Status/{operation}", world.operations.status, need=ANYBODY)
        world.router.add("GET", base + "Results/{operation}", world.operations.result, need=ANYBODY)
    for part in _PARTS:
        part.register(world)
