"""The workspace's own hosts, ``<region>.api.azureml.ms``: discovery, run history, outputs, an endpoint's jobs."""

import re
from typing import Any

from sandbox.azure.arm.actions import Need
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.queries import take
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.schema import Schema, validate
from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.records import RunRecords
from sandbox.azure.machine_learning.jobs.answers import batch_job, run, run_details
from sandbox.azure.machine_learning.jobs.runs import is_job_of, jobs_of, run_of
from sandbox.azure.machine_learning.scope import ENDPOINTS, WORKSPACE_PATH, WORKSPACES, existing, workspace_of
from sandbox.azure.world import World

HOST = "{region}.api.azureml.ms"
_HISTORY = "/history/v1.0" + WORKSPACE_PATH
_FRONTEND = "/mferp/managementfrontend" + WORKSPACE_PATH
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
_ASSET_IDS: Schema = {
    "type": "object",
    "members": {"values": {"type": "array", "items": {"type": "string", "nullable": False}}},
    "required": ["values"],
}


def register(world: World) -> None:
    """Serve the workspace API hosts."""
    _History(world).register()


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
        jobs = Need(f"{ENDPOINTS}/jobs/read", WORKSPACE_PATH + "/batchEndpoints/{endpoint}")
        add("GET", _HISTORY + "/runs/{run}", self.get, host=HOST, need=runs)
        add("GET", _HISTORY + "/runs/{run}/details", self.details, host=HOST, need=runs)
        add("GET", _HISTORY + "/runs/{run}/children", self.children, query=("$top",), host=HOST, need=runs)
        add("POST", _HISTORY + "/rundata", self.data, host=HOST, need=runs)
        resolved = f"/data/v1.0{WORKSPACE_PATH}/dataversion/batchGetResolvedUris"
        add("POST", resolved, self.resolve, host=HOST, need=runs)
        add("GET", _FRONTEND + "/batchEndpoints/{endpoint}/jobs", self.endpoint_jobs, host=HOST, need=jobs)

    async def discover(self, request: ArmRequest) -> ArmResponse:
        """Return the addresses of a workspace's services: all on this host."""
        here = f"https://{request.params['region'].lower()}.api.azureml.ms"
        names = ("api", "history", "experimentation", "modelmanagement", "studio")
        return ArmResponse(200, dict.fromkeys(names, here))

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a run."""
        workspace = self._workspace(request)
        return ArmResponse(200, run(workspace, run_of(self._records, workspace, request.params["run"])))

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
        """Answer an endpoint's jobs, newest first."""
        workspace = self._workspace(request)
        endpoint = existing(self._world, f"{workspace.id}/batchEndpoints/{request.params['endpoint']}")
        found = [job for job in jobs_of(self._records, workspace) if is_job_of(job, workspace, endpoint.name)]
        return ArmResponse(200, {"value": [batch_job(job) for job in found]})

    def _workspace(self, request: ArmRequest) -> Resource:
        workspace = workspace_of(self._world, request)
        if workspace.body["location"] != request.params["region"].lower():
            raise ArmError(
                404,
                "WorkspaceNotFound",
                f"The workspace '{workspace.name}' is in '{workspace.body['location']}', not here.",
            )
        return workspace
