"""Steps 2 to 4 of a release: what the endpoint lacks is made and tried out, all deployments at the same time."""

from dataclasses import dataclass, field

from modelops.errors import PlanError, ReleaseError
from modelops.plan.plan import DeploymentPlan, LocalModel, RegisteredModel, ReleasePlan
from modelops.release import branches, deploy, existing, limits, live, prune, register
from modelops.release.context import CREATE, READ, REGISTER, TRY
from modelops.release.permissions import Patience
from modelops.release.report import ReleaseReport
from modelops.release.steps import FAILED, UNCHANGED
from modelops.release.tryout import candidates


def make_missing(
    plan: ReleasePlan, patience: Patience, endpoint: live.LiveEndpoint, previous: str | None, report: ReleaseReport
) -> None:
    """Register missing models, create missing revisions and try them out; add what was done to the report.

    Nobody is sent to a revision that did not score its try-out: this fails, and the default does not move.

    Args:
        plan: complete, without a pin.
        patience: of the release.
        endpoint: what is live.
        previous: see `reconcile.reconcile`.
        report: also has what was done before a failure.

    Raises:
        ReleaseError: a step failed.
        PlanError: the plan and the files do not agree, or it names something that does not exist.
        Stopped: the process was told to stop.
    """
    context = patience.context
    with context.timeline.span(READ):
        missing = [each for each in plan.deployments.values() if not _is_there(endpoint, each)]
        going = prune.going_first(context.workspace, plan, endpoint, context.state_default, missing)
        if problem := limits.problem(plan, endpoint, missing, going):
            raise ReleaseError(problem)
        if problem := patience.call(READ, existing.problem, context.workspace, missing):
            raise PlanError(f"{problem}\nNothing was uploaded or created; correct the stack file.")
    absent = {each.logical for each in missing}
    due = {deployment.logical for deployment, _ in candidates.due(plan, endpoint, previous)}
    makings = [
        _Making(plan, patience.branch(), endpoint, previous, each)
        for each in plan.deployments.values()
        if each.logical in absent or each.logical in due
    ]
    new = [each for each in makings if each.deployment.logical in absent]
    try:
        if going:  # only once all models are there
            branches.carry_out([[each.register] for each in new], lambda at, error: new[at].tell(error))
            report.pruned += prune.make_room(plan, context, endpoint, missing)
        steps = [[each.register, each.create, each.try_out] if each in new else [each.try_out] for each in makings]
        branches.carry_out(steps, lambda at, error: makings[at].tell(error))
    finally:
        for each in makings:
            patience.join(each.patience)
            report.registered += each.registered
            report.created += each.created
            report.tried += each.tried


@dataclass(slots=True, eq=False)
class _Making:
    """One deployment's revision, on its way."""

    plan: ReleasePlan
    patience: Patience
    endpoint: live.LiveEndpoint
    """What was live before."""
    previous: str | None
    deployment: DeploymentPlan
    registered: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    tried: list[candidates.Tried] = field(default_factory=list)
    _model_id: str = ""
    _step: str = REGISTER

    def tell(self, error: Exception) -> None:
        """Say that it failed, while others are brought to their end."""
        revision = self.deployment.revision
        text = f"{revision} failed; what has begun for other deployments is brought to its end: {error}"
        self.patience.context.progress(self._step, text.splitlines()[0], subject=revision, outcome=FAILED)

    def register(self) -> None:
        """Step 2: its model exists then."""
        if self._model_id:
            return
        context, model = self.patience.context, self.deployment.model
        if isinstance(model, RegisteredModel):
            self._model_id, _ = register.ensure_model(context, self.plan, model)
            text = f"model {model.name}:{model.version} is registered"
            context.progress(REGISTER, text, subject=model.name, outcome=UNCHANGED)
            return
        with context.timeline.span(REGISTER, model.name):
            new = "uploading" if isinstance(model, LocalModel) else "registering"
            text = f"looking for model {model.name}, {new} it if it is new"
            context.progress(REGISTER, text, subject=model.name)
            self._model_id, registered = self.patience.call(REGISTER, register.ensure_model, context, self.plan, model)
        if registered:
            self.registered.append(registered)
        else:
            text = f"model {model.name} is registered already"
            context.progress(REGISTER, text, subject=model.name, outcome=UNCHANGED)

    def create(self) -> None:
        """Step 3: it exists and works then."""
        self._step, revision = CREATE, self.deployment.revision
        with self.patience.context.timeline.span(CREATE, revision):
            self._create()

    def _create(self) -> None:
        context, revision = self.patience.context, self.deployment.revision
        context.progress(CREATE, f"creating deployment {revision}", subject=revision)
        found = deploy.settle(context, self.plan, self.deployment)
        if found is not None and found.state == live.SUCCEEDED:
            text = f"deployment {revision} exists already"
            context.progress(CREATE, text, subject=revision, outcome=UNCHANGED)
            return
        # The service may refuse to delete a default. It is sent again unchanged: same name, same content.
        is_sent_again = found is not None and found.name == self.endpoint.default
        if found is not None and not is_sent_again:
            text = f"deleting deployment {found.name}, which is in state {found.state}"
            context.progress(CREATE, text, subject=revision)
            deploy.delete_revision(context, self.plan, CREATE, found.name)
        again = found if is_sent_again else None
        self.patience.call(CREATE, deploy.create_revision, context, self.plan, self.deployment, self._model_id, again)
        self.created.append(revision)

    def try_out(self) -> None:
        """Step 4: it has scored its try-out, if it has one, unless it serves or did so before."""
        if self.deployment.try_out is None:
            return
        self._step = TRY
        now = live.read(self.patience.context.workspace, self.plan)
        for which in candidates.due(self.plan, now, self.previous):
            if which[0].logical == self.deployment.logical:
                self.tried.append(candidates.try_out(self.plan, self.patience, now, which))


def _is_there(endpoint: live.LiveEndpoint, deployment: DeploymentPlan) -> bool:
    """Whether the revision is usable; `deploy.settle` refuses one with the same name and different content."""
    found = endpoint.deployments.get(deployment.revision)
    return endpoint.is_usable(deployment.revision) and (
        found is None or found.identity in (None, deployment.identity())
    )
