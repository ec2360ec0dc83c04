"""The two custom roles of callers: checks that they exist and allow enough.

The program assigns these roles and does not define them: a principal that can define a role and also assign it can give
itself everything. prerequisites/caller-roles/ has their definitions, once for a tenant. The built-in role that would do
(AzureML Data Scientist) can also change every endpoint of the workspace. The role that Microsoft documents for callers
(https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-batch-endpoint) can move the default and list
keys; ours is that list without what changes an endpoint or hands out secrets, and with what reads a job. Whether Azure
needs no more than this is unconfirmed: docs/security.md.
"""

from collections.abc import Mapping, Sequence

from components import roles
from components.preflight import arm

_ML = "Microsoft.MachineLearningServices/workspaces/"
_NOT_FOUND = 404

ENDPOINT_ACTIONS = tuple(
    f"{_ML}{action}"
    for action in (
        "batchEndpoints/read",
        "batchEndpoints/jobs/read",
        "batchEndpoints/jobs/write",
        "batchEndpoints/deployments/read",
        "batchEndpoints/deployments/jobs/read",
        "batchEndpoints/deployments/jobs/write",
    )
)
"""The caller's actions on its endpoint: see it, start jobs, follow them."""

WORKSPACE_ACTIONS = tuple(
    f"{_ML}{action}"
    for action in (
        "read",
        "computes/read",
        "data/versions/write",
        "datasets/registered/read",
        "datasets/unregistered/read",
        "datasets/unregistered/write",
        "datastores/read",
        "environments/read",
        "experiments/read",
        "experiments/runs/read",
        "experiments/runs/submit/action",
        "experiments/runs/write",
        "metadata/artifacts/read",
        "metadata/artifacts/write",
        "metadata/snapshots/read",
        "metrics/resource/write",
        "models/read",
        "modules/read",
    )
)
"""The other actions that starting a job needs: recording the run, and reading what it uses."""

NEEDED: Mapping[roles.Role, tuple[str, ...]] = {
    roles.ENDPOINT_CALLER: ENDPOINT_ACTIONS,
    roles.CALLER_RUNS: WORKSPACE_ACTIONS,
}
"""The custom roles, and the actions that each must allow."""


def problems(scope: str, azure: arm.ResourceManager) -> list[str]:
    """Return the problems of the custom roles at `scope`; none if they allow what callers need.

    Raises:
        arm.Unanswered: Azure gave no usable answer.
        arm.Refused: The deployer may not read role definitions.
    """
    found: list[str] = []
    for role, actions in NEEDED.items():
        try:
            definition = azure.read(f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{role.id}")
        except arm.Refused as error:
            if error.status != _NOT_FOUND:
                raise
            found.append(f"the custom role '{role.name}' ({role.id}) is not defined")
            continue
        entries = definition["properties"].get("permissions") or ()
        lacking = [each for each in actions if not any(arm.allows(entry, each) for entry in entries)]
        if lacking:
            found.append(f"the custom role '{role.name}' ({role.id}) does not allow {', '.join(lacking)}")
    return found


def text(found: Sequence[str], subscription_id: str) -> str:
    """Return the message for `found`, with the commands for somebody who may define roles."""
    commands = "\n".join(f"  {command(role.id, subscription_id)}" for role in NEEDED)
    return (
        f"The endpoints' callers cannot get access: {'; '.join(found)}. This program does not define roles.\n"
        f"An administrator of the subscription (User Access Administrator, Owner) can define them:\n{commands}"
    )


def command(role_id: str, subscription_id: str) -> str:
    """Return the command that defines a custom role, or changes it: `az role definition create` chooses its own id."""
    definition = f"/subscriptions/{subscription_id}/providers/Microsoft.Authorization/roleDefinitions/{role_id}"
    return (
        f'az rest --method put --url "{definition}?api-version=2022-04-01"'
        f' --body "$(sed s/SUBSCRIPTION/{subscription_id}/ prerequisites/caller-roles/{role_id}.json)"'
    )
