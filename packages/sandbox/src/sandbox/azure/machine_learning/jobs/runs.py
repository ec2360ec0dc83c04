"""The run records of one workspace. A workspace made anew under an old name does not see the old one's runs."""

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.records import Record, RunRecords


def run_of(records: RunRecords, workspace: Resource, run_id: str) -> Record:
    """Return a run, a job or a step of one.

    Raises:
        ArmError: 404 when the workspace has none with this id.
    """
    found = records.get(run_id)
    if found is None or found.get("workspaceGuid") != workspace.body["properties"]["workspaceId"]:
        raise ArmError(404, "NotFound", f"There is no run '{run_id}' in the workspace '{workspace.name}'.")
    return found


def jobs_of(records: RunRecords, workspace: Resource, endpoint: str | None = None) -> list[Record]:
    """Return the jobs of a workspace, or of one of its endpoints, newest first."""
    guid = workspace.body["properties"]["workspaceId"]
    found = [record for record in records.jobs(workspace.id) if record.get("workspaceGuid") == guid]
    if endpoint is None:
        return found
    return [record for record in found if record["endpoint"].lower() == endpoint.lower()]
