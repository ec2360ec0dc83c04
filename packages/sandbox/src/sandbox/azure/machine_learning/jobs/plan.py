"""Turns a scoring request and a deployment into a job: the runner's request, and the run records."""

import json
import uuid
from dataclasses import replace
from typing import Any, NamedTuple

from sandbox.azure.arm.durations import parse_duration
from sandbox.azure.arm.errors import not_modelled
from sandbox.azure.arm.identities import principal_of
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.jobs.mlflow_model import SCRIPT
from sandbox.azure.jobs.records import Run
from sandbox.azure.jobs.request import JobRequest
from sandbox.azure.machine_learning.endpoints.references import asset_ids, compute_of, referenced_asset
from sandbox.azure.machine_learning.endpoints.settings import LARGEST, check_range, check_timeout
from sandbox.azure.machine_learning.jobs.environments import environment_of
from sandbox.azure.machine_learning.jobs.invocation import Invocation
from sandbox.azure.machine_learning.jobs.names import display_name, start_of
from sandbox.azure.machine_learning.jobs.places import code_files, input_place, model_files, output_place
from sandbox.azure.machine_learning.registries.scope import registry_ids
from sandbox.azure.world import World


class PlannedJob(NamedTuple):
    """A job that may start; ``runs`` are the job and its only step."""

    request: JobRequest
    runs: tuple[Run, Run]


def plan(
    world: World, workspace: Resource, endpoint: Resource, deployment: Resource, *, asked: Invocation, caller: str
) -> PlannedJob:
    """Check everything and return the job for ``caller`` (an object id); nothing is stored yet.

    Raises:
        ArmError: the request and the deployment do not fit, or name something that does not exist.
    """
    settings = deployment.body["properties"]
    compute = compute_of(world, workspace, settings)
    _check_overrides(asked, compute)
    name, child = f"batchjob-{uuid.uuid4()}", str(uuid.uuid4())
    output, output_uri = output_place(world, workspace, asked, child, settings["outputFileName"])
    retry = settings["retrySettings"]
    request = JobRequest(
        name=name,
        child_id=child,
        workspace_id=workspace.id,
        endpoint=endpoint.name,
        deployment=deployment.name,
        location=endpoint.body["location"],
        compute=compute.id,
        input=input_place(world, workspace, asked),
        output=output,
        environment_variables=settings["environmentVariables"],
        instance_count=_first(asked.instance_count, settings["resources"]["instanceCount"]),
        max_concurrency_per_instance=_first(asked.max_concurrency_per_instance, settings["maxConcurrencyPerInstance"]),
        mini_batch_size=_first(asked.mini_batch_size, settings["miniBatchSize"]),
        max_retries=_first(asked.max_retries, retry["maxRetries"]),
        timeout_seconds=parse_duration(asked.timeout or retry["timeout"]),
        error_threshold=_first(asked.error_threshold, settings["errorThreshold"]),
        output_action=settings["outputAction"],
        logging_level=asked.logging_level or settings["loggingLevel"],
        cluster_identity=principal_of(compute.body),
        caller=caller,
        registries=registry_ids(world, asset_ids(settings)),
        **_files(world, workspace, settings),
    )
    kept = asked if world.switches.invocation_words_kept else None
    return PlannedJob(request, _runs(request, asked, kept, output_uri, workspace.body["properties"]["workspaceId"]))


def _runs(
    job: JobRequest, asked: Invocation, kept: Invocation | None, output_uri: str, workspace_guid: str
) -> tuple[Run, Run]:
    """Return the job and its step; the job's tags and description are those of ``kept``."""
    parent = Run(
        run_id=job.name,
        root_run_id=job.name,
        workspace_id=job.workspace_id,
        workspace_guid=workspace_guid,
        experiment_name=job.endpoint,
        endpoint=job.endpoint,
        deployment=job.deployment,
        display_name=display_name(),
        description=(kept and kept.description) or start_of(job.endpoint, job.deployment),
        run_type="azureml.PipelineRun",
        status="Preparing",
        tags=(kept.tags if kept else {}) | {"azureml.batchrun": "true", "azureml.deploymentname": job.deployment},
        properties={
            "azureml.runsource": "azureml.PipelineRun",
            "azureml.parameters": json.dumps({"run_max_try": str(job.max_retries)}),
        },
        outputs={"score": output_uri},
        job=asked.answered | {"compute": {"target": job.compute} | asked.answered.get("compute", {})},
    )
    step = replace(
        parent,
        run_id=job.child_id,
        parent_run_id=job.name,
        display_name="batchscoring",
        description=None,
        properties={},
        run_type="azureml.StepRun",
        status="NotStarted",
        created_utc=now_iso(),
        tags={},
        job={},
    )
    return parent, step


def _first(override: int | None, setting: int) -> int:
    return setting if override is None else override


def _check_overrides(asked: Invocation, compute: Resource) -> None:
    for member, value, low in (
        ("miniBatchSize", asked.mini_batch_size, 1),
        ("compute.instanceCount", asked.instance_count, 1),
        ("maxConcurrencyPerInstance", asked.max_concurrency_per_instance, 1),
        ("errorThreshold", asked.error_threshold, -1),
        ("retrySettings.maxRetries", asked.max_retries, 0),
    ):
        if value is not None:
            check_range(f"properties.{member}", value, low, LARGEST)
    if asked.compute is not None:
        target = asked.compute.removeprefix("azureml:")
        if target.lower() not in (compute.id.lower(), compute.name.lower()):
            raise not_modelled(f"'properties.compute.target' of a scoring request (it is '{target}')")
    if asked.timeout is not None:
        check_timeout("properties.retrySettings.timeout", asked.timeout)


def _files(world: World, workspace: Resource, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the members of a job request that come from the deployment's assets."""
    model = referenced_asset(world, workspace, settings["model"]["assetId"], "models", "properties.model.assetId")
    written = settings.get("codeConfiguration") or {}
    environment_id = settings.get("environmentId")
    result: dict[str, Any] = {
        "model": model_files(world, workspace, model),
        "code": None,
        "scoring_script": SCRIPT,
        "environment": None,
    }
    if written:
        code = referenced_asset(world, workspace, written["codeId"], "codes", "properties.codeConfiguration.codeId")
        result |= {"code": code_files(world, workspace, code), "scoring_script": written["scoringScript"]}
    if environment_id:
        result["environment"] = environment_of(world, workspace, environment_id, "properties.environmentId")
    return result
