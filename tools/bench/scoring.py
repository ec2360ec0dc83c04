"""Batch jobs in the sandbox against a spawn pool of the same size: wall time, memory, and how right the progress is.

``python -m tools.bench.scoring deploy RESOURCE_GROUP WORKSPACE CLUSTER`` makes the endpoint and its two deployments,
``... job RESOURCE_GROUP WORKSPACE DEPLOYMENT FILES`` prints the seconds that a job takes, from its start to its final
state as a client sees them, and ``... progress RESOURCE_GROUP WORKSPACE FILES`` how far off the time left was. They run
in the sandbox's environment.
"""

import asyncio
import json
import os
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    BatchEndpoint,
    CodeConfiguration,
    Environment,
    Model,
    ModelBatchDeployment,
    ModelBatchDeploymentSettings,
)
from azure.identity import DefaultAzureCredential

from modelops.scoring.job_logs import JobLogs
from tools.bench.checkout import Checkout
from tools.bench.estimates import worst
from tools.bench.measure import Row, paired
from tools.bench.memory import peaks

SCORE = Path(__file__).with_name("score_files.py")
WORK = {"trivial": 0.0, "busy": 0.006, "slow": 0.025}
"""Seconds of work for each file, by the name of the deployment."""
PROCESSES = 2
MINI_BATCH = 10
_ENDPOINT = "bench-scoring"
_CONDA = {
    "name": "bench",
    "dependencies": ["python=3.11", {"pip": ["azureml-core", "azureml-dataset-runtime[fuse]"]}],
}


def prepare(checkout: Checkout, group: str, workspace: str, cluster: str) -> None:
    """Make endpoint and deployments, and put the files in place."""
    checkout.run("python", "-m", "tools.bench.scoring", "deploy", group, workspace, cluster)
    for count in (2_000, 20_000):
        files = _files(checkout, count)
        place = f"azureml://datastores/workspaceblobstore/paths/bench/{count}/"
        checkout.run("python", "-m", "sandbox", "data", "add", place, str(files))


def rows(checkout: Checkout, group: str, workspace: str, runs: int) -> list[Row]:
    """Measure jobs of 2,000 files in pairs, and jobs of 20,000 files against ten times as long."""

    def job(deployment: str, count: int) -> Callable[[], float]:
        command = ("python", "-m", "tools.bench.scoring", "job", group, workspace, deployment, str(count))
        return lambda: float(checkout.run(*command).stdout)

    def pool(deployment: str) -> Callable[[], float]:
        sizes = (str(WORK[deployment]), str(MINI_BATCH), str(PROCESSES))
        command = ("python", "-m", "tools.bench.pool", str(_files(checkout, 2_000)), *sizes)
        return lambda: float(checkout.run(*command).stdout)

    first, many = job("trivial", 2_000), job("trivial", 20_000)
    name = "score 2,000 files"
    return [
        paired(f"{name}, trivial script / spawn pool", first, pool("trivial"), runs=runs, aim="at most 2"),
        paired(f"{name}, 6 ms for each / spawn pool", job("busy", 2_000), pool("busy"), runs=runs, aim="at most 1.1"),
        paired("score 20,000 files / ten times 2,000", many, lambda: 10 * first(), runs=runs, aim="at most 1.1"),
    ]


def figures(checkout: Checkout, group: str, workspace: str) -> list[str]:
    """Return the server's memory in jobs of 2,000 and of 20,000 files, and how right the progress of a job is.

    Call it before ``rows``: what is read is the largest memory since the server's start.
    """
    lines = []
    for count in (2_000, 20_000):
        command = ("python", "-m", "tools.bench.scoring", "job", group, workspace, "trivial", str(count))
        most = peaks(checkout, *command)["sandbox server"]
        lines.append(f"peak memory of the sandbox server after a job of {count} files: {most:.0f} MiB")
    off = checkout.run("python", "-m", "tools.bench.scoring", "progress", group, workspace, "2000").stdout
    return [*lines, f"time left of a job of 25 s, from its tenth second on: at most {float(off):.0%} off"]


