"""Pipeline jobs that a client starts by ARM, and the pipelines of jobs, for components that are made from them."""

from collections.abc import Mapping
from typing import Any

from sandbox.azure.arm.errors import bad_request
from sandbox.azure.arm.store import Resource, Store
from sandbox.azure.jobs.records import Run
from sandbox.azure.machine_learning.assets.components import PIPELINE_OF_JOB
from sandbox.azure.machine_learning.pipelines import assets
from sandbox.azure.machine_learning.pipelines.graph import Data, Spec, Value
from sandbox.azure.machine_learning.pipelines.plan import PIPELINE_JOB, PlannedPipeline, Planner, Settings
from sandbox.azure.world import World


def plan_job(
    world: World, workspace: Resource, name: str, properties: Mapping[str, Any]
) -> tuple[PlannedPipeline, Spec]:
    """Check the properties of a pipeline job and return it with its specification; nothing is stored yet.

    Raises:
        ArmError: something does not fit, or does not exist.
    """
    inputs = {key: _value(key, about) for key, about in (properties.get("inputs") or {}).items() if about is not None}
    declared = {key: about for key, about in (properties.get("outputs") or {}).items() if about is not None}
    outputs = {key: about["uri"] for key, about in declared.items() if about.get("uri")}
    spec: Spec = {
        "type": "pipeline",
        "jobs": properties.get("jobs") or {},
        "inputs": {key: {"type": value.kind if isinstance(value, Data) else "string"} for key, value in inputs.items()},
        "outputs": {key: {"type": about["jobOutputType"]} for key, about in declared.items()},
    }
    if properties.get("componentId"):
        spec = assets.component_spec(world, workspace, properties["componentId"], "properties.componentId")
    if not spec.get("jobs"):
        raise bad_request("a pipeline job needs 'properties.jobs' or 'properties.componentId'", "UserError")
    job = Run(
        run_id=name,
        root_run_id=name,
        workspace_id=workspace.id,
        workspace_guid=workspace.body["properties"]["workspaceId"],
        experiment_name=properties.get("experimentName") or "Default",
        display_name=properties.get("displayName") or name,
        run_type="azureml.PipelineRun",
        status="Preparing",
        tags=(properties.get("tags") or {}) | PIPELINE_JOB,
        properties=properties.get("properties") or {},
    )
    settings = Settings.read(properties.get("settings"), properties.get("computeId"))
    return Planner(world, workspace, job, settings, outputs).plan(spec, inputs), spec


def keep_spec(store: Store, job: str, spec: Spec) -> None:
    """Remember the pipeline of a job."""
    store.put_document(PIPELINE_OF_JOB, job, dict(spec))


def _value(name: str, about: Mapping[str, Any]) -> Value:
    if about["jobInputType"] == "literal":
        if about.get("value") is None:
            raise bad_request(f"required member 'properties.inputs.{name}.value' is missing", "UserError")
        return str(about["value"])
    if not about.get("uri"):
        raise bad_request(f"required member 'properties.inputs.{name}.uri' is missing", "UserError")
    return Data(about["jobInputType"], str(about["uri"]))
