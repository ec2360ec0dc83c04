"""The service's limit of deployments per endpoint, checked before a model is uploaded."""

from collections.abc import Collection, Sequence
from typing import Final

from modelops.plan.plan import DeploymentPlan, ReleasePlan
from modelops.plan.rules import DEPLOYMENTS_PER_ENDPOINT
from modelops.rehearsal import located
from modelops.release.live import LiveEndpoint

_API: Final = "2025-12-01"


def excess(endpoint: LiveEndpoint, missing: Sequence[DeploymentPlan]) -> int:
    """Return how many deployments the endpoint has too many for the revisions to create; at least 0.

    Args:
        endpoint: what is live.
        missing: the revisions to create. One that exists and failed is replaced, so it needs no room.
    """
    added = sum(each.revision not in endpoint.deployments for each in missing)
    return max(0, len(endpoint.deployments) + added - DEPLOYMENTS_PER_ENDPOINT) if added else 0


def problem(
    plan: ReleasePlan, endpoint: LiveEndpoint, missing: Sequence[DeploymentPlan], going: Collection[str] = ()
) -> str | None:
    """Return why the endpoint has no room for the plan's revisions, with the command that makes room, or None.

    Args:
        plan: complete.
        endpoint: what is live.
        missing: the revisions to create.
        going: names of the deployments that the release deletes before it creates them.
    """
    lacking = excess(endpoint, missing) - len(going)
    if lacking <= 0:
        return None
    added = sum(each.revision not in endpoint.deployments for each in missing)
    kept = {*plan.revisions.values(), endpoint.default, plan.target, *going}
    unused = sorted(name for name in endpoint.deployments if name not in kept)
    deployment = (
        f"/subscriptions/{plan.subscription_id}/resourceGroups/{plan.resource_group}/providers/Microsoft."
        f"MachineLearningServices/workspaces/{plan.workspace}/batchEndpoints/{endpoint.name}/deployments/DEPLOYMENT"
    )
    own = f", of which the release would delete {len(going)} first" if going else ""
    return (
        f"endpoint {endpoint.name} has {len(endpoint.deployments)} deployments{own}, and {added} more would exceed the "
        f"service's limit of {DEPLOYMENTS_PER_ENDPOINT}. Delete at least {lacking} that nobody uses. Candidates: "
        f"{', '.join(unused) or 'none'}.\n  " + located(f"az resource delete --ids {deployment} --api-version {_API}")
    )
