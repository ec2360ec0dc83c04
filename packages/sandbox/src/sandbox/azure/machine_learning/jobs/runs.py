"""The runs of one workspace. A new workspace with an old name does not see the old one's runs."""

from collections.abc import Iterable
from dataclasses import replace

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.requests import Principal
from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.records import Run, RunRecords


def create(records: RunRecords, runs: Iterable[Run], author: Principal | None) -> None:
    """Add the runs of a new job, with their author."""
    user = user_of(author)
    for run in runs:
        records.create(replace(run, created_by=user, modified_by=user))


def user_of(principal: Principal | None) -> dict[str, str]:
    """Return a caller as the run history names users: a service principal's name is its application id."""
    if principal is None:
        return {}
    return {
        "userObjectId": principal.object_id,
        "userTenantId": principal.tenant_id,
        "userName": principal.client_id,
    }


def run_of(records: RunRecords, workspace: Resource, run_id: str) -> Run:
    """Return a run, a job or a step of one.

    Raises:
        ArmError: 404 if the workspace has no such run.
    """
    found = records.get(run_id)
    if found is None or not _is_in(found, workspace):
        raise ArmError(404, "NotFound", f"The run '{run_id}' does not exist in the workspace '{workspace.name}'.")
    return found


def job_of(records: RunRecords, workspace: Resource, endpoint: str, name: str) -> Run:
    """Return a job of one of a workspace's endpoints.

    Raises:
        ArmError: 404 if the endpoint has no such job.
    """
    found = records.get(name)
    if found is None or not _is_of(found, workspace, endpoint):
        raise ArmError(404, "NotFound", f"The endpoint '{endpoint}' has no job '{name}'.")
    return found


def jobs_of(
    records: RunRecords, workspace: Resource, endpoint: str | None = None, deployment: str | None = None
) -> list[Run]:
    """Return the jobs of a workspace, newest first; only those of an endpoint, or of a deployment of it, if named."""
    found = [run for run in records.jobs(workspace.id) if _is_in(run, workspace)]
    if endpoint is not None:
        found = [run for run in found if _is_of(run, workspace, endpoint)]
    if deployment is not None:
        found = [run for run in found if run.deployment.lower() == deployment.lower()]
    return found


def _is_of(run: Run, workspace: Resource, endpoint: str) -> bool:
    return run.parent_run_id is None and _is_in(run, workspace) and run.endpoint.lower() == endpoint.lower()


def _is_in(run: Run, workspace: Resource) -> bool:
    return bool(run.workspace_guid == workspace.body["properties"]["workspaceId"])
