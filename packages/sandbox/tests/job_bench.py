"""A place to run batch jobs in without a server: a deployment's files in blob storage, and the runner."""

import asyncio
import csv
import io
import textwrap
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from blob_server import ACCOUNT, SUBSCRIPTION, make_front
from sandbox.azure.arm.service_time import ServiceTime
from sandbox.azure.environments.provider import Environments
from sandbox.azure.jobs.context import JobContext
from sandbox.azure.jobs.logs import ARTIFACT_CONTAINER
from sandbox.azure.jobs.records import Run, RunRecords
from sandbox.azure.jobs.request import CodeFiles, EnvironmentSpec, InputLocation, JobRequest, ModelFiles, OutputLocation
from sandbox.azure.jobs.runner import JobRunner
from sandbox.azure.readings import Switches

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.MachineLearningServices"
WORKSPACE = f"{GROUP}/workspaces/ws"
CLUSTER = f"{WORKSPACE}/computes/cpu"
CONDA = (
    "dependencies:\n- python=3.11\n- pip\n- pip:\n  - azureml-core==1.61.0\n  - azureml-dataset-runtime[fuse]==1.62.0\n"
)


@dataclass(frozen=True)
class Outcome:
    """What is left of a job: its records, the output files by name, and the logs by path."""

    parent: Run
    child: Run
    output: dict[str, bytes]
    logs: dict[str, str]

    @property
    def lines(self) -> list[str]:
        """The lines of the output file, sorted, because their order is not promised."""
        return sorted(self.output["predictions.csv"].decode().splitlines())

    @property
    def error(self) -> str:
        """The message of the job's error."""
        return (self.parent.error or {})["message"]

    @property
    def error_code(self) -> str:
        """The code of the job's error."""
        return (self.parent.error or {})["code"]


def report_of(done: Outcome) -> list[dict[str, str]]:
    """Return the table of a job's tries of mini-batches, by the names of its columns."""
    return list(csv.DictReader(io.StringIO(done.logs["logs/sys/job_report/processed_mini-batches.csv"])))


class JobBench:
    """Runs jobs one after the other; each has its own name."""

    def __init__(self, home: Path, *, most_nodes: int = 2, uses_index: bool = False) -> None:
        front = make_front(home)
        self.store, self.blobs, self.authorization = front.store, front.blobs, front.authorization
        self.folder, self.switches = home / "jobs", Switches()
        self.environments = Environments(home / "environments", lambda: uses_index)
        self.records = RunRecords(self.store)
        cluster = {
            "properties": {"computeType": "AmlCompute", "properties": {"scaleSettings": {"maxNodeCount": most_nodes}}}
        }
        self.store.put(WORKSPACE, "Microsoft.MachineLearningServices/workspaces", {"properties": {}})
        self.store.put(CLUSTER, "Microsoft.MachineLearningServices/workspaces/computes", cluster)
        for container in ("data", "code"):
            self.blobs.create_container(ACCOUNT, container)
        self.blobs.write(ACCOUNT, "data", "LocalUpload/1/model/weights.txt", b"weights")
        self.service_time = ServiceTime(self.store)
        self._count = 0

    def runner(self) -> JobRunner:
        """Return a runner of jobs, as a server that has just started has one."""
        return JobRunner(
            JobContext(
                self.folder,
                self.store,
                self.blobs,
                self.authorization,
                self.switches,
                self.environments,
                self.service_time,
            )
        )

    def close(self) -> None:
        self.blobs.close()
        self.store.close()

    def request(self, script: str, files: dict[str, bytes] | int = 4, **settings: Any) -> JobRequest:
        """Store a script and input files (or so many of them, ``f000`` on) and return a request for a job of them."""
        self._count += 1
        name = f"batchjob-{self._count}"
        self.blobs.write(ACCOUNT, "code", f"{name}/score.py", textwrap.dedent(script).encode())
        given = {f"f{number:03d}": b"x" for number in range(files)} if isinstance(files, int) else files
        for file, data in given.items():
            self.blobs.write(ACCOUNT, "data", f"input/{name}/{file}", data)
        request = JobRequest(
            name=name,
            child_id=f"child-{self._count}",
            workspace_id=WORKSPACE,
            endpoint="e",
            deployment="d",
            location="westeurope",
            compute=CLUSTER,
            input=InputLocation("folder", ACCOUNT, "data", f"input/{name}/"),
            output=OutputLocation(ACCOUNT, "data", f"azureml/child-{self._count}/score/", "predictions.csv"),
            model=ModelFiles("folder", ACCOUNT, "data", "LocalUpload/1/model/", "model", "custom_model"),
            code=CodeFiles(ACCOUNT, "code", f"{name}/"),
            scoring_script="score.py",
            environment=EnvironmentSpec("env", "1", "image:1", CONDA),
        )
        return replace(request, **settings)

    def run(self, request: JobRequest, during: Callable[[JobRunner], Awaitable[None]] | None = None) -> Outcome:
        """Run a job to its end, and ``during`` beside it."""

        async def go() -> None:
            runner = self.runner()
            self.accept(request)
            runner.submit(request)
            if during is not None:
                await during(runner)
            await runner.wait(request.name)
            await runner.close()

        asyncio.run(go())
        return self.outcome(request)

    def accept(self, request: JobRequest) -> None:
        """Make the run records, as the machine learning service does."""
        job = Run(request.name, request.name, WORKSPACE, status="Preparing")
        self.records.create(job)
        self.records.create(replace(job, run_id=request.child_id, parent_run_id=request.name))

    def status(self, run: str) -> str | None:
        """Return the state of a run, None when there is no such run."""
        found = self.records.get(run)
        return None if found is None else found.status

    def outcome(self, request: JobRequest) -> Outcome:
        parent, child = self.records.get(request.name), self.records.get(request.child_id)
        assert parent is not None
        assert child is not None
        prefix = request.output.prefix
        names = self.blobs.list(ACCOUNT, "data", prefix)
        output = {name.removeprefix(prefix): self.blobs.read(ACCOUNT, "data", name) for name in names}
        logs = {}
        for path, (account, container, blob) in {**parent.logs, **child.logs}.items():
            assert (account, container) == (ACCOUNT, ARTIFACT_CONTAINER)
            logs[path] = self.blobs.read(account, container, blob).decode()
        return Outcome(parent, child, output, logs)
