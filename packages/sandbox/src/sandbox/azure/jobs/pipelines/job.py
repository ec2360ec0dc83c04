"""One pipeline job from start to end."""

import asyncio
import contextlib
import logging
import shutil
from datetime import UTC, datetime

from sandbox.azure.arm.disk import is_full
from sandbox.azure.jobs.context import JobContext
from sandbox.azure.jobs.failures import JobFailed, disk_full, sandbox_defect, sandbox_stopped
from sandbox.azure.jobs.foreign import is_foreign, told
from sandbox.azure.jobs.logs import ARTIFACT_CONTAINER, EXECUTION, artifact_account, artifact_blob
from sandbox.azure.jobs.nodes import Nodes
from sandbox.azure.jobs.pipelines.request import PipelineRequest
from sandbox.azure.jobs.pipelines.step_run import StepRun
from sandbox.azure.jobs.records import TERMINAL, RunRecords
from sandbox.azure.jobs.request import InputLocation

_log = logging.getLogger(__name__)


class PipelineJob:
    """A running pipeline job; ``run`` takes it to a terminal state and never raises, except on cancellation."""

    def __init__(self, context: JobContext, nodes: Nodes, request: PipelineRequest, asked_by: int = 0) -> None:
        self._context = context
        self._nodes = nodes
        self._request = request
        self._asked_by = asked_by
        self._records = RunRecords(context.store)
        self._account = artifact_account(context.store, request.workspace_id) or "unknown"
        self._lines: list[str] = []
        self._stopping = False

    def sandbox_stops(self) -> None:
        """Treat a later cancellation as the sandbox's end, not as the user's request."""
        self._stopping = True

    async def run(self) -> None:
        """Do the job."""
        name = self._request.name
        try:
            self._records.start(name)
            self._warn()
            self._say(f"Submitting the pipeline '{name}' with {len(self._request.steps)} steps.")
            failed = await self._steps()
            reasons = " ".join(f"{step}: {text}" for step, text in failed.items())
            message = f"{len(failed)} of {len(self._request.steps)} steps failed: {', '.join(failed)}. {reasons}"
            self._end("Failed" if failed else "Completed", JobFailed(message) if failed else None)
        except asyncio.CancelledError:
            self._end("Failed", sandbox_stopped()) if self._stopping else self._end("Canceled", None)
            raise
        except Exception as error:  # noqa: BLE001 - a defect of the sandbox ends the job, not the server
            _log.exception("job %s", name)
            self._end("Failed", disk_full(self._context.folder.parent) if is_full(error) else sandbox_defect(error))
        finally:
            await asyncio.to_thread(shutil.rmtree, self._context.folder / name, ignore_errors=True)

    def _warn(self) -> None:
        """Say which inputs are in storage accounts that are not here."""
        given = {each for step in self._request.steps for each in step.inputs.values()}
        for place in sorted((each for each in given if isinstance(each, InputLocation)), key=str):
            if is_foreign(self._context.store, self._context.blobs, place.account):
                self._say(f"The job will fail: {told(place)}")

    async def _steps(self) -> dict[str, str]:
        """Run the steps in order; return why some failed, by name."""
        failed: dict[str, str] = {}
        left_out: set[str] = set()
        for step in self._request.steps:
            if (
                (failed and not self._request.go_on)
                or left_out.intersection(step.after)
                or failed.keys() & {*step.after}
            ):
                left_out.add(step.name)
                self._records.finish(step.run_id, "Canceled")
                self._say(f"Step '{step.name}' was not started.")
                continue
            self._say(f"Step '{step.name}' starts.")
            try:
                run = StepRun(
                    self._context, self._nodes, self._request, step, account=self._account, asked_by=self._asked_by
                )
                await run.run()
            except JobFailed as error:
                failed[step.name] = error.message
                self._records.finish(step.run_id, "Failed", error.error)
                self._say(f"Step '{step.name}' failed: {error.message}")
                continue
            self._records.finish(step.run_id, "Completed")
            self._say(f"Step '{step.name}' completed.")
        return failed

    def _end(self, status: str, failure: JobFailed | None) -> None:
        """Set the final state of the job, and of the steps that have none."""
        error = None if failure is None else failure.error
        for step in self._request.steps:
            run = self._records.get(step.run_id)
            if run is not None and run.status not in TERMINAL:
                self._records.finish(step.run_id, status, error)
        self._say(f"The job ended as {status}.")
        self._records.finish(self._request.name, status, error)

    def _say(self, text: str) -> None:
        """Add a line to the job's log, which ``jobs.stream`` shows."""
        self._lines.append(f"[{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}] {text}\n")
        blob = artifact_blob(self._request.name, EXECUTION)
        # The storage account may be deleted while a job runs.
        with contextlib.suppress(KeyError):
            self._context.blobs.create_container(self._account, ARTIFACT_CONTAINER)
            self._context.blobs.write(self._account, ARTIFACT_CONTAINER, blob, "".join(self._lines).encode())
        self._records.add_log(self._request.name, EXECUTION, self._account, ARTIFACT_CONTAINER, blob)
