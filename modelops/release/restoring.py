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
        changed = patience.call(READ, altered.differences, context.workspace, deployment, found)
        if changed:
            with context.timeline.span(CREATE, revision):
                text = f"restoring deployment {revision}, which was changed by hand: {changed[0]}"
                context.progress(CREATE, text, subject=revision)
                _send_again(plan, patience, deployment, found, report)
            report.altered.append(revision)


def _send_again(
    plan: ReleasePlan,
    patience: Patience,
    deployment: DeploymentPlan,
    found: live.LiveDeployment,
    report: ReleaseReport,
) -> None:
    context = patience.context
    model_id, registered = patience.call(CREATE, register.ensure_model, context, plan, deployment.model)
    report.registered += [registered] if registered else []
    create = partial(deploy.create_revision, context, plan, deployment, model_id, found)
    when_free(context, CREATE, deployment.revision, lambda: patience.call(CREATE, create))
