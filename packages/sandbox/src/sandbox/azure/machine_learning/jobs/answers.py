"""The documents of a job, in the formats of the scoring host, ARM and the run history."""

from typing import Any
from urllib.parse import quote

from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.records import Run
from sandbox.azure.machine_learning.pipelines.plan import PIPELINE_JOB
from sandbox.azure.machine_learning.scope import DEPLOYMENTS, WORKSPACES
from sandbox.azure.world import World

_PROVISIONING = {"Completed": "Succeeded", "Failed": "Failed", "Canceled": "Canceled"}


def batch_job(record: Run) -> dict[str, Any]:
    """Return a job in the format of the scoring host and ``list_jobs``."""
    endpoint_id = f"{record.workspace_id}/batchEndpoints/{record.endpoint}"
    return {
        "id": f"{endpoint_id}/deployments/{record.deployment}/jobs/{record.run_id}",
        "name": record.run_id,
        "type": f"{DEPLOYMENTS}/jobs",
        "systemData": {"createdAt": record.created_utc},
        "properties": {
            **record.job,
            "status": record.status,
            "provisioningState": _PROVISIONING.get(record.status, "InProgress"),
            "interactionEndpoints": {
                "Studio": {"endpoint": studio_url(record), "jobEndpointType": "Studio", "port": None, "properties": {}}
            },
        },
    }


def arm_job(record: Run) -> dict[str, Any]:
    """Return a run in the format of ``GET {workspace}/jobs/{name}``: a job is a pipeline, its step a command."""
    is_job = record.parent_run_id is None
    resource_id = f"{record.workspace_id}/jobs/{record.run_id}"
    properties: dict[str, Any] = {
        "jobType": "Pipeline" if is_job else "Command",
        "displayName": record.display_name,
        "description": None,
        "experimentName": record.experiment_name,
        "status": record.status,
        "isArchived": False,
        "tags": record.tags,
        "properties": record.properties,
        "services": {
            "Studio": {"jobServiceType": "Studio", "endpoint": studio_url(record)},
        },
        "inputs": {},
        "outputs": {},
        "computeId": (record.job.get("compute") or {}).get("target"),
    }
    if is_job:
        properties |= {"jobs": {}, "settings": {}}
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
        "systemData": {
            "createdAt": record.created_utc,
            "createdByType": "Application",
            "lastModifiedAt": _modified(record),
        },
        "properties": properties,
    }


def run(workspace: Resource, record: Run) -> dict[str, Any]:
    """Return a run in the format of the run history, with a data asset for each output of a step or a pipeline."""
    outputs = {
        name: {"assetId": output_asset(workspace, record.run_id, name), "type": "uri_folder"}
        for name in record.outputs
        if record.parent_run_id is not None or PIPELINE_JOB.items() <= record.tags.items()
    }
    return {
        "runId": record.run_id,
        "rootRunId": record.root_run_id,
        "parentRunId": record.parent_run_id,
        "experimentId": record.experiment_name,
        "status": record.status,
        "displayName": record.display_name,
        "runType": record.run_type,
        "runTypeV2": {"orchestrator": None, "traits": [], "computeType": "AmlCompute"},
        "createdUtc": record.created_utc,
        "lastModifiedUtc": _modified(record),
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


def studio_url(record: Run) -> str:
    """Return the run's page in Azure Machine Learning studio (it does not exist for the sandbox's runs)."""
    return f"https://ml.azure.com/runs/{record.run_id}?wsid={record.workspace_id}"


def _modified(record: Run) -> str:
    return record.end_time_utc or record.start_time_utc or record.created_utc


def _readable(world: World, account: str, container: str, blob: str) -> str:
    sas = world.blobs.sas(account, container, "r", blob)
    return f"https://{account}.blob.core.windows.net/{container}/{quote(blob)}?{sas}"


def _error(record: Run) -> dict[str, Any] | None:
    return {"error": record.error} if record.error else None
