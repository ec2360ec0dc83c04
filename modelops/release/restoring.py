"""Gives revisions that were changed by hand the settings again that they were released with.

The one case in which a revision is edited: it is sent again as it was made, under its name, with the properties and
tags that it has. For the time of that request its state is Updating, also if it is the default.
"""

from functools import partial

from modelops.plan.plan import DeploymentPlan, ReleasePlan
from modelops.release import altered, deploy, live, register
from modelops.release.context import CREATE, READ
from modelops.release.operations import when_free
from modelops.release.permissions import Patience
from modelops.release.report import ReleaseReport


def restore(plan: ReleasePlan, patience: Patience, endpoint: live.LiveEndpoint, report: ReleaseReport) -> None:
    """Send every revision of the plan again that exists, works and differs.

    Raises:
        ReleaseError: the service refused it; one that does not work afterwards is sent again by the next release.
        PlanError: the files changed since the plan was made.
    """
    context = patience.context
    for deployment in plan.made:
        revision = deployment.revision
        found = endpoint.deployments.get(revision)
        if found is None or not deployment.is_readable or not endpoint.is_usable(revision):
            continue
        with context.timeline.span(READ, revision):
            changed = patience.call(READ, altered.differences, context.workspace, deployment, found)
        if not changed:
            continue
        with context.timeline.span(CREATE, revision):
            context.progress(
                CREATE, f"restoring deployment {revision}, which was changed by hand: {changed[0]}", subject=revision
            )
            model_id, registered = patience.call(CREATE, register.ensure_model, context, plan, deployment.model)
            report.registered += [registered] if registered else []
            when_free(context, CREATE, revision, partial(_send, plan, patience, deployment, model_id, found))
        report.altered.append(revision)


def _send(
    plan: ReleasePlan, patience: Patience, deployment: DeploymentPlan, model_id: str, found: live.LiveDeployment
) -> None:
    patience.call(CREATE, deploy.create_revision, patience.context, plan, deployment, model_id, found)
