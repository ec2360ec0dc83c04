"""``{workspace}/jobs`` of ARM: read, list and cancel; start a pipeline job. Scoring jobs start at a scoring host."""

from sandbox.azure.arm.errors import bad_request, not_modelled
from sandbox.azure.arm.queries import archived_wanted
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.jobs.records import TERMINAL, Run, RunRecords
from sandbox.azure.machine_learning.bodies import checked, refuse_other_cases
from sandbox.azure.machine_learning.jobs.answers import arm_job
from sandbox.azure.machine_learning.jobs.runs import jobs_of, run_of
from sandbox.azure.machine_learning.pipelines.jobs import keep_spec, plan_job
from sandbox.azure.machine_learning.scope import WORKSPACE_PATH, workspace_of
from sandbox.azure.machine_learning.unmodelled import Members, refuse_unmodelled
from sandbox.azure.world import World

_OTHER_TYPES = ("AutoML", "Command", "Sweep", "Spark", "FineTuning", "Labeling")
_NOT_MODELLED: Members = {
    "properties.identity": ({"identityType": "AMLToken"},),
    "properties.notificationSetting": (),
    "properties.sourceJobId": (),
}
_PATH = WORKSPACE_PATH + "/jobs/{job}"


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

    async def list(self, request: ArmRequest) -> ArmResponse:
        """Answer a workspace's jobs, newest first."""
        # Jobs are never archived here.
        found = [] if archived_wanted(request) else jobs_of(self._records, workspace_of(self._world, request))
        return ArmResponse(200, {"value": [arm_job(run) for run in found]})

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a job, or a step of one."""
        return ArmResponse(200, arm_job(self._existing(request)))

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
            for run in planned.runs:
                self._records.create(run)
            keep_spec(self._world.store, name, spec)
        self._world.jobs.submit(planned.request)
        return ArmResponse(201, arm_job(planned.runs[0]))

    async def cancel(self, request: ArmRequest) -> ArmResponse:
        """Ask the runner to stop a job (200); 400 if it has ended."""
        run = self._existing(request)
        if run.status in TERMINAL:
            raise bad_request(f"The job '{run.run_id}' is {run.status} and cannot be canceled.", "UserError")
        self._world.jobs.cancel(run.root_run_id)
        return ArmResponse(200)

    def _existing(self, request: ArmRequest) -> Run:
        return run_of(self._records, workspace_of(self._world, request), request.params["job"])
