"""One step of a pipeline job from start to end."""

import asyncio
import contextlib
import os
import shutil
from pathlib import Path

from sandbox.azure.arm.latencies import JOB_RUN
from sandbox.azure.jobs.access import Who, check_place
from sandbox.azure.jobs.context import JobContext
from sandbox.azure.jobs.environment import interpreter
from sandbox.azure.jobs.failures import JobFailed, image_build_failed
from sandbox.azure.jobs.files import upload_output
from sandbox.azure.jobs.images import built
from sandbox.azure.jobs.kept import Kept
from sandbox.azure.jobs.logs import ARTIFACT_CONTAINER, artifact_blob
from sandbox.azure.jobs.nodes import Nodes
from sandbox.azure.jobs.pipelines.command import filled
from sandbox.azure.jobs.pipelines.files import stage
from sandbox.azure.jobs.pipelines.request import PipelineRequest, Step
from sandbox.azure.jobs.records import RunRecords
from sandbox.azure.jobs.request import EnvironmentSpec, InputLocation
from sandbox.azure.jobs.settings import SILENT

STANDARD = "user_logs/std_log.txt"
_MESSAGE_CHARACTERS = 2000


class StepRun:
    """Runs a step; ``account`` holds the workspace's artifacts, where its log goes."""

    def __init__(
        self,
        context: JobContext,
        nodes: Nodes,
        request: PipelineRequest,
        step: Step,
        *,
        account: str,
        asked_by: int = 0,
    ) -> None:
        self._context = context
        self._nodes = nodes
        self._request = request
        self._step = step
        self._account = account
        self._asked_by = asked_by
        self._records = RunRecords(context.store)
        self._root = context.folder / request.name / step.run_id
        self._log = self._root / "std_log.txt"

    async def run(self) -> None:
        """Run the command and store its outputs; its log is there in any case.

        Raises:
            JobFailed: there is no such environment, something may not be read or written, or the command failed.
        """
        self._log.parent.mkdir(parents=True)
        self._records.update(self._step.run_id, status="Preparing")
        try:
            await self._do()
        finally:
            await asyncio.to_thread(self._keep_log)
            await asyncio.to_thread(shutil.rmtree, self._root, ignore_errors=True)

    async def _do(self) -> None:
        step = self._step
        self._check_access()
        _check_there(step.environment)
        python = await interpreter(self._context, step.environment, self._say, script=False)
        await built(self._context, step.environment, self._request.workspace_id, self._asked_by)
        inputs, outputs = await asyncio.to_thread(stage, self._context.blobs, step, self._root)
        try:
            line = filled(step.command, inputs, outputs)
        except KeyError as error:
            raise JobFailed(f"The command of '{step.name}' needs '{error.args[0]}', which has no value.") from None
        self._records.update(step.run_id, status="Queued")
        async with self._nodes.some(step.compute, step.instance_count, self._asked_by):
            self._records.start(step.run_id)
            async with self._context.service_time.taken(JOB_RUN, step.run_id, self._asked_by):
                code = await self._execute(line, python)
        if code != 0:
            raise JobFailed(_failed(code, self._log))
        for name, place in step.outputs.items():
            told = await asyncio.to_thread(upload_output, self._context.blobs, Path(outputs[name]), place)
            if told:
                self._write(f"Output '{name}': {told}")

    async def _execute(self, line: str, python: Path) -> int:
        """Run a command line in the folder of the code; no process is left afterwards, in any case."""
        work = self._root / "work"
        work.mkdir()
        process = await Kept.start(
            ("/bin/bash", "-c", line),
            output=(self._log, self._log),
            folder=self._root / "code",
            environment=self._variables(work, python),
        )
        try:
            return await process.wait()
        finally:
            process.kill()
            await process.wait()

    def _variables(self, work: Path, python: Path) -> dict[str, str]:
        return {
            "PATH": os.pathsep.join([str(python.parent), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(work),
            "TMPDIR": str(work),
            "LANG": "C.UTF-8",
            **SILENT,
            "AZUREML_RUN_ID": self._step.run_id,
            "AZUREML_ROOT_RUN_ID": self._request.name,
            # What a step logs with MLflow goes nowhere else: the workspace's tracking server is not emulated.
            "MLFLOW_TRACKING_URI": (work / "mlruns").as_uri(),
        } | dict(self._step.environment_variables)

    def _check_access(self) -> None:
        """Check that the nodes' identity has its roles where no datastore opens a place with credentials."""
        compute = self._step.compute
        cluster = Who.of_cluster(compute, self._request.identities.get(compute, ""))
        for given in self._step.inputs.values():
            if isinstance(given, InputLocation):
                check_place(self._context, cluster, given, "blobs/read")
        for output in self._step.outputs.values():
            check_place(self._context, cluster, output, "blobs/write")

    def _say(self, text: str) -> None:
        self._write(f"Environment: {text}")

    def _write(self, line: str) -> None:
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")

    def _keep_log(self) -> None:
        blob = artifact_blob(self._step.run_id, STANDARD)
        # The storage account may be deleted while a job runs.
        with contextlib.suppress(KeyError, FileNotFoundError):
            self._context.blobs.create_container(self._account, ARTIFACT_CONTAINER)
            self._context.blobs.adopt(self._account, ARTIFACT_CONTAINER, blob, self._log)
        self._records.add_log(self._step.run_id, STANDARD, self._account, ARTIFACT_CONTAINER, blob)


def _check_there(spec: EnvironmentSpec) -> None:
    """Refuse an environment of a registry that the sandbox does not have; in Azure, it may well exist."""
    if spec.registry and not (spec.image or spec.build):
        add = (
            f"python -m sandbox registry add environment {spec.registry}/{spec.name}:VERSION --image IMAGE --conda FILE"
        )
        problem = f"the registry '{spec.registry}' of the sandbox does not have it. Add it: {add}."
        raise image_build_failed(f"{spec.name}:{spec.version}", [problem])


def _failed(code: int, log: Path) -> str:
    tail = log.read_text(encoding="utf-8", errors="replace")[-_MESSAGE_CHARACTERS:].strip()
    return f"Execution failed. User process 'bash' exited with status code {code}. See {STANDARD}. Its end:\n{tail}"
