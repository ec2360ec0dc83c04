"""``{workspace}/jobs`` of ARM: read, list and cancel; start a pipeline job. Scoring jobs start at a scoring host."""

from sandbox.azure.arm.errors import ArmError, bad_request, not_modelled
from sandbox.azure.arm.operations import ARM
from sandbox.azure.arm.queries import archived_wanted
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.routes import ANYBODY
from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.records import TERMINAL, Run, RunRecords
from sandbox.azure.machine_learning.bodies import checked, refuse_other_cases
from sandbox.azure.machine_learning.jobs.answers import arm_job
from sandbox.azure.machine_learning.jobs.runs import create, jobs_of, run_of
from sandbox.azure.machine_learning.pipelines.jobs import keep_spec, plan_job
from sandbox.azure.machine_learning.scope import SUBSCRIPTION_PATH, WORKSPACE_PATH, workspace_of
from sandbox.azure.machine_learning.unmodelled import Members, refuse_unmodelled
from sandbox.azure.world import World

_OTHER_TYPES = ("AutoML", "Command", "Sweep", "Spark", "FineTuning", "Labeling")
_NOT_MODELLED: Members = {
    "properties.identity": ({"identityType": "AMLToken"},),
    "properties.notificationSetting": (),
    "properties.sourceJobId": (),
}
_PATH = WORKSPACE_PATH + "/jobs/{job}"
_CANCELLATION = SUBSCRIPTION_PATH + "/locations/{location}/mfeOperationResults/jc:{guid}:{job}"


def register(world: World) -> None:
    """Serve jobs."""
    _Jobs(world).register()


class _Jobs:
    """The handlers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._records = RunRecords(world.store)

    def register(self) -> None:
        """Add the routes."""
        self._world.router.add("GET", WORKSPACE_PATH + "/jobs", self.list, query=("listViewType",))
        self._world.router.add("GET", _PATH, self.get)
        self._world.router.add("PUT", _PATH, self.put)
        self._world.router.add("POST", _PATH + "/cancel", self.cancel)
        self._world.router.add("GET", _CANCELLATION, self.cancelled, need=ANYBODY)

    async def list(self, request: ArmRequest) -> ArmResponse:
        """Answer a workspace's jobs, newest first."""
        # Jobs are never archived here.
        workspace = workspace_of(self._world, request)
        found = [] if archived_wanted(request) else jobs_of(self._records, workspace)
        return ArmResponse(200, {"value": [arm_job(workspace, run) for run in found]})

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a job, or a step of one."""
        workspace = workspace_of(self._world, request)
        return ArmResponse(200, arm_job(workspace, self._existing(workspace, request)))

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Start a pipeline job (201).

        Raises:
            ArmError: 501 for a job of another type and for a change of a job; 400 for what does not fit.
        """
        workspace, name = workspace_of(self._world, request), request.params["job"]
        if self._records.get(name) is not None:
            raise not_modelled(f"the change of a job ('{name}')")
        refuse_other_cases(request.body, "properties", "jobType", _OTHER_TYPES, "a job")
        properties = checked("job", request.body)["properties"]
        refuse_unmodelled("a pipeline job", {"properties": properties}, _NOT_MODELLED)
        planned, spec = plan_job(self._world, workspace, name, properties)
        with self._world.store.transaction():
            create(self._records, planned.runs, request.principal)
            keep_spec(self._world.store, name, spec)
        self._world.jobs.submit(planned.request, request.sequence)
        return ArmResponse(201, arm_job(workspace, self._existing(workspace, request)))

    async def cancel(self, request: ArmRequest) -> ArmResponse:
        """Ask the runner to stop a job (202, followed by ``Location``); 400 if it has ended."""
        workspace = workspace_of(self._world, request)
        run = self._existing(workspace, request)
        if run.status in TERMINAL:
            raise bad_request(f"The job '{run.run_id}' is {run.status} and cannot be canceled.", "UserError")
        self._world.jobs.cancel(run.root_run_id)
        path = _CANCELLATION.format(
            subscription=request.params["subscription"],
            location=workspace.body["location"],
            guid=run.workspace_guid,
            job=run.root_run_id,
        )
        location = f"{ARM}{path}?api-version={request.api_version}"
        headers = {"Location": location, "x-ms-async-operation-timeout": "PT1H"}
        return ArmResponse(202, None, headers | self._world.operations.wait_headers(), has_null=True)

    async def cancelled(self, request: ArmRequest) -> ArmResponse:
        """Answer a read of a cancellation's ``Location``: 202 until the job has ended, then 200, both recorded."""
        run = self._records.get(request.params["job"])
        if run is None or run.workspace_guid != request.params["guid"]:
            raise ArmError(404, "OperationNotFound", f"There is no cancellation of a job '{request.params['job']}'.")
        if run.status in TERMINAL:
            return ArmResponse(200)
        headers = {"Location": f"{ARM}{request.path}?api-version={request.api_version}"}
        return ArmResponse(202, {}, headers | self._world.operations.wait_headers())

    def _existing(self, workspace: Resource, request: ArmRequest) -> Run:
        return run_of(self._records, workspace, request.params["job"])
