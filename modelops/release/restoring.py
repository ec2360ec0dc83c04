"""What becomes of revisions that were changed by hand: a release tells them, and the command `release` restores them.

That command is the one case in which a revision is edited: it is sent again as it was made, under its name, with the
properties and tags that it has. For the time of that request its state is Updating, also if it is the default.
"""

from functools import partial
from typing import NamedTuple

from modelops.plan.plan import DeploymentPlan, ReleasePlan
from modelops.release import altered, deploy, live, register
from modelops.release.context import CREATE, READ, command
from modelops.release.permissions import Patience
from modelops.release.report import ReleaseReport


class Edited(NamedTuple):
    """A revision of the plan that exists, works and differs."""

    deployment: DeploymentPlan
    found: live.LiveDeployment
    differences: list[str]
    """One sentence each."""


def edited(plan: ReleasePlan, patience: Patience, endpoint: live.LiveEndpoint) -> list[Edited]:
    """Return the revisions of the plan that were changed by hand.

    Raises:
        ReleaseError: Azure cannot be asked.
    """
    workspace = patience.context.workspace
    made = [
        (each, endpoint.deployments[each.revision])
        for each in plan.made
        if each.is_readable and each.revision in endpoint.deployments and endpoint.is_usable(each.revision)
    ]
    compared = [Edited(*each, patience.call(READ, altered.differences, workspace, *each)) for each in made]
    return [each for each in compared if each.differences]


def warnings(plan: ReleasePlan, where: str, changed: list[Edited]) -> list[str]:
    """Say of each revision what differs, and what restores it; `where` is the context's."""
    restores = command("release", plan.endpoint.name, where)
    return [
        f"deployment {each.found.name} was changed by hand and stays like that: {'; '.join(each.differences)}. To "
        f"restore it, run `{restores}`; a change of its settings in the stack file makes a new revision."
        for each in changed
    ]


def restore(
    plan: ReleasePlan, patience: Patience, endpoint: live.LiveEndpoint, changed: list[Edited], report: ReleaseReport
) -> None:
    """Send each revision again as it was made.

    Raises:
        ReleaseError: the service refused it; one that does not work afterwards is sent again by the next release.
        PlanError: the files changed since the plan was made.
    """
    context = patience.context
    for each in changed:
        revision = each.found.name
        serves = ", which serves and is in state Updating meanwhile" if revision == endpoint.default else ""
        with context.timeline.span(CREATE, revision):
            text = f"restoring deployment {revision}{serves}, changed by hand: {'; '.join(each.differences)}"
            context.progress(CREATE, text, subject=revision)
            _send_again(plan, patience, each, report)
        report.altered.append(revision)


def _send_again(plan: ReleasePlan, patience: Patience, each: Edited, report: ReleaseReport) -> None:
    context = patience.context
    model_id, registered = patience.call(CREATE, register.ensure_model, context, plan, each.deployment.model)
    report.registered += [registered] if registered else []
    create = partial(deploy.create_revision, context, plan, each.deployment, model_id, each.found)
    patience.call(CREATE, create)
