"""The scoring hosts, ``<endpoint>.<region>.inference.ml.azure.com``: POST /jobs starts a job, GET reads it."""

import uuid
from typing import Any

from sandbox.azure.arm.durations import format_duration, parse_duration
from sandbox.azure.arm.errors import ArmError, bad_request, not_modelled
from sandbox.azure.arm.identities import principal_of
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.records import RunRecords
from sandbox.azure.jobs.request import EnvironmentSpec, JobRequest
from sandbox.azure.machine_learning.endpoints.batch_endpoints import default_of
from sandbox.azure.machine_learning.endpoints.references import compute_of, referenced_asset
from sandbox.azure.machine_learning.endpoints.settings import (
    LARGEST,
    check_instances,
    check_range,
    check_timeout,
)
from sandbox.azure.machine_learning.jobs.answers import batch_job
from sandbox.azure.machine_learning.jobs.invocation import Invocation, parse
from sandbox.azure.machine_learning.jobs.places import code_files, input_place, model_files, output_place
from sandbox.azure.machine_learning.jobs.runs import jobs_of
from sandbox.azure.machine_learning.scope import DEPLOYMENTS, ENDPOINTS, WORKSPACES, reached
from sandbox.azure.world import World

HOST = "{endpoint}.{region}.inference.ml.azure.com"
_INVOCATION = "ml-invocation"
# https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-batch-endpoints
_NO_DEFAULT = (
    "No valid deployments to route to. Please check that the endpoint has at least one deployment with positive weight"
    " values or use a deployment specific header to route."
)


_AT_THE_WORKSPACE = (
    "read",
    "computes/read",
    "models/read",
    "datastores/read",
    "environments/read",
    "experiments/read",
    "experiments/runs/read",
    "experiments/runs/write",
    "experiments/runs/submit/action",
)
"""What starting a job needs beside the endpoint, under ``invoke_needs_workspace_actions``."""


def register(world: World) -> None:
    """Serve the scoring hosts."""
    _Scoring(world).register()


