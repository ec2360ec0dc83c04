"""Microsoft.MachineLearningServices: workspaces and registries with their contents, scoring hosts, run history."""

from functools import partial

from sandbox.azure.arm.operations import MFE_STATUS, results_of
from sandbox.azure.arm.routes import ANYBODY
from sandbox.azure.machine_learning.assets import datasets, datastores, versions
from sandbox.azure.machine_learning.endpoints import batch_deployments, batch_endpoints
from sandbox.azure.machine_learning.jobs import arm_jobs, history, metrics, scoring
from sandbox.azure.machine_learning.registries import imports, registries
from sandbox.azure.machine_learning.scope import SUBSCRIPTION_PATH
from sandbox.azure.machine_learning.workspaces import computes, vm_sizes, workspaces
from sandbox.azure.world import World

_OPERATIONS = (
    (MFE_STATUS, "Updating"),
    ("computeOperationsStatus", "InProgress"),
    ("workspaceOperationsStatus", "InProgress"),
)
"""Of the address of an operation's state, and the state of one that runs (recorded for all three)."""
_PARTS = (
    *(workspaces, computes, vm_sizes, datastores, datasets, versions, registries, imports),
    *(batch_endpoints, batch_deployments, arm_jobs, scoring, history, metrics),
)


def register(world: World) -> None:
    """Serve all parts, and the status documents of the long-running operations."""
    for part in _PARTS:
        part.register(world)
    # After the parts: the cancellation of a job has an address of its own among these. Callers with a role on only a
    # resource group can also follow their operations, although the URLs are above it.
    base = f"{SUBSCRIPTION_PATH}/locations/{{location}}"
    for states, running in _OPERATIONS:
        status = partial(world.operations.status, running=running)
        world.router.add("GET", f"{base}/{states}/{{operation}}", status, need=ANYBODY)
        world.router.add("GET", f"{base}/{results_of(states)}/{{operation}}", world.operations.result, need=ANYBODY)
