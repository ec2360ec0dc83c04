"""A run's metrics, as the workspace's MLflow tracking server answers them.

The address is the workspace's ``mlFlowTrackingUri`` with ``https``, and below it MLflow's own REST API
(https://mlflow.org/docs/latest/rest-api.html). Only reading one run is served.
"""

from datetime import datetime
from typing import Any

from sandbox.azure.arm.actions import Need
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.jobs.records import Run, RunRecords
from sandbox.azure.machine_learning.jobs.history import HOST, workspace_at
from sandbox.azure.machine_learning.jobs.runs import run_of
from sandbox.azure.machine_learning.scope import WORKSPACE_PATH, WORKSPACES
from sandbox.azure.world import World

_STATES = {"Completed": "FINISHED", "Failed": "FAILED", "Canceled": "KILLED"}


def register(world: World) -> None:
    """Serve the runs of every workspace."""
    records = RunRecords(world.store)

    async def get(request: ArmRequest) -> ArmResponse:
        """Answer a run with its metrics."""
        wanted = request.query.get("run_id")
        if not wanted:
            raise ArmError(400, "INVALID_PARAMETER_VALUE", "The query parameter 'run_id' is missing.")
        return ArmResponse(200, {"run": _document(run_of(records, workspace_at(world, request), wanted))})

    need = Need(f"{WORKSPACES}/experiments/runs/read", WORKSPACE_PATH)
    path = f"/mlflow/v1.0{WORKSPACE_PATH}/api/2.0/mlflow/runs/get"
    world.router.add("GET", path, get, query=("run_id",), host=HOST, need=need)


def _document(record: Run) -> dict[str, Any]:
    ended = record.end_time_utc
    now = _milliseconds(ended or record.start_time_utc or record.created_utc)
    return {
        "info": {
            "run_id": record.run_id,
            "run_uuid": record.run_id,
            "run_name": record.display_name,
            "experiment_id": record.experiment_name,
            "status": _STATES.get(record.status, "RUNNING"),
            "start_time": _milliseconds(record.start_time_utc or record.created_utc),
            **({"end_time": _milliseconds(ended)} if ended else {}),
            "lifecycle_stage": "active",
        },
        "data": {
            "metrics": [
                {"key": name, "value": value, "timestamp": now, "step": 0} for name, value in record.metrics.items()
            ],
            "params": [],
            "tags": [{"key": name, "value": value} for name, value in record.tags.items()],
        },
    }


def _milliseconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp() * 1000)
