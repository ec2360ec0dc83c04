"""Steps of pipelines that fail, without a server: outputs that cannot be written, inputs that do not exist."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from blob_server import ACCOUNT
from job_bench import CLUSTER, CONDA, WORKSPACE, JobBench
from sandbox.azure.jobs.logs import ARTIFACT_CONTAINER, EXECUTION, artifact_blob
from sandbox.azure.jobs.pipelines.request import PipelineRequest, Step
from sandbox.azure.jobs.records import Run
from sandbox.azure.jobs.request import EnvironmentSpec, InputLocation, OutputLocation

PREFIX = "ScriptExecutionException was caused by StreamAccessException. The input"
NOT_WRITTEN = f"The output cannot be written: container 'gone' does not exist in account '{ACCOUNT}'."
STEP = Step(
    name="one",
    run_id="run-one",
    command="echo 1 > ${{outputs.out}}/1.txt",
    code=None,
    environment=EnvironmentSpec("env", "1", "image:1", CONDA),
    compute=CLUSTER,
    inputs={},
    outputs={"out": OutputLocation(ACCOUNT, "gone", "out/", "")},
)


def run(bench: JobBench, *steps: Step) -> dict[str, Mapping[str, str] | None]:
    """Run a pipeline whose steps all fail; return its error and theirs, by run."""
    request = PipelineRequest("pipe", WORKSPACE, steps, go_on=True)
    job = Run(request.name, request.name, WORKSPACE, status="Preparing")
    bench.records.create(job)
    for step in steps:
        bench.records.create(replace(job, run_id=step.run_id, parent_run_id=request.name))

    async def go() -> None:
        runner = bench.runner()
        runner.submit(request)
        await runner.wait(request.name)
        await runner.close()

    asyncio.run(go())
    found = [bench.records.get(each) for each in (request.name, *(step.run_id for step in steps))]
    assert {each.status for each in found if each} == {"Failed"}
    return {each.run_id: each.error for each in found if each}


def test_an_output_that_cannot_be_written_fails_the_step(bench: JobBench) -> None:
    assert run(bench, STEP) == {
        "pipe": {"code": "UserError", "message": f"1 of 1 steps failed: one. one: {NOT_WRITTEN}"},
        "run-one": {"code": "UserError", "message": NOT_WRITTEN},
    }


def test_every_step_that_failed_says_why(bench: JobBench) -> None:
    place = InputLocation("folder", ACCOUNT, "data", "nowhere/")
    two = replace(STEP, name="two", run_id="run-two", inputs={"source": place})
    errors = run(bench, STEP, two)
    not_there = f"{PREFIX} 'source', 'nowhere/' in container 'data' of '{ACCOUNT}', was not found."
    assert errors["pipe"] == {
        "code": "UserError",
        "message": f"2 of 2 steps failed: one, two. one: {NOT_WRITTEN} two: {not_there}",
    }


def test_an_account_that_is_not_here_is_said_in_the_first_line(bench: JobBench) -> None:
    place = InputLocation("folder", "elsewhere", "data", "heart/", by_identity=True)
    run(bench, replace(STEP, inputs={"source": place, "words": "literal"}))
    log = bench.blobs.read("unknown", ARTIFACT_CONTAINER, artifact_blob("pipe", EXECUTION)).decode()
    assert log.splitlines()[0].partition("] ")[2] == (
        "The job will fail: the sandbox has no storage account 'elsewhere', and reads nothing from Azure. To put a copy"
        " of the files there: python -m sandbox data add https://elsewhere.blob.core.windows.net/data/heart/ COPY"
    )
