"""The workspace's own hosts, ``<region>.api.azureml.ms``: discovery, run history, outputs, an endpoint's jobs."""

import re
from typing import Any

from sandbox.azure.arm.actions import Need
from sandbox.azure.arm.errors import ArmError, bad_request
from sandbox.azure.arm.queries import take
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.schema import Schema, validate
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.jobs.records import RunRecords
from sandbox.azure.machine_learning.jobs.answers import batch_job, run, run_details
from sandbox.azure.machine_learning.jobs.runs import job_of, jobs_of, run_of, user_of
from sandbox.azure.machine_learning.scope import ENDPOINTS, WORKSPACE_PATH, WORKSPACES, existing, workspace_of
from sandbox.azure.machine_learning.unmodelled import refuse_unmodelled
from sandbox.azure.world import World

HOST = "{region}.api.azureml.ms"
_HISTORY = "/history/v1.0" + WORKSPACE_PATH
_ENDPOINT = f"/mferp/managementfrontend{WORKSPACE_PATH}/batchEndpoints/{{endpoint}}"
_DEPLOYMENT = _ENDPOINT + "/deployments/{deployment}"
_OUTPUT_ASSET = re.compile(
    r"azureml://locations/[^/]+/workspaces/[^/]+/data/azureml_(?P<run>[^/]+)_output_data_(?P<output>[^/]+)/versions/1",
    re.IGNORECASE,
)

_RUN_DATA: Schema = {
    "type": "object",
    "members": {
        "runId": {"type": "string"},
        **{
            name: {"type": "boolean"} for name in ("selectRunMetadata", "selectRunDefinition", "selectJobSpecification")
        },
    },
    "required": ["runId"],
}
_CHANGEABLE = {"displayName": "display_name", "description": "description"}
_NOT_CHANGED = ("properties", "status", "hidden", "startTimeUtc", "endTimeUtc", "experimentId")
_CHANGE: Schema = {
    "type": "object",
    "members": {
        "runId": {"type": "string"},
        "tags": {"type": "map", "values": {"type": "text", "nullable": False}},
        **{member: {"type": "string"} for member in _CHANGEABLE},
        **{member: {"type": "any"} for member in _NOT_CHANGED},
    },
}
_ASSET_IDS: Schema = {
    "type": "object",
    "members": {"values": {"type": "array", "items": {"type": "string", "nullable": False}}},
    "required": ["values"],
}


def register(world: World) -> None:
    """Serve the workspace API hosts."""
    _History(world).register()


def workspace_at(world: World, request: ArmRequest) -> Resource:
    """Return the workspace of a request to the host of a region.

    Raises:
        ArmError: 404 if it does not exist, or is in another region.
    """
    workspace = workspace_of(world, request)
    if workspace.body["location"] != request.params["region"].lower():
        raise ArmError(
            404,
            "WorkspaceNotFound",
            f"The workspace '{workspace.name}' is in '{workspace.body['location']}', not here.",
        )
    return workspace


