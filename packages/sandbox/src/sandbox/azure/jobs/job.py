"""One batch job from start to end: states, preparation, scoring, output."""

import asyncio
import contextlib
import logging
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

from sandbox.azure.arm.disk import is_full, require
from sandbox.azure.arm.latencies import JOB_RUN
from sandbox.azure.jobs.access import check_access
from sandbox.azure.jobs.batches import Batches, Tally
from sandbox.azure.jobs.context import JobContext
from sandbox.azure.jobs.environment import interpreter
from sandbox.azure.jobs.failures import (
    JobFailed,
    disk_full,
    exit_42,
    no_input,
    sandbox_defect,
    sandbox_stopped,
    too_many_nodes,
)
from sandbox.azure.jobs.files import (
    JobFolder,
    check_output_free,
    count_input,
    merge_output,
    stage_input,
    stage_script,
    upload_output,
)
from sandbox.azure.jobs.foreign import is_foreign, not_here, told
from sandbox.azure.jobs.images import built
from sandbox.azure.jobs.logs import JobLogs, artifact_account
from sandbox.azure.jobs.mlflow_model import environment_of
from sandbox.azure.jobs.network import check_network
from sandbox.azure.jobs.nodes import Nodes
from sandbox.azure.jobs.processes import Processes
from sandbox.azure.jobs.records import RunRecords
from sandbox.azure.jobs.request import JobRequest
from sandbox.azure.jobs.scoring import Scoring

_log = logging.getLogger(__name__)

_MIRROR_SECONDS = 1.0
_EXIT = """\
Traceback (most recent call last):
  File "driver/amlbi_main.py", line 275, in <module>
    main()
  File "driver/amlbi_main.py", line 226, in main
    sys.exit(exitcode_candidate)
SystemExit: 42"""
"""How the driver ends in the standard log of every failed job (https://github.com/Azure/azure-sdk-for-python/issues/31839)."""


