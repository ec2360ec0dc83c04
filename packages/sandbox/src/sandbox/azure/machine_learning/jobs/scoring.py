"""The scoring hosts, ``<endpoint>.<region>.inference.ml.azure.com``: POST /jobs starts a job, GET reads it."""

from sandbox.azure.arm.errors import ArmError, bad_request
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.records import RunRecords
from sandbox.azure.machine_learning.endpoints.batch_endpoints import default_of
from sandbox.azure.machine_learning.jobs.answers import batch_job, batch_job_headers
from sandbox.azure.machine_learning.jobs.invocation import parse
from sandbox.azure.machine_learning.jobs.plan import PlannedJob, plan
from sandbox.azure.machine_learning.jobs.runs import create, job_of, run_of
from sandbox.azure.machine_learning.pipelines.deployments import is_pipeline, plan_pipeline
from sandbox.azure.machine_learning.pipelines.plan import PlannedPipeline
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
"""The other actions that starting a job needs, under ``invoke_needs_workspace_actions``."""


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
        """Start a job (201); a repeated request id returns the job that it started before (200)."""
        endpoint = self._endpoint(request)
        self._require(request, endpoint, "write")
        repeat = request.headers.get("repeatability_request-id")
        # Not the workspace's name: a new one may have it.
        key = f"{self._workspace(endpoint).body['properties']['workspaceId']}/{endpoint.name}/{repeat}"
        if repeat:
            before = self._records.get(self._world.store.document(_INVOCATION, key) or "")
            if before is not None:
                return self._answer(200, endpoint, before.run_id)
        deployment = self._deployment(request, endpoint)
        job = self._planned(request, endpoint, deployment)
        with self._world.store.transaction():
            create(self._records, job.runs, request.principal)
            if repeat:
                self._world.store.put_document(_INVOCATION, key, job.request.name)
        self._world.jobs.submit(job.request, request.sequence)
        return self._answer(201, endpoint, job.request.name)

    def _planned(self, request: ArmRequest, endpoint: Resource, deployment: Resource) -> PlannedJob | PlannedPipeline:
        workspace = self._workspace(endpoint)
        if is_pipeline(deployment.body["properties"]):
            return plan_pipeline(self._world, workspace, endpoint, deployment, request.body)
        caller = request.principal.object_id if request.principal else ""
        return plan(self._world, workspace, endpoint, deployment, asked=parse(request.body), caller=caller)

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a job of this endpoint."""
        endpoint = self._endpoint(request)
        self._require(request, endpoint, "read")
        workspace = self._workspace(endpoint)
        return ArmResponse(
            200, batch_job(workspace, job_of(self._records, workspace, endpoint.name, request.params["job"]))
        )

    def _answer(self, status: int, endpoint: Resource, name: str) -> ArmResponse:
        workspace = self._workspace(endpoint)
        run = run_of(self._records, workspace, name)
        return ArmResponse(status, batch_job(workspace, run), batch_job_headers(workspace, run))

    def _require(self, request: ArmRequest, endpoint: Resource, verb: str) -> None:
        """Refuse a caller whose roles do not allow starting (``write``) or reading a job.

        The actions are those documented for callers
        (https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-batch-endpoint) without those that
        change deployments or read secrets; ``jobs/read`` is not listed there but exists.
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
        found = self._world.store.get(str(ArmId.parse(endpoint.id).parent))
        if found is None:
            raise ArmError(404, "NotFound", f"The workspace of the endpoint '{endpoint.name}' was deleted.")
        return found

    def _endpoint(self, request: ArmRequest) -> Resource:
        name, region = request.params["endpoint"].lower(), request.params["region"].lower()
        for each in self._world.store.below("", ENDPOINTS):
            if each.name.lower() == name and each.body["location"] == region:
                return each
        raise ArmError(404, "NotFound", f"The batch endpoint '{name}' does not exist in the region '{region}'.")

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
