"""A worker process's settings, arguments and environment, as in the service's driver."""

import os
from pathlib import Path
from typing import Any

from sandbox.azure.jobs.driver.mlflow_scoring import SKIP_VARIABLE
from sandbox.azure.jobs.files import JobFolder
from sandbox.azure.jobs.request import JobRequest
from sandbox.azure.jobs.worker import Place
from sandbox.azure.readings import Switches

_MASTER_IP = "10.0.0.4"
SILENT = {"MLFLOW_DISABLE_TELEMETRY": "true", "ORT_DISABLE_TELEMETRY": "1"}
"""So that no library of a job reports its use over the network, unless the deployment wants it."""


def ip_of(node: int) -> str:
    """Return a node's made-up address; nothing listens there."""
    return f"10.0.0.{4 + node}"


def module_name(script: str) -> str:
    """Return the module that a scoring script is imported as: ``sub/score.py`` as ``sub.score``."""
    return script.removesuffix(".py").replace("/", ".").replace("\\", ".").lstrip(".")


def arguments(request: JobRequest, folder: JobFolder) -> list[str]:
    """Return ``sys.argv`` of the driver (names: azureml-pipeline-core, ParallelRunConfig)."""
    return [
        "driver/amlbi_main.py",
        *("--scoring_module_name", request.scoring_script),
        *("--mini_batch_size", str(request.mini_batch_size)),
        *("--error_threshold", str(request.error_threshold)),
        *("--output_action", "append_row" if request.output_action == "AppendRow" else "summary_only"),
        *("--append_row_file_name", request.output.file_name),
        *("--logging_level", request.logging_level.upper()),
        *("--run_invocation_timeout", f"{request.timeout_seconds:g}"),
        *("--run_max_try", str(request.max_retries)),
        *("--process_count_per_node", str(request.max_concurrency_per_instance)),
        *("--output", str(folder.output)),
    ]


def worker_settings(request: JobRequest, folder: JobFolder, place: Place, switches: Switches) -> dict[str, Any]:
    """Return the settings for ``driver/amlbi_main.py``; ``{pid}`` in ``temp_file`` is filled in later."""
    work = folder.work / f"{place.node}-{place.name}"
    work.mkdir(parents=True, exist_ok=True)
    entry_log = folder.logs / f"logs/user/entry_script_log/{place.node}/{place.name}.log.txt"
    return {
        "argv": arguments(request, folder),
        "script": request.scoring_script,
        "module": module_name(request.scoring_script),
        "functions": ["init", "run"] if switches.init_required else ["run"],
        "code_dir": str(folder.code),
        "output_dir": str(folder.output),
        "working_dir": str(work),
        "temp_file": str(folder.output / f"temp_{ip_of(place.node)}_{{pid}}_{request.output.file_name}"),
        "append_row": request.output_action == "AppendRow",
        "logging_level": request.logging_level.upper(),
        "process": place.name,
        "entry_log": str(entry_log),
        "read_only": [str(folder.input), str(folder.model)],
    }


def environment(request: JobRequest, folder: JobFolder, place: Place, nodes: int, python: Path) -> dict[str, str]:
    """Return a worker's whole environment, without anything from the sandbox's own.

    Names: https://learn.microsoft.com/azure/machine-learning/how-to-batch-scoring-script and ParallelRunStep's driver.
    """
    work = str(folder.work / f"{place.node}-{place.name}")
    return {
        "PATH": os.pathsep.join([str(python.parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": work,
        "TMPDIR": work,
        "LANG": "C.UTF-8",
        "AZUREML_MODEL_DIR": str(folder.model),
        "AZUREML_BI_OUTPUT_PATH": str(folder.output),
        "AZUREML_RUN_ID": request.child_id,
        "AZUREML_ROOT_RUN_ID": request.name,
        "AZUREML_NODE_COUNT": str(nodes),
        "AZ_BATCH_MASTER_NODE": f"{_MASTER_IP}:6000",
        "AZ_BATCH_NODE_LIST": ";".join(ip_of(node) for node in range(nodes)),
        "AZ_BATCH_IS_CURRENT_NODE_MASTER": "true" if place.node == 0 else "false",
        "AZ_BATCHAI_JOB_MASTER_NODE_IP": _MASTER_IP,
        "AZ_BATCHAI_WORKER_IP": ip_of(place.node),
        "AZ_BATCHAI_GPU_COUNT_FOUND": "0",
        **SILENT,
    } | request.environment_variables


def generated_scripts(request: JobRequest, switches: Switches) -> dict[str, str]:
    """Return the variables that only ``driver/mlflow_scoring.py`` reads."""
    skips = request.code is None and not switches.mlflow_bad_file_fails_job
    return {SKIP_VARIABLE: "yes"} if skips else {}
