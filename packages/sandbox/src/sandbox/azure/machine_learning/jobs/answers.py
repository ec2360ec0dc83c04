"""The documents that describe a job: as the scoring host, ARM and the run history each write it."""

from typing import Any
from urllib.parse import quote

from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.records import Record
from sandbox.azure.world import World

_PROVISIONING = {"Completed": "Succeeded", "Failed": "Failed", "Canceled": "Canceled"}


def batch_job(record: Record) -> dict[str, Any]:
    """Return a job as the scoring host and ``list_jobs`` answer it."""
    endpoint_id = f"{record['workspaceId']}/batchEndpoints/{record['endpoint']}"
    return {
        "id": f"{endpoint_id}/deployments/{record['deployment']}/jobs/{record['runId']}",
        "name": record["runId"],
        "type": "Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments/jobs",
        "systemData": {"createdAt": record["createdUtc"]},
        "properties": record["job"]
        | {
            "status": record["status"],
            "provisioningState": _PROVISIONING.get(record["status"], "InProgress"),
            "interactionEndpoints": {
                "Studio": {"endpoint": studio_url(record), "jobEndpointType": "Studio", "port": None, "properties": {}}
            },
        },
    }


def arm_job(record: Record) -> dict[str, Any]:
    """Return a run as ``GET {workspace}/jobs/{name}`` answers it: a job is a pipeline, its step a command."""
    is_job = record["parentRunId"] is None
    resource_id = f"{record['workspaceId']}/jobs/{record['runId']}"
    properties: dict[str, Any] = {
        "jobType": "Pipeline" if is_job else "Command",
        "displayName": record["displayName"],
        "description": None,
        "experimentName": record["experimentName"],
        "status": record["status"],
        "isArchived": False,
        "tags": record["tags"],
        "properties": record["properties"],
        "services": {
            "Studio": {"jobServiceType": "Studio", "endpoint": studio_url(record)},
        },
        "inputs": {},
        "outputs": {},
        "computeId": (record["job"].get("compute") or {}).get("target"),
    }
    if is_job:
        properties |= {"jobs": {}, "settings": {}}
    else:
        properties |= {"command": "", "environmentId": "", "parentJobName": record["parentRunId"]}
    return {
        "id": resource_id,
        "name": record["runId"],
        "type": "Microsoft.MachineLearningServices/workspaces/jobs",
        "systemData": {"createdAt": record["createdUtc"], "createdByType": "Application"},
        "properties": properties,
    }


def run(workspace: Resource, record: Record) -> dict[str, Any]:
    """Return a run as the run history answers it; its ``score`` output is named by a data asset."""
    outputs = {
        name: {"assetId": output_asset(workspace, record["runId"], name), "type": "uri_folder"}
        for name in record["outputs"]
        if record["parentRunId"] is not None
    }
    return {
        "runId": record["runId"],
        "rootRunId": record["rootRunId"],
        "parentRunId": record["parentRunId"],
        "experimentId": record["experimentName"],
        "status": record["status"],
        "displayName": record["displayName"],
        "runType": record["runType"],
        "runTypeV2": {"orchestrator": None, "traits": [], "computeType": "AmlCompute"},
        "createdUtc": record["createdUtc"],
        "startTimeUtc": record["startTimeUtc"],
        "endTimeUtc": record["endTimeUtc"],
        "properties": record["properties"],
        "tags": record["tags"],
        "outputs": outputs,
        "error": _error(record),
    }


def run_details(world: World, record: Record) -> dict[str, Any]:
    """Return a run's details: its state, and its log files as URLs that need no token."""
    return {
        "runId": record["runId"],
        "parentRunId": record["parentRunId"],
        "status": record["status"],
        "startTimeUtc": record["startTimeUtc"],
        "endTimeUtc": record["endTimeUtc"],
        "properties": record["properties"],
        "logFiles": {name: _readable(world, *place) for name, place in sorted(record["logs"].items())},
        "warnings": [],
        "error": _error(record),
    }


def output_asset(workspace: Resource, run_id: str, output: str) -> str:
    """Return the id of the data asset that the service makes for a run's output."""
    guid, location = workspace.body["properties"]["workspaceId"], workspace.body["location"]
    name = f"azureml_{run_id}_output_data_{output}"
    return f"azureml://locations/{location}/workspaces/{guid}/data/{name}/versions/1"


def studio_url(record: Record) -> str:
    """Return the run's page in Azure Machine Learning studio (there is none for the sandbox's runs)."""
    return f"https://ml.azure.com/runs/{record['runId']}?wsid={record['workspaceId']}"


def _readable(world: World, account: str, container: str, blob: str) -> str:
    sas = world.blobs.sas(account, container, "r", blob)
    return f"https://{account}.blob.core.windows.net/{container}/{quote(blob)}?{sas}"


def _error(record: Record) -> dict[str, Any] | None:
    return {"error": record["error"]} if record["error"] else None