def _files(checkout: Checkout, count: int) -> Path:
    """Return a folder with so many small files; the first call makes them."""
    folder = checkout.root / "bench" / f"files-{count}"
    if not folder.exists():
        folder.mkdir(parents=True)
        for number in range(count):
            (folder / f"patient-{number:05d}.csv").write_text("1,85,66,29,0,26.6,0.351,31\n" * 10)
    return folder


def _deploy(group: str, workspace: str, cluster: str) -> None:
    ml = _client(group, workspace)
    ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name=_ENDPOINT)).result()
    with TemporaryDirectory() as folder:
        code, conda = Path(folder, "code"), Path(folder, "conda.json")
        code.mkdir()
        (code / "score.py").write_text(SCORE.read_text())
        conda.write_text(json.dumps(_CONDA))
        model = ml.models.create_or_update(Model(name="bench-scoring", path=str(code), type="custom_model"))
        for name, seconds in WORK.items():
            ml.batch_deployments.begin_create_or_update(
                ModelBatchDeployment(
                    name=name,
                    endpoint_name=_ENDPOINT,
                    model=model.id,
                    code_configuration=CodeConfiguration(code=str(code), scoring_script="score.py"),
                    environment=Environment(
                        image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1", conda_file=str(conda)
                    ),
                    compute=cluster,
                    settings=ModelBatchDeploymentSettings(
                        mini_batch_size=MINI_BATCH,
                        instance_count=1,
                        max_concurrency_per_instance=PROCESSES,
                        environment_variables={"SECONDS": str(seconds)},
                    ),
                )
            ).result()


def _job(*arguments: str) -> float:
    return asyncio.run(_run(*arguments))[1]


async def _run(group: str, workspace: str, deployment: str, files: str) -> tuple[str, float]:
    """Start a job and wait for it; return its name and its seconds.

    Raises:
        SystemExit: it did not complete.
    """
    address = str(_client(group, workspace).batch_endpoints.get(_ENDPOINT).scoring_uri)
    token = DefaultAzureCredential().get_token("https://ml.azure.com/.default").token
    headers = {"Authorization": f"Bearer {token}", "azureml-model-deployment": deployment}
    uri = f"azureml://datastores/workspaceblobstore/paths/bench/{files}/"
    body = {"properties": {"InputData": {"files": {"JobInputType": "UriFolder", "Uri": uri}}}}
    trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    connector, proxy = aiohttp.TCPConnector(ssl=trust), os.environ["HTTPS_PROXY"]
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        begin = time.perf_counter()
        async with session.post(address, json=body, proxy=proxy) as answer:
            answer.raise_for_status()
            name = str((await answer.json())["id"]).rpartition("/")[2]
        while True:
            async with session.get(f"{address}/{name}", proxy=proxy) as answer:
                status = (await answer.json())["properties"]["status"]
            if status in ("Completed", "Failed", "Canceled"):
                break
            await asyncio.sleep(0.02)
        taken = time.perf_counter() - begin
    if status != "Completed":
        sys.exit(f"the job {name} ended as {status}")
    return name, taken


def _progress(*arguments: str) -> float:
    """Return by how much the time left was off at worst, in parts of itself, from the tenth second of a job on."""
    group, workspace, files = arguments
    name, _ = asyncio.run(_run(group, workspace, "slow", files))
    logs = JobLogs(_client(group, workspace), name)
    return worst("".join(logs.text(each) for each in logs.names() if "job_progress_overview" in each))


def _client(group: str, workspace: str) -> MLClient:
    return MLClient(DefaultAzureCredential(), os.environ["AZURE_SUBSCRIPTION_ID"], group, workspace)


def main(what: str, *arguments: str) -> None:
    """Do one of the three things in the module's docstring."""
    if what == "deploy":
        _deploy(*arguments)
    else:
        print({"job": _job, "progress": _progress}[what](*arguments))  # noqa: T201 - the caller reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
