"""Pipeline component deployments: what their PUT must name, and the jobs that they start."""

import uuid
from typing import Any

from sandbox.azure.arm.errors import bad_request
from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.records import Run
from sandbox.azure.machine_learning.assets.components import kind_of_component
from sandbox.azure.machine_learning.jobs.names import display_name, start_of
from sandbox.azure.machine_learning.pipelines import assets
from sandbox.azure.machine_learning.pipelines.graph import Spec
from sandbox.azure.machine_learning.pipelines.invocation import parse
from sandbox.azure.machine_learning.pipelines.plan import PIPELINE_JOB, PlannedPipeline, Planner, Settings
from sandbox.azure.world import World

_COMPONENT = "properties.deploymentConfiguration.componentId.assetId"


def is_pipeline(properties: dict[str, Any]) -> bool:
    """Whether a deployment's properties are those of a pipeline component deployment."""
    return properties.get("deploymentConfiguration") is not None


def check_pipeline(world: World, workspace: Resource, properties: dict[str, Any]) -> None:
    """Refuse a pipeline component deployment that names something that does not exist.

    Raises:
        ArmError: 400, without a pipeline component, or its default compute does not exist.
    """
    spec, configuration = _spec(world, workspace, properties), properties["deploymentConfiguration"]
    if kind_of_component(spec) != "pipeline":
        raise bad_request(
            f"'{_COMPONENT}' is a component of type '{kind_of_component(spec)}', not a pipeline.", "UserError"
        )
    compute = Settings.read(configuration.get("settings")).compute
    if compute is not None:
        what = "properties.deploymentConfiguration.settings.default_compute"
        assets.compute_id(world, workspace, compute, what)


def plan_pipeline(
    world: World, workspace: Resource, endpoint: Resource, deployment: Resource, body: Any
) -> PlannedPipeline:
    """Check a scoring request and return its job; nothing is stored yet.

    Raises:
        ArmError: the request and the deployment do not fit, or name something that does not exist.
    """
    asked = parse(body)
    kept = asked if world.switches.invocation_words_kept else None
    properties = deployment.body["properties"]
    name = f"batchjob-{uuid.uuid4()}"
    job = Run(
        run_id=name,
        root_run_id=name,
        workspace_id=workspace.id,
        workspace_guid=workspace.body["properties"]["workspaceId"],
        experiment_name=asked.experiment or endpoint.name,
        endpoint=endpoint.name,
        deployment=deployment.name,
        display_name=display_name(),
        description=(kept and kept.description) or start_of(endpoint.name, deployment.name),
        run_type="azureml.PipelineRun",
        status="Preparing",
        tags={**(kept.tags if kept else {}), "azureml.batchrun": "true", "azureml.deploymentname": deployment.name}
        | PIPELINE_JOB,
        job=asked.answered,
    )
    settings = Settings.read(properties["deploymentConfiguration"].get("settings"))
    planner = Planner(world, workspace, job, settings, asked.outputs)
    return planner.plan(_spec(world, workspace, properties), asked.inputs)


def _spec(world: World, workspace: Resource, properties: dict[str, Any]) -> Spec:
    component = (properties["deploymentConfiguration"].get("componentId") or {}).get("assetId")
    if not component:
        raise bad_request(f"required member '{_COMPONENT}' is missing", "UserError")
    return assets.component_spec(world, workspace, component, _COMPONENT)
