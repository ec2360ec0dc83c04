"""The service's limit of deployments per endpoint, checked before a model is uploaded."""

from collections.abc import Sequence
from typing import Final

from modelops.plan.plan import DeploymentPlan, ReleasePlan
from modelops.plan.rules import DEPLOYMENTS_PER_ENDPOINT
from modelops.rehearsal import located
from modelops.release.live import LiveEndpoint

_API: Final = "2025-12-01"


def problem(plan: ReleasePlan, endpoint: LiveEndpoint, missing: Sequence[DeploymentPlan]) -> str | None:
    """Return why the endpoint has no room for the plan's revisions, with the command that makes room, or None.

    Args:
        plan: complete.
        endpoint: what is live.
        missing: the revisions to create. One that exists and failed is replaced, so it needs no room.
    """
    added = [each.revision for each in missing if each.revision not in endpoint.deployments]
    excess = len(endpoint.deployments) + len(added) - DEPLOYMENTS_PER_ENDPOINT
    if not added or excess <= 0:
        return None
    kept = {*plan.revisions.values(), endpoint.default, plan.target}
    unused = sorted(name for name in endpoint.deployments if name not in kept)
    deployment = (
        f"/subscriptions/{plan.subscription_id}/resourceGroups/{plan.resource_group}/providers/Microsoft."
        f"MachineLearningServices/workspaces/{plan.workspace}/batchEndpoints/{endpoint.name}/deployments/DEPLOYMENT"
    )
    return (
        f"endpoint {endpoint.name} has {len(endpoint.deployments)} deployments, and {len(added)} more would exceed the "
        f"service's limit of {DEPLOYMENTS_PER_ENDPOINT}. Delete at least {excess} that nobody uses. Candidates: "
        f"{', '.join(unused) or 'none'}.\n  " + located(f"az resource delete --ids {deployment} --api-version {_API}")
    )
