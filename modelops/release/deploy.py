"""Creates deployment revisions: immutable, named after their content, never edited."""

import functools
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from modelops import azure
from modelops.errors import ReleaseError
from modelops.plan.environments import CondaText, Environment, ImageEnvironment
from modelops.plan.plan import BuildEnvironment, DeploymentPlan, NamedEnvironment, ReleasePlan
from modelops.plan.staging import staged
from modelops.rehearsal import in_studio
from modelops.release import live, provenance
from modelops.release.context import CREATE, Context
from modelops.release.operations import LONGEST_SECONDS, finished, still_going, when_free
from modelops.release.single_flight import SingleFlight

_CODE_FOLDER: Final = "code"
_FINAL_STATES: Final = (live.SUCCEEDED, "Failed", "Canceled")
_WAIT_SECONDS: Final = 5.0
_uploads: Final = SingleFlight[Any]()


def settle(context: Context, plan: ReleasePlan, deployment: DeploymentPlan) -> live.LiveDeployment | None:
    """Wait until a revision that somebody (or a killed release) is creating or deleting is in a final state.

    Returns:
        The revision, or None if it does not exist.

    Raises:
        ReleaseError: another revision has its name, or it is not in a final state after an hour.
    """
    waited = 0.0
    while True:
        found = live.read_deployment(context.workspace, plan.endpoint.name, deployment.revision)
        if found is None:
            return None
        if found.identity is not None and found.identity != deployment.identity():
            raise ReleaseError(
                f"deployment {found.name} exists with different content (identity {found.identity}, planned "
                f"{deployment.identity()}): the 8 digits of its name are the same by chance. Add an environment "
                "variable to the deployment to change its name."
            )
        if found.state in _FINAL_STATES:
            return found
        if waited >= LONGEST_SECONDS:
            raise still_going(f"{found.name} is in state {found.state}, which")
        text = f"waiting for deployment {found.name}, which is in state {found.state} ({waited:.0f} s)"
        context.progress(CREATE, text, subject=found.name)
        context.wait(_WAIT_SECONDS)
        waited += _WAIT_SECONDS


def create_revision(
    context: Context,
    plan: ReleasePlan,
    deployment: DeploymentPlan,
    model_id: str,
    found: live.LiveDeployment | None = None,
) -> None:
    """Create a revision and wait until it is Succeeded.

    Args:
        context: the release's surroundings.
        plan: of the endpoint.
        deployment: of the revision.
        model_id: the registered model's.
        found: the revision that is sent again: its properties may not be altered, and its tags stay.

    Raises:
        ReleaseError: the service refused it or could not provision it.
        PlanError: code or conda file changed since the plan was made.
    """
    name = deployment.revision
    with azure.step(f"creating deployment {name}"):
        ml = context.workspace.ml  # first: it lets one thread at a time import the SDK
        entity = _uploaded(context, plan, deployment, model_id)
        entity.properties.update(found.properties if found else provenance.properties(context))
        entity.tags.update(found.tags if found else provenance.tags(context))
        is_again = False

        def send() -> None:
            nonlocal is_again
            if is_again and found is None and settle(context, plan, deployment) is not None:
                return  # another release made it
            is_again = True
            finished(ml.batch_deployments.begin_create_or_update(entity), f"creating deployment {name}")

        when_free(context, CREATE, name, send)
    made = live.read_deployment(context.workspace, plan.endpoint.name, name)
    if made is None or made.state != live.SUCCEEDED:
        see = in_studio("See the deployment's logs in the studio. ")
        raise ReleaseError(
            f"creating deployment {name} ended in state {made.state if made else 'deleted'}, expected "
            f"{live.SUCCEEDED}. {see}The next release creates it again."
        )


def delete_revision(context: Context, plan: ReleasePlan, step: str, name: str) -> None:
    """Delete a revision in one of the steps, and wait until it is gone.

    Raises:
        ReleaseError: the service refused it, or it became the default while the service was busy.
    """
    is_again = False

    def send() -> None:
        nonlocal is_again
        endpoint = plan.endpoint.name
        if is_again and live.read_endpoint(context.workspace, endpoint).default == name:
            raise ReleaseError(f"deployment {name} has become the default of {endpoint}, and is not deleted.")
        is_again = True
        with azure.step(f"deleting deployment {name}"):
            poller = context.workspace.ml.batch_deployments.begin_delete(name=name, endpoint_name=endpoint)
            finished(poller, f"deleting deployment {name}")

    when_free(context, step, name, send)