class Job:
    """A running job; ``run`` takes it to a terminal state and never raises, except on cancellation."""

    def __init__(self, context: JobContext, nodes: Nodes, request: JobRequest, asked_by: int = 0) -> None:
        self._store = context.store
        self._blobs = context.blobs
        self._switches = context.switches
        self._context = context
        self._nodes = nodes
        self._request = request
        self._asked_by = asked_by
        self._records = RunRecords(context.store)
        self._folder = JobFolder((context.folder / request.name).resolve())
        account = artifact_account(context.store, request.workspace_id) or request.output.account
        self._logs = JobLogs(
            context.blobs,
            self._records,
            account,
            request.name,
            request.child_id,
            folder=self._folder.logs,
            code=self._folder.code,
        )
        self._began = time.monotonic()
        self._batches: Batches | None = None
        self._output_told: str | None = None
        self._stopping = False
        self._ending = asyncio.Event()

    def sandbox_stops(self) -> None:
        """Treat a later cancellation as the sandbox's end, not as the user's request."""
        self._stopping = True

    async def run(self) -> None:
        """Do the job."""
        mirror = asyncio.create_task(self._mirror())
        try:
            try:
                await self._do()
                await self._end("Completed", None, mirror)
            except (OSError, sqlite3.Error) as error:
                if not is_full(error):
                    raise
                await asyncio.to_thread(shutil.rmtree, self._folder.root, ignore_errors=True)
                raise disk_full(self._context.folder.parent) from None
        except JobFailed as error:
            await self._end("Failed", error, mirror)
        except asyncio.CancelledError:
            if self._stopping:
                await self._end("Failed", sandbox_stopped(), mirror)
            else:
                self._logs.execution("User cancelled the run.")
                await self._end("Canceled", None, mirror)
            raise
        except Exception as error:  # noqa: BLE001 - a defect of the sandbox ends the job, not the server
            _log.exception("job %s", self._request.name)
            await self._end("Failed", sandbox_defect(error), mirror)
        finally:
            mirror.cancel()
            await asyncio.to_thread(shutil.rmtree, self._folder.root, ignore_errors=True)

    async def _do(self) -> None:
        request = self._request
        if is_foreign(self._store, self._blobs, request.input.account):
            self._logs.execution(f"The job will fail: {told(request.input)}")
        self._logs.execution(f"Submitting job '{request.name}' of deployment '{request.deployment}'.")
        python = await self._prepare()
        self._set("Queued")
        async with (
            self._nodes.some(request.compute, request.instance_count, self._asked_by) as nodes,
            Processes(request, self._folder, nodes, self._logs, self._switches, python) as processes,
        ):
            self._batches = self._schedule(await self._staged(processes))
            self._running(self._batches.tally, processes)
            async with self._context.service_time.taken(JOB_RUN, request.name, self._asked_by):
                await Scoring(request, self._batches, processes, self._logs).run()
        append_row = request.output_action == "AppendRow"
        self._batches.check_result(append_row=append_row)
        self._set("Finalizing")
        if append_row:
            await asyncio.to_thread(merge_output, self._folder.output, request.output.file_name)
        await self._upload()

    async def _prepare(self) -> Path:
        """Check everything that does not need to run, and stage model and code; return the Python to run on."""
        request = self._request
        self._set("Preparing")
        require(self._context.folder.parent)
        check_network(self._store, request)
        most = self._nodes.most(request.compute)
        if request.instance_count > most and self._switches.instances_above_maximum_fail:
            raise too_many_nodes(request.instance_count, request.compute, most)
        check_access(self._context, request)
        if request.output_action == "AppendRow":
            check_output_free(self._blobs, request.output)
        if is_foreign(self._store, self._blobs, request.input.account):
            raise not_here(request.input)
        python = await self._interpreter()
        await asyncio.to_thread(stage_script, self._blobs, request, self._folder)
        return python

    async def _staged(self, processes: Processes) -> list[str]:
        """Stage the input, while the processes start; return the files to score."""
        location, nested = self._request.input, not self._switches.nested_folders_ignored
        files = await asyncio.to_thread(count_input, self._blobs, location)
        await processes.start_ahead(processes.most(files))
        staged = await asyncio.to_thread(stage_input, self._blobs, location, self._folder.input, nested=nested)
        if not staged.files:
            raise no_input(staged.left_out)
        if staged.left_out:
            self._logs.execution(f"{staged.left_out} files are in sub-folders of the input: they are not scored.")
        return staged.files

    async def _interpreter(self) -> Path:
        """Return the Python of the deployment's environment, or of the one that the service makes for its model."""
        request = self._request
        spec = request.environment
        if spec is None and request.code is None:
            spec = await asyncio.to_thread(environment_of, self._blobs, request.model)
        python = await interpreter(
            self._context,
            spec,
            lambda text: self._logs.execution(f"Environment: {text}"),
            script=request.code is not None,
        )
        await built(self._context, spec, request.workspace_id, self._asked_by)
        return python

    def _schedule(self, files: list[str]) -> Batches:
        request = self._request
        return Batches(
            files,
            size=request.mini_batch_size,
            tries=max(1, request.max_retries + (not self._switches.retries_are_tries)),
            threshold=request.error_threshold,
            retry_short=self._switches.short_results_retried,
        )

    def _running(self, tally: Tally, processes: Processes) -> None:
        for run in (self._request.name, self._request.child_id):
            self._records.start(run)
        self._logs.standard("Azure Machine Learning Batch Inference Start")
        self._logs.progress("The overviewer on 0 started.")
        self._logs.progress(
            f"Scheduling finished. Scheduled {tally.batches} mini batches in"
            f" {time.monotonic() - self._began:.0f} seconds. There are {tally.batches} tasks with {tally.items} items."
        )
        self._logs.execution(
            f"Running: {tally.items} files in {tally.batches} mini-batches, {processes.slots} processes on"
            f" {processes.nodes} nodes."
        )

    def _set(self, status: str) -> None:
        for run in (self._request.name, self._request.child_id):
            self._records.update(run, status=status)

    async def _mirror(self) -> None:
        """Publish logs and metrics for clients, every second."""
        told = -1
        while not self._ending.is_set():
            if self._batches is not None and self._batches.tally.processed != told:
                told = self._batches.tally.processed
                self._logs.execution(f"Processed {told} of {self._batches.tally.batches} mini-batches.")
                self._records.update(self._request.child_id, metrics=self._batches.tally.metrics())
            try:
                await self._logs.mirror()
            except (OSError, sqlite3.Error) as error:
                if not is_full(error):  # else the job itself meets it
                    raise
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_MIRROR_SECONDS):
                    await self._ending.wait()

    async def _end(self, status: str, failure: JobFailed | None, mirror: asyncio.Task[None]) -> None:
        """Publish output, logs and metrics, then set the final state, so that clients who see it find everything."""
        self._ending.set()
        await mirror
        error = self._explain(status, failure)
        # If a job did not complete, its workers' files stay in the output folder.
        with contextlib.suppress(JobFailed):
            await self._upload()
        await self._logs.mirror(whole=True)
        metrics: dict[str, Any] = self._batches.tally.metrics() if self._batches else {}
        self._records.update(self._request.child_id, metrics=metrics)
        for run in (self._request.child_id, self._request.name):
            self._records.finish(run, status, error)

    async def _upload(self) -> None:
        """Move the output's files into the datastore, and say once what cannot be moved."""
        told = await asyncio.to_thread(upload_output, self._blobs, self._folder.output, self._request.output)
        if told and self._output_told != told:
            self._logs.execution(f"Output: {told}")
        self._output_told = told

    def _explain(self, status: str, failure: JobFailed | None) -> dict[str, str] | None:
        """Write the end into the logs; return the run's error."""
        seconds = time.monotonic() - self._began
        if self._batches is not None:
            tally = self._batches.tally
            counts = f"{tally.succeeded_items} items succeeded, {tally.failed_items} failed"
            self._logs.execution(f"Processed {tally.processed} of {tally.batches} mini-batches: {counts}.")
            self._logs.progress("The overviewer on 0 stopped.")
            self._logs.master("INFO", f"{counts}; {tally.failed_attempts} failed attempts, {tally.timeouts} timeouts")
            self._logs.standard("Azure Machine Learning Batch Inference End")
            if failure is not None:
                # The service's text, which does not say why: that is in logs/job_result.txt.
                self._logs.standard(_EXIT)
        self._logs.execution(f"The job ended as {status} after {seconds:.1f} s.")
        where = f"See {self._logs.errors} for errors of the entry script, and logs/sys/master_role.txt."
        reason = "" if failure is None else f"\n{failure.message}\n{where}"
        self._logs.write("logs/job_result.txt", f"{status}{reason}\n")
        if failure is None:
            return None
        self._logs.execution(f"Error: {failure.message}")
        ran = self._batches is not None and failure.code == "UserError"
        return {**failure.error, "message": exit_42(failure.message)} if ran else failure.error