class _History:
    """The handlers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._records = RunRecords(world.store)

    def register(self) -> None:
        """Add the routes."""
        add = self._world.router.add
        add("GET", "/discovery", self.discover, host=HOST)
        # The required action of each is inferred from the provider's list of operations:
        # https://learn.microsoft.com/azure/role-based-access-control/permissions/ai-machine-learning
        runs = Need(f"{WORKSPACES}/experiments/runs/read", WORKSPACE_PATH)
        changes = Need(f"{WORKSPACES}/experiments/runs/write", WORKSPACE_PATH)
        jobs = Need(f"{ENDPOINTS}/jobs/read", f"{WORKSPACE_PATH}/batchEndpoints/{{endpoint}}")
        add("GET", _HISTORY + "/runs/{run}", self.get, host=HOST, need=runs)
        add("PATCH", _HISTORY + "/runs/{run}", self.patch, host=HOST, need=changes)
        add("GET", _HISTORY + "/runs/{run}/details", self.details, host=HOST, need=runs)
        add("GET", _HISTORY + "/runs/{run}/children", self.children, query=("$top",), host=HOST, need=runs)
        add("POST", _HISTORY + "/rundata", self.data, host=HOST, need=runs)
        resolved = f"/data/v1.0{WORKSPACE_PATH}/dataversion/batchGetResolvedUris"
        add("POST", resolved, self.resolve, host=HOST, need=runs)
        for path in (_ENDPOINT, _DEPLOYMENT):
            add("GET", path + "/jobs", self.endpoint_jobs, host=HOST, need=jobs)
            add("GET", path + "/jobs/{job}", self.endpoint_job, host=HOST, need=jobs)

    async def discover(self, request: ArmRequest) -> ArmResponse:
        """Return the addresses of a workspace's services: all on this host."""
        here = f"https://{request.params['region'].lower()}.api.azureml.ms"
        names = ("api", "history", "experimentation", "modelmanagement", "studio")
        return ArmResponse(200, dict.fromkeys(names, here))

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a run."""
        workspace = self._workspace(request)
        return ArmResponse(200, run(workspace, run_of(self._records, workspace, request.params["run"])))

    async def patch(self, request: ArmRequest) -> ArmResponse:
        """Change what people call a run: display name and description; tags are added to those that it has."""
        workspace = self._workspace(request)
        found = run_of(self._records, workspace, request.params["run"])
        change = validate(_CHANGE, request.body or {})
        refuse_unmodelled("a change of a run", change, dict.fromkeys(_NOT_CHANGED, ()))
        if (change.get("runId") or found.run_id).lower() != found.run_id.lower():
            raise bad_request(f"The body is of the run '{change['runId']}', the path of '{found.run_id}'.", "UserError")
        members = {name: change[member] for member, name in _CHANGEABLE.items() if change.get(member) is not None}
        members["tags"] = {**found.tags, **(change.get("tags") or {})}
        self._records.update(found.run_id, **members, modified_utc=now_iso(), modified_by=user_of(request.principal))
        return ArmResponse(200, run(workspace, run_of(self._records, workspace, found.run_id)))

    async def details(self, request: ArmRequest) -> ArmResponse:
        """Answer a run's state and log files."""
        workspace = self._workspace(request)
        return ArmResponse(200, run_details(self._world, run_of(self._records, workspace, request.params["run"])))

    async def children(self, request: ArmRequest) -> ArmResponse:
        """Answer a run's steps."""
        workspace = self._workspace(request)
        parent = run_of(self._records, workspace, request.params["run"])
        children = self._records.children(parent.run_id)
        return ArmResponse(200, {"value": take(request, [run(workspace, child) for child in children], "$top")})

    async def data(self, request: ArmRequest) -> ArmResponse:
        """Answer a run's metadata; definition and specification, which clients request but do not use, are null."""
        workspace = self._workspace(request)
        asked = validate(_RUN_DATA, request.body or {})
        metadata = run(workspace, run_of(self._records, workspace, asked["runId"]))
        return ArmResponse(200, {"runMetadata": metadata, "runDefinition": None, "jobSpecification": None})

    async def resolve(self, request: ArmRequest) -> ArmResponse:
        """Return the places of the data assets of runs' outputs."""
        workspace = self._workspace(request)
        values: dict[str, Any] = {}
        for asset_id in validate(_ASSET_IDS, request.body or {})["values"]:
            match = _OUTPUT_ASSET.fullmatch(asset_id)
            found = run_of(self._records, workspace, match["run"]) if match else None
            if match is None or found is None or match["output"] not in found.outputs:
                raise ArmError(404, "NotFound", f"The data asset '{asset_id}' does not exist.")
            values[asset_id] = {"type": "uri_folder", "uri": found.outputs[match["output"]]}
        return ArmResponse(200, {"values": values})

    async def endpoint_jobs(self, request: ArmRequest) -> ArmResponse:
        """Answer the jobs of an endpoint, or of one of its deployments, newest first."""
        workspace, names = self._named(request)
        return ArmResponse(
            200, {"value": [batch_job(workspace, job) for job in jobs_of(self._records, workspace, *names)]}
        )

    async def endpoint_job(self, request: ArmRequest) -> ArmResponse:
        """Answer one job of an endpoint, or of one of its deployments."""
        workspace, (endpoint, deployment) = self._named(request)
        found = job_of(self._records, workspace, endpoint, request.params["job"])
        if deployment is not None and found.deployment.lower() != deployment.lower():
            raise ArmError(404, "NotFound", f"The deployment '{deployment}' has no job '{found.run_id}'.")
        return ArmResponse(200, batch_job(workspace, found))

    def _named(self, request: ArmRequest) -> tuple[Resource, tuple[str, str | None]]:
        """Return the workspace, and the names of the endpoint and of the deployment in a request's path.

        Raises:
            ArmError: 404, one of them does not exist.
        """
        workspace, deployment = self._workspace(request), request.params.get("deployment")
        endpoint = existing(self._world, f"{workspace.id}/batchEndpoints/{request.params['endpoint']}")
        if deployment is not None:
            existing(self._world, f"{endpoint.id}/deployments/{deployment}")
        return workspace, (endpoint.name, deployment)

    def _workspace(self, request: ArmRequest) -> Resource:
        return workspace_at(self._world, request)
