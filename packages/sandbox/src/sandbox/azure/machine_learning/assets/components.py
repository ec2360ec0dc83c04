"""Components: command steps, and pipelines of them. What else the service has is refused by name."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.azure.arm.errors import bad_request, not_modelled
from sandbox.azure.arm.store import Resource
from sandbox.azure.machine_learning.unmodelled import Members, refuse_unmodelled
from sandbox.azure.world import World

ANONYMOUS = ("azureml_anonymous", "1")
PIPELINE_OF_JOB = "pipeline of a job"
"""Kind of the documents with the specification of each pipeline job, by its name."""
_TYPES = ("command", "pipeline")
_COMMAND_NOT_MODELLED: Members = {"distribution": (), "resources": (), "services": ()}


def check_component(world: World, _: Resource, properties: dict[str, Any]) -> None:
    """Refuse a component that is not a command or a pipeline of commands.

    Raises:
        ArmError: 400 for a specification without its parts; 501 for what the sandbox does not run.
    """
    spec = properties.get("componentSpec")
    if not isinstance(spec, dict):
        raise bad_request("required member 'properties.componentSpec' is missing", "UserError")
    if spec.get("sourceJobId") and not spec.get("jobs"):
        pipeline = _pipeline_of(world, str(spec["sourceJobId"]))
        spec |= {part: pipeline.get(part) or {} for part in ("inputs", "outputs", "jobs")}
    type_ = kind_of_component(spec)
    if type_ not in _TYPES:
        raise not_modelled(f"a component of type '{type_}' (only {' and '.join(_TYPES)})")
    if type_ == "command":
        if not spec.get("command"):
            raise bad_request("required member 'properties.componentSpec.command' is missing", "UserError")
        refuse_unmodelled("a command component", spec, _COMMAND_NOT_MODELLED)
    elif not spec.get("jobs"):
        raise bad_request("a pipeline component has no 'jobs'", "UserError")


def version_of_component(name: str, version: str, properties: Mapping[str, Any]) -> str:
    """Return the version that a component is stored as.

    azure-ai-ml registers a pipeline without a name as ``azureml_anonymous`` 1, whatever it contains, and would deploy
    that one instead of the next such pipeline: the service must know them apart, here by their content.
    """
    if (name, version) != ANONYMOUS:
        return version
    return str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(properties.get("componentSpec"), sort_keys=True)))


def kind_of_component(spec: Mapping[str, Any]) -> str:
    """Return the type of a component's specification."""
    return str(spec.get("type") or ("pipeline" if spec.get("jobs") else "command"))


def _pipeline_of(world: World, job_id: str) -> Mapping[str, Any]:
    """Return the pipeline of the job that a component is made from."""
    found: Mapping[str, Any] | None = world.store.document(PIPELINE_OF_JOB, job_id.rpartition("/")[2])
    if found is None:
        raise bad_request(
            f"'properties.componentSpec.sourceJobId' is '{job_id}', and there is no such pipeline job.", "UserError"
        )
    return found


def spec_of(component: Resource) -> Mapping[str, Any]:
    """Return the specification of a component version."""
    spec: Mapping[str, Any] = component.body["properties"]["componentSpec"]
    return spec
