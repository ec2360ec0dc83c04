"""The documents of a job, in the formats of the scoring host, ARM and the run history."""

import uuid
from typing import Any
from urllib.parse import quote

from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.records import Run
from sandbox.azure.machine_learning.scope import DEPLOYMENTS, WORKSPACES
from sandbox.azure.world import World

_DATA_PLANE = "2020-09-01-dataplanepreview"
_NOT_SHOWN = {"isLocal": False, "instanceCount": None, "location": None, "instanceType": None, "properties": None}


def batch_job(workspace: Resource, record: Run) -> dict[str, Any]:
    """Return a job in the format of the scoring host and ``list_jobs``.

    Recorded: ``provisioningState`` is that of the start, which has succeeded whenever there is a job; settings of the
    deployment are not shown, only what the request itself gave.
    """
    given = dict(record.job)
    inputs = {
        name: {"mode": "ReadOnlyMount", "description": None} | about
        for name, about in (given.pop("inputData", None) or {}).items()
    }
    return {
        "id": f"{_deployment_id(record)}/jobs/{record.run_id}",
        "name": record.run_id,
        "type": f"{DEPLOYMENTS}/jobs",
        "systemData": _system_data(record),
        "properties": {
            "description": None,
            "tags": {},
            "properties": {},
            **given,
            "name": record.display_name,
            "inputData": inputs,
            "compute": _NOT_SHOWN | (given.get("compute") or {}),
            "output": {"datastoreId": None, "path": None},
            "status": record.status,
            "provisioningState": "Succeeded",
            "interactionEndpoints": {
                kind: {"endpoint": url, "jobEndpointType": kind, "port": None, "properties": {}}
                for kind, url in _services(workspace, record).items()
            },
        },
    }


def batch_job_headers(workspace: Resource, record: Run) -> dict[str, str]:
    """Return the recorded headers of the answer to a scoring request."""
    return {
        "azureml-model-deployment": record.deployment,
        "X-Request-ID": str(uuid.uuid4()),
        "Location": f"https://{workspace.body['location']}.api.azureml.ms{_deployment_id(record)}?api-version={_DATA_PLANE}",
    }


def arm_job(workspace: Resource, record: Run) -> dict[str, Any]:
    """Return a run in the format of ``GET {workspace}/jobs/{name}``: a job is a pipeline, its step a command.

    Of a batch scoring job, the members that describe a pipeline are null (recorded).
    """
    is_job = record.parent_run_id is None
    is_scoring = _is_scoring(record)
    nothing: dict[str, Any] | None = None if is_scoring else {}
    resource_id = f"{record.workspace_id}/jobs/{record.run_id}"
    properties: dict[str, Any] = {
        "jobType": "Pipeline" if is_job else "Command",
        "displayName": record.display_name,
        "description": record.description,
        "experimentName": record.experiment_name,
        "status": record.status,
        "isArchived": False,
        "tags": record.tags,
        "properties": record.properties,
        "services": {
            kind: {"jobServiceType": kind, "endpoint": url, "port": None, "status": None, "errorMessage": None}
            for kind, url in _services(workspace, record).items()
        },
        "inputs": nothing,
        "outputs": nothing,
        "identity": None,
        "componentId": None,
        "computeId": None if is_scoring else (record.job.get("compute") or {}).get("target"),
    }
    if is_job:
        properties |= {"jobs": nothing, "settings": nothing}
    else:
        properties |= {
            "command": record.job.get("command", ""),
            "environmentId": "",
            "parentJobName": record.parent_run_id,
        }
    return {
        "id": resource_id,
        "name": record.run_id,
        "type": f"{WORKSPACES}/jobs",
        "systemData": _system_data(record),
        "properties": properties,
    }


def run(workspace: Resource, record: Run) -> dict[str, Any]:
    """Return a run in the format of the run history, with a data asset for each output of a step or a pipeline."""
    outputs = {
        name: {"assetId": output_asset(workspace, record.run_id, name), "type": "uri_folder"}
        for name in record.outputs
        if not _is_scoring(record)
    }
    return {
        "runId": record.run_id,
        "rootRunId": record.root_run_id,
        "parentRunId": record.parent_run_id,
        "experimentId": record.experiment_name,
        "status": record.status,
        "displayName": record.display_name,
        "description": record.description,
        "runType": record.run_type,
        "runTypeV2": {"orchestrator": None, "traits": [], "computeType": "AmlCompute"},
        "createdUtc": record.created_utc,
        "createdBy": record.created_by or None,
        "userId": record.created_by.get("userObjectId"),
        "lastModifiedUtc": _modified(record),
        "lastModifiedBy": record.modified_by or None,
        "startTimeUtc": record.start_time_utc,
        "endTimeUtc": record.end_time_utc,
        "properties": record.properties,
        "tags": record.tags,
        "outputs": outputs,
        "error": _error(record),
    }


def run_details(world: World, record: Run) -> dict[str, Any]:
    """Return a run's details: its state, and its log files as URLs that need no token."""
    return {
        "runId": record.run_id,
        "parentRunId": record.parent_run_id,
        "status": record.status,
        "startTimeUtc": record.start_time_utc,
        "endTimeUtc": record.end_time_utc,
        "properties": record.properties,
        "logFiles": {name: _readable(world, *place) for name, place in sorted(record.logs.items())},
        "warnings": [],
        "error": _error(record),
    }


def output_asset(workspace: Resource, run_id: str, output: str) -> str:
    """Return the id of the data asset that the service creates for a run's output."""
    guid, location = workspace.body["properties"]["workspaceId"], workspace.body["location"]
    name = f"azureml_{run_id}_output_data_{output}"
    return f"azureml://locations/{location}/workspaces/{guid}/data/{name}/versions/1"


def _is_scoring(record: Run) -> bool:
    """Whether a run is a batch scoring job: its properties say so, which clients cannot change, unlike its tags."""
    return bool(record.endpoint) and "azureml.parameters" in record.properties


def _services(workspace: Resource, record: Run) -> dict[str, str]:
    """Return the addresses of a run: for MLflow, and its page in the studio (it does not exist for the sandbox)."""
    its = ArmId.parse(record.workspace_id)
    scope = f"/subscriptions/{its.subscription}/resourcegroups/{its.group}/workspaces/{its.name}"
    tracking = f"azureml://{workspace.body['location']}.api.azureml.ms/mlflow/v1.0{record.workspace_id}?"
    return {"Tracking": tracking, "Studio": f"https://ml.azure.com/runs/{record.run_id}?wsid={scope}"}


def _deployment_id(record: Run) -> str:
    return f"{record.workspace_id}/batchEndpoints/{record.endpoint}/deployments/{record.deployment}"


def _system_data(record: Run) -> dict[str, Any]:
    return {
        "createdAt": record.created_utc,
        "createdBy": record.created_by.get("userName"),
        "createdByType": "Application",
        "lastModifiedAt": _modified(record),
        "lastModifiedBy": record.modified_by.get("userName"),
        "lastModifiedByType": "Application",
    }


def _modified(record: Run) -> str:
    return max(filter(None, (record.end_time_utc, record.start_time_utc, record.modified_utc, record.created_utc)))


def _readable(world: World, account: str, container: str, blob: str) -> str:
    sas = world.blobs.sas(account, container, "r", blob)
    return f"https://{account}.blob.core.windows.net/{container}/{quote(blob)}?{sas}"


def _error(record: Run) -> dict[str, Any] | None:
    return {"error": record.error} if record.error else None