def _uploaded(context: Context, plan: ReleasePlan, deployment: DeploymentPlan, model_id: str) -> Any:
    """Upload code and build context and register the environment, as the SDK does when it sends a deployment.

    Apart from that, because deployments that share one of them are sent at the same time: the first one brings it to
    Azure alone, and the others find it there.

    Returns:
        The deployment to send, which has their ids. It needs no files any more.
    """
    from azure.ai.ml._utils import _endpoint_utils  # noqa: PLC0415
    from azure.ai.ml.operations._operation_orchestrator import OperationOrchestrator  # noqa: PLC0415

    ml: Any = context.workspace.ml
    orchestrator = OperationOrchestrator(ml._operation_container, ml._operation_scope, ml._operation_config)  # noqa: SLF001

    def upload() -> Any:
        with ExitStack() as copies:
            entity = _entity(plan, deployment, model_id, context.root, copies)
            if deployment.code:
                _endpoint_utils.validate_scoring_script(entity)  # type: ignore[no-untyped-call]
            _endpoint_utils.upload_dependencies(entity, orchestrator)
        return entity

    do: Callable[[], Any] = upload
    for key in reversed(shared_with_others(deployment)):
        do = functools.partial(_uploads.after_first, f"{context.workspace.id}/{key}".lower(), do, context.wait)
    return do()


def shared_with_others(deployment: DeploymentPlan) -> list[str]:
    """Return keys of what other deployments may need at the same time: code, build context, environment.

    They are waited for in this order, so that no two deployments wait for each other. Each begins with its kind: code
    and build context may be the same folder.
    """
    keys = [f"code/{deployment.code.digest}"] if deployment.code else []
    environment = deployment.environment
    if isinstance(environment, BuildEnvironment):
        keys.append(f"build/{environment.digest}")
    if isinstance(environment, BuildEnvironment | ImageEnvironment):
        keys.append(f"environment/{json.dumps(environment.identity(), sort_keys=True)}")
    return keys


def _entity(plan: ReleasePlan, deployment: DeploymentPlan, model_id: str, root: Path, copies: ExitStack) -> Any:
    from azure.ai.ml import entities  # noqa: PLC0415

    settings = deployment.settings
    configuration = None
    if code := deployment.code:
        copy = copies.enter_context(staged(root / code.path, _CODE_FOLDER, code.digest))
        configuration = entities.CodeConfiguration(code=str(copy), scoring_script=code.scoring_script)
    return entities.ModelBatchDeployment(
        name=deployment.revision,
        endpoint_name=plan.endpoint.name,
        description=deployment.description or None,
        tags=dict(deployment.tags),
        properties={live.IDENTITY_PROPERTY: deployment.identity() or "", live.LOGICAL_PROPERTY: deployment.logical},
        model=model_id,
        code_configuration=configuration,
        environment=_environment(deployment.environment, root, copies) if deployment.environment else None,
        compute=deployment.compute,
        settings=entities.ModelBatchDeploymentSettings(
            **settings.sdk_arguments("settings"),
            retry_settings=entities.BatchRetrySettings(**settings.sdk_arguments("retry_settings")),
            environment_variables=dict(deployment.environment_variables),
        ),
    )


def _environment(environment: Environment, root: Path, copies: ExitStack) -> Any:
    """The id of an existing environment, or an anonymous one from image and conda file, or from a build context.

    Anonymous, because the SDK then names the version after the content: the same environment is the same asset for
    every endpoint and release, and two stacks cannot use the same name for different content. A named one would be sent
    again, and overwritten, with every deployment.
    """
    from azure.ai.ml import entities  # noqa: PLC0415

    if isinstance(environment, NamedEnvironment):
        named = f"{environment.name}/versions/{environment.version}"
        if environment.registry:
            return f"azureml://registries/{environment.registry}/environments/{named}"
        return f"azureml:{environment.name}:{environment.version}"
    if isinstance(environment, BuildEnvironment):
        context = copies.enter_context(staged(root / environment.path, "context", environment.digest))
        # The Dockerfile is part of the version's hash only if it is named.
        build = entities.BuildContext(path=context, dockerfile_path=environment.dockerfile_path)
        return entities.Environment(build=build)
    conda = environment.conda
    if isinstance(conda, CondaText):
        return entities.Environment(image=environment.image, conda_file=conda.content)
    conda_file = copies.enter_context(staged(root / conda.path, "environment", conda.digest)) if conda else None
    return entities.Environment(image=environment.image, conda_file=conda_file)
