"""The runs of one workspace. A new workspace with an old name does not see the old one's runs."""

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.records import Run, RunRecords


def run_of(records: RunRecords, workspace: Resource, run_id: str) -> Run:
    """Return a run, a job or a step of one.

    Raises:
        ArmError: 404 if the workspace has no such run.
    """
    found = records.get(run_id)
    if found is None or not _is_in(found, workspace):
        raise ArmError(404, "NotFound", f"The run '{run_id}' does not exist in the workspace '{workspace.name}'.")
    return found


def is_job_of(run: Run, workspace: Resource, endpoint: str) -> bool:
    """Whether a run is a job (not a step) of one of a workspace's endpoints."""
    return run.parent_run_id is None and _is_in(run, workspace) and run.endpoint.lower() == endpoint.lower()


def jobs_of(records: RunRecords, workspace: Resource) -> list[Run]:
    """Return the jobs of a workspace, newest first."""
    return [run for run in records.jobs(workspace.id) if _is_in(run, workspace)]


def _is_in(run: Run, workspace: Resource) -> bool:
    return bool(run.workspace_guid == workspace.body["properties"]["workspaceId"])