class _Scoring:
    """The handlers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._records = RunRecords(world.store)

    def register(self) -> None:
        """Add the routes."""
        self._world.router.add("POST", "/jobs", self.start, host=HOST)
        self._world.router.add("GET", "/jobs/{job}", self.get, host=HOST)

    async def start(self, request: ArmRequest) -> ArmResponse:
        """Start a job (201); a repeated request id answers the job that it started before (200)."""
        endpoint = self._endpoint(request)
        self._require(request, endpoint, "write")
        repeat = request.headers.get("repeatability_request-id")
        if repeat:
            before = self._records.get(self._world.store.document(_INVOCATION, f"{endpoint.id}/{repeat}") or "")
            if before is not None:
                return ArmResponse(200, batch_job(before))
        deployment = self._deployment(request, endpoint)
        with self._world.store.transaction():
            caller = request.principal.object_id if request.principal else ""
            job = self._plan(endpoint, deployment, parse(request.body), caller)
            if repeat:
                self._world.store.put_document(_INVOCATION, f"{endpoint.id}/{repeat}", job.name)
        self._world.jobs.submit(job)
        return ArmResponse(201, batch_job(self._records.get(job.name) or {}))

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a job of this endpoint."""
        endpoint = self._endpoint(request)
        self._require(request, endpoint, "read")
        wanted = request.params["job"].lower()
        for record in jobs_of(self._records, self._workspace(endpoint), endpoint.name):
            if record["runId"].lower() == wanted:
                return ArmResponse(200, batch_job(record))
        raise ArmError(404, "NotFound", f"There is no job '{request.params['job']}' of the endpoint '{endpoint.name}'.")

    def _require(self, request: ArmRequest, endpoint: Resource, verb: str) -> None:
        """Refuse a caller whose roles do not let him start (``write``) or read a job.

        The actions are those documented for callers
        (https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-batch-endpoint) without the ones that
        change what is deployed or read secrets; ``jobs/read`` is not among them and exists.
        """
        require = self._world.authorization.require
        named = request.headers.get("azureml-model-deployment") if verb == "write" else None
        if named:
            require(request.principal, f"{DEPLOYMENTS}/jobs/{verb}", f"{endpoint.id}/deployments/{named}")
        else:
            require(request.principal, f"{ENDPOINTS}/jobs/{verb}", endpoint.id)
        if verb == "write" and self._world.switches.invoke_needs_workspace_actions:
            for action in _AT_THE_WORKSPACE:
                require(request.principal, f"{WORKSPACES}/{action}", self._workspace(endpoint).id)

    def _workspace(self, endpoint: Resource) -> Resource:
        found = self._world.store.get(endpoint.id.rsplit("/batchEndpoints/", 1)[0])
        if found is None:
            raise ArmError(404, "NotFound", f"The workspace of the endpoint '{endpoint.name}' is gone.")
        return found

    def _endpoint(self, request: ArmRequest) -> Resource:
        name, region = request.params["endpoint"].lower(), request.params["region"].lower()
        for each in self._world.store.below("", ENDPOINTS):
            if each.name.lower() == name and each.body["location"] == region:
                return each
        raise ArmError(404, "NotFound", f"There is no batch endpoint '{name}' in the region '{region}'.")

    def _deployment(self, request: ArmRequest, endpoint: Resource) -> Resource:
        named = request.headers.get("azureml-model-deployment")
        name = named or default_of(endpoint.body)
        if not name:
            raise ArmError(404, "NotFound", _NO_DEFAULT)
        found = reached(self._world, f"{endpoint.id}/deployments/{name}")
        if found is None:
            raise ArmError(404, "NotFound", f"The endpoint '{endpoint.name}' has no deployment '{name}'.")
        state = found.body["properties"]["provisioningState"]
        if state not in ("Succeeded", "Updating"):
            raise bad_request(f"The deployment '{name}' is {state}; jobs need one that is Succeeded.", "UserError")
        return found

    def _plan(self, endpoint: Resource, deployment: Resource, asked: Invocation, caller: str) -> JobRequest:
        """Check everything, then make the records of the run and its one step."""
        world = self._world
        workspace = self._workspace(endpoint)
        settings = deployment.body["properties"]
        compute = compute_of(world, workspace, settings)
        _check_overrides(asked, compute)
        name, child = f"batchjob-{uuid.uuid4()}", str(uuid.uuid4())
        output, output_uri = output_place(world, workspace, asked, child, settings["outputFileName"])
        retry = settings["retrySettings"]
        job = JobRequest(
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
            max_concurrency_per_instance=settings["maxConcurrencyPerInstance"],
            mini_batch_size=_first(asked.mini_batch_size, settings["miniBatchSize"]),
            max_retries=_first(asked.max_retries, retry["maxRetries"]),
            timeout_seconds=parse_duration(asked.timeout or retry["timeout"]),
            error_threshold=_first(asked.error_threshold, settings["errorThreshold"]),
            output_action=settings["outputAction"],
            logging_level=settings["loggingLevel"],
            cluster_identity=principal_of(compute.body),
            caller=caller,
            **_files(world, workspace, settings),
        )
        self._record(job, asked, output_uri, workspace.body["properties"]["workspaceId"])
        return job

    def _record(self, job: JobRequest, asked: Invocation, output_uri: str, workspace_guid: str) -> None:
        common = {
            "rootRunId": job.name,
            "workspaceId": job.workspace_id,
            "workspaceGuid": workspace_guid,
            "experimentName": job.endpoint,
            "endpoint": job.endpoint,
            "deployment": job.deployment,
            "outputs": {"score": output_uri},
        }
        self._records.create(
            common
            | {
                "runId": job.name,
                "status": "Preparing",
                "displayName": job.name,
                "runType": "azureml.PipelineRun",
                "tags": {"azureml.batchrun": "true", "azureml.deploymentname": job.deployment},
                "job": asked.answered
                | {
                    "compute": {"target": job.compute, "instanceCount": job.instance_count},
                    "errorThreshold": job.error_threshold,
                    "miniBatchSize": job.mini_batch_size,
                    "output": {"uri": output_uri, "fileName": job.output.file_name},
                    "retrySettings": {"maxRetries": job.max_retries, "timeout": format_duration(job.timeout_seconds)},
                },
            }
        )
        self._records.create(
            common
            | {
                "runId": job.child_id,
                "parentRunId": job.name,
                "displayName": "batchscoring",
                "runType": "azureml.StepRun",
                "job": {},
            }
        )


def _first(override: int | None, setting: int) -> int:
    return setting if override is None else override


def _check_overrides(asked: Invocation, compute: Resource) -> None:
    for member, value, low in (
        ("miniBatchSize", asked.mini_batch_size, 1),
        ("errorThreshold", asked.error_threshold, -1),
        ("retrySettings.maxRetries", asked.max_retries, 0),
    ):
        if value is not None:
            check_range(f"properties.{member}", value, low, LARGEST)
    if asked.instance_count is not None:
        check_instances("properties.compute.instanceCount", asked.instance_count, compute)
    if asked.timeout is not None:
        check_timeout("properties.retrySettings.timeout", asked.timeout)


def _files(world: World, workspace: Resource, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the members of a job request that come from the deployment's assets."""
    model = referenced_asset(world, workspace, settings["model"]["assetId"], "models", "properties.model.assetId")
    code_id = (settings.get("codeConfiguration") or {}).get("codeId")
    environment_id = settings.get("environmentId")
    if not code_id:
        raise not_modelled("the scoring of an MLflow model without a scoring script")
    code = referenced_asset(world, workspace, code_id, "codes", "properties.codeConfiguration.codeId")
    result: dict[str, Any] = {
        "model": model_files(world, workspace, model),
        "code": code_files(world, workspace, code),
        "scoring_script": settings["codeConfiguration"]["scoringScript"],
        "environment": None,
    }
    if environment_id:
        version = referenced_asset(world, workspace, environment_id, "environments", "properties.environmentId")
        properties = version.body["properties"]
        result["environment"] = EnvironmentSpec(
            name=version.id.split("/")[-3],
            version=version.name,
            image=properties.get("image") or "",
            conda_file=properties.get("condaFile") or "",
        )
    return result
