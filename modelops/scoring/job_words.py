"""A job's own words (tags, display name, description, experiment): the service may leave out what a request has.

The data plane's model has all of them, but only the experiment of pipeline deployments is documented to take effect
(https://learn.microsoft.com/azure/machine-learning/how-to-access-data-batch-endpoints-jobs), and the SDK has no tags at
all (Azure/azure-sdk-for-python#42156). So they are read back, and what is missing is set on the job's run.
"""

from collections.abc import Mapping
from typing import Any, Final

from modelops import azure
from modelops.scoring.start import JobOptions
from modelops.workspace import Workspace

_API: Final = "2024-01-01-preview"
_RUN: Final = (
    "/history/v1.0/subscriptions/{ml.subscription_id}/resourceGroups/{ml.resource_group_name}/providers/"
    "Microsoft.MachineLearningServices/workspaces/{ml.workspace_name}/runs/{job}"
)
_OPTIONS: Final[Mapping[str, str]] = {
    "tags": "--tag",
    "displayName": "--display-name",
    "description": "--description",
    "experimentName": "--experiment",
}


def settle(workspace: Workspace, job: str, options: JobOptions) -> list[str]:
    """See to it that a job has its words; return sentences about those that it does not get. Never fails."""
    wanted = {
        "tags": dict(options.tags),
        "displayName": options.display_name,
        "description": options.description,
        "experimentName": options.experiment,
    }
    missing = {name: value for name, value in wanted.items() if value}
    if not missing:
        return []
    cause = "the service did not take it."
    try:
        missing = _missing(missing, workspace.get(f"jobs/{job}", _API)["properties"])
        # A run stays in its experiment.
        changes = {name: value for name, value in missing.items() if name != "experimentName"}
        if changes:
            missing = {**_missing(changes, _changed(workspace, job, changes)), **_rest(missing)}
    except Exception as error:  # noqa: BLE001 - the job runs; it is only called something else
        cause = azure.describe(error)
    return [f"{_OPTIONS[name]} is not set: {cause}" for name in missing]


def _rest(missing: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in missing.items() if name == "experimentName"}


def _missing(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in wanted.items()
        if not (value.items() <= (found.get(name) or {}).items() if name == "tags" else found.get(name) == value)
    }


def _changed(workspace: Workspace, job: str, changes: Mapping[str, Any]) -> Any:
    """Change a run, and return it. The SDK's client of the run history has no public way to it."""
    from azure.core.rest import HttpRequest  # noqa: PLC0415

    client: Any = workspace.ml.jobs._runs_operations._operation._client  # noqa: SLF001
    url = client.format_url(_RUN.format(ml=workspace.ml, job=job))
    answer = client.send_request(HttpRequest("PATCH", url, json=dict(changes)))
    answer.raise_for_status()
    return answer.json()
