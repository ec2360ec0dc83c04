"""One operation at a time on an endpoint and its deployments, as online endpoints have it (``Switches``)."""

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.store import Resource
from sandbox.azure.machine_learning.scope import DEPLOYMENTS
from sandbox.azure.world import World

_RUNNING = ("Creating", "Updating", "Deleting")


def require_no_other_operation(world: World, endpoint: Resource | None) -> None:
    """Refuse a change of an endpoint or of a deployment below it while an operation on one of them is in progress.

    A refusal counts as a read of their states: a client that tries again, and does nothing else, gets through.

    Raises:
        ArmError: 409, with the wait until the operation ends, if that is known.
    """
    if endpoint is None or not world.switches.one_operation_per_endpoint:
        return
    ids = [endpoint.id, *(each.id for each in world.store.children(endpoint.id, DEPLOYMENTS))]
    for each in ids:
        if world.operations.due(each) is not None:  # it may have ended since it was read
            world.operations.touch(each)
    running = [found for found in map(world.store.get, ids) if found is not None and _state(found) in _RUNNING]
    if not running:
        return
    other = running[0]
    due = world.operations.due(other.id)
    for found in running:
        world.operations.touch(found.id)
    # A state in a text like this is what users report of online endpoints (Azure/azure-sdk-for-net#36961).
    raise ArmError(
        409,
        "AnotherOperationInProgress",
        f"Another operation is in progress on the endpoint '{endpoint.name}': '{other.name}' is in {_state(other)}"
        " provisioning state. Try again when it has ended.",
        headers=world.operations.wait_headers(due),
    )


def _state(resource: Resource) -> str:
    return str(resource.body["properties"]["provisioningState"])
