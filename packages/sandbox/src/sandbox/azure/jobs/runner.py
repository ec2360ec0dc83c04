"""The runner of batch jobs, which gets accepted jobs from the machine learning service."""

import asyncio
import logging
import shutil

from sandbox.azure.arm.disk import is_full
from sandbox.azure.environments.provider import Environments
from sandbox.azure.jobs.context import JobContext
from sandbox.azure.jobs.failures import disk_full, sandbox_defect, sandbox_stopped
from sandbox.azure.jobs.job import Job
from sandbox.azure.jobs.nodes import Nodes
from sandbox.azure.jobs.pipelines.job import PipelineJob
from sandbox.azure.jobs.pipelines.request import PipelineRequest
from sandbox.azure.jobs.records import TERMINAL, RunRecords
from sandbox.azure.jobs.request import JobRequest

_log = logging.getLogger(__name__)


class JobRunner:
    """Runs the jobs of one sandbox, each as a task of the event loop with its own worker processes.

    Call ``recover`` before the first request is answered and ``close`` at the end; no call blocks the event loop.
    """

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._nodes = Nodes(context.store, context.service_time)
        self._records = RunRecords(context.store)
        self._tasks: dict[str, tuple[Job | PipelineJob, asyncio.Task[None]]] = {}

    @property
    def environments(self) -> Environments:
        """Where jobs get their Python."""
        return self._context.environments

    def busy_nodes(self, compute: str) -> int:
        """Return how many nodes of a cluster jobs use now."""
        return self._nodes.busy(compute)

    def recover(self) -> None:
        """Mark the jobs of a killed server as Failed; their processes ended with it."""
        for run in self._records.unfinished():
            failure = sandbox_stopped()
            _log.warning("job %s: %s", run.run_id, failure.message)
            self._finish(run.run_id, "Failed", failure.error)
        shutil.rmtree(self._context.folder, ignore_errors=True)

    def submit(self, request: JobRequest | PipelineRequest, asked_by: int = 0) -> None:
        """Take a job whose run records already exist; progress goes to those records.

        ``asked_by`` is the number of the request for it, in the journal.

        Raises:
            ValueError: a job with this name is already running.
        """
        key = request.name.lower()
        if key in self._tasks:
            msg = f"job '{request.name}' is already running"
            raise ValueError(msg)
        job: Job | PipelineJob
        if isinstance(request, PipelineRequest):
            job = PipelineJob(self._context, self._nodes, request, asked_by)
        else:
            job = Job(self._context, self._nodes, request, asked_by)
        task = asyncio.get_running_loop().create_task(job.run())
        self._tasks[key] = job, task
        task.add_done_callback(lambda task: self._ended(request.name, task))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        """Forget a job; if it was cancelled before its first step, or crashed, it has not set its own state."""
        self._tasks.pop(name.lower(), None)
        error = None if task.cancelled() else task.exception()
        if error is None:
            self._finish(name, "Canceled", None)
            return
        _log.error("job %s crashed", name, exc_info=error)
        failure = disk_full(self._context.folder.parent) if is_full(error) else sandbox_defect(error)
        self._finish(name, "Failed", failure.error)

    def _finish(self, name: str, status: str, error: dict[str, str] | None) -> None:
        """End a job's unfinished runs."""
        runs = [*self._records.children(name), self._records.get(name)]
        for run in runs:
            if run is not None and run.status not in TERMINAL:
                self._records.finish(run.run_id, status, error)

    def cancel(self, name: str) -> None:
        """Stop a job: its records become ``CancelRequested`` at once, then ``Canceled``; no effect if it has ended."""
        if name.lower() not in self._tasks:
            return
        _, task = self._tasks[name.lower()]
        if task.cancelling():
            return
        for run_id in (*(run.run_id for run in self._records.children(name)), name):
            self._records.update(run_id, status="CancelRequested")
        task.cancel()

    async def wait(self, name: str) -> None:
        """Return once a job has ended (at once if it is not running)."""
        if name.lower() in self._tasks:
            await asyncio.wait([self._tasks[name.lower()][1]])

    async def close(self) -> None:
        """End every job as Failed, and wait for their processes."""
        tasks = list(self._tasks.values())
        for job, task in tasks:
            job.sandbox_stops()
            task.cancel()
        if tasks:
            await asyncio.wait([task for _, task in tasks])
