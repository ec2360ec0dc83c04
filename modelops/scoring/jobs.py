"""Finds the scoring jobs of an endpoint, and what is known of one."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from modelops import azure
from modelops.errors import NoJobError, UsageError
from modelops.rehearsal import located
from modelops.scoring import endpoints
from modelops.scoring.job_logs import JobLogs
from modelops.workspace import Workspace

_API: Final = "2023-10-01"
_DEPLOYMENT: Final = re.compile(r"/deployments/([^/]+)/jobs/", re.IGNORECASE)
# What the service writes where the caller gave no description.
_SUBMISSION: Final = re.compile(r"Pipeline submission for endpoint: (\S+), deployment: (\S+?)\.?$")
_DEPLOYMENT_NAME: Final = "azureml.deploymentname"
_NEVER: Final = "0001-01-01T00:00:00Z"
COMPLETED: Final = "Completed"
FAILED: Final = "Failed"
CANCELED: Final = "Canceled"
NOT_RESPONDING: Final = "NotResponding"
ENDED: Final = frozenset({COMPLETED, FAILED, CANCELED, NOT_RESPONDING})
"""The states in which a job stays."""
# A job may run for 21 days, after it has waited: https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas.
_LONGEST: Final = timedelta(days=30)


def command(workspace: Workspace, what: str, where: str = "") -> str:
    """Return a command about jobs, to print.

    Args:
        workspace: theirs.
        what: e.g. `show NAME` or `list`.
        where: the options that find their stack, beginning with a space; "": the workspace is named instead.
    """
    return located(f"python -m modelops jobs {what}{where or workspace.words()}")


@dataclass(frozen=True, slots=True)
class Job:
    """What the workspace knows of a job; None is what it does not say.

    Attributes:
        name: its name.
        state: its state, e.g. `Running` or `Completed`.
        endpoint: physical name of the endpoint.
        deployment: physical name of the deployment.
        created: when it was started: ISO 8601.
        author: who started it.
        display_name: its name in the studio.
        description: its description.
        experiment: the experiment that it belongs to.
        tags: its tags, with the service's own.
        studio: its page in the studio.
        ended: when it ended: ISO 8601; only `failed` asks for it.
    """

    name: str
    state: str
    endpoint: str | None = None
    deployment: str | None = None
    created: str | None = None
    author: str | None = None
    display_name: str | None = None
    description: str | None = None
    experiment: str | None = None
    tags: Mapping[str, str] | None = None
    studio: str | None = None
    ended: str | None = None


def listed(workspace: Workspace, endpoint: str, most: int) -> list[Job]:
    """Return an endpoint's jobs, the newest first, at most `most`.

    The endpoint lists its jobs without their times, and ARM those of the workspace in an order that is not documented.
    So both lists are read, ARM's until it had all jobs of the endpoint.

    Raises:
        ReleaseError: the service refused a read, for example because there is no such endpoint.
    """
    with azure.step(f"listing the jobs of endpoint {endpoint}"):
        found = {str(each.name): str(each.id) for each in workspace.ml.batch_endpoints.list_jobs(endpoint)}
        jobs = list(_details(workspace, endpoint, found))
    return sorted(jobs, key=_moment, reverse=True)[:most]


def failed(workspace: Workspace, endpoint: str, since: datetime) -> list[Job]:
    """Return the jobs of an endpoint that have failed since a moment or do not respond, the newest first.

    The moment is that of a job's end, for which the run history is asked. A job whose end is not known counts, and so
    does one that does not respond. Jobs that began more than 30 days before `since` are not looked at.

    Raises:
        ReleaseError: the service refused a read, for example because there is no such endpoint.
    """
    with azure.step(f"listing the jobs of endpoint {endpoint}"):
        own = workspace.ml.batch_endpoints.list_jobs(endpoint)
        # Asked again: an end is final, but no source says how old the other states of this list may be.
        found = {str(each.name): str(each.id) for each in own if each.status not in {COMPLETED, CANCELED}}
        jobs = [each for each in _details(workspace, endpoint, found) if each.state in {FAILED, NOT_RESPONDING}]
    known = [_with_end(workspace, each) for each in jobs if _moment(each) >= since - _LONGEST or not each.created]
    recent = [each for each in known if each.ended is None or datetime.fromisoformat(each.ended) >= since]
    return sorted(recent, key=_moment, reverse=True)


def _with_end(workspace: Workspace, job: Job) -> Job:
    _, ended = JobLogs(workspace.ml, job.name).times()
    return replace(job, ended=ended.astimezone(UTC).isoformat() if ended else None)


def _moment(job: Job) -> datetime:
    return datetime.fromisoformat(job.created or _NEVER).astimezone(UTC)


def _details(workspace: Workspace, endpoint: str, wanted: Mapping[str, str]) -> Iterator[Job]:
    """Find jobs among those of the workspace."""
    left = len(wanted)
    for each in workspace.list("jobs", _API) if left else ():
        if (address := wanted.get(each["name"])) is None:
            continue
        yield _read(each, endpoint, deployment_of(address))
        left -= 1
        if not left:
            return


def running(workspace: Workspace, endpoint: str) -> list[Job]:
    """Return an endpoint's jobs that have not ended.

    Raises:
        ReleaseError: the service refused a read, for example because there is no such endpoint.
    """
    asked = (_found(workspace, name) for name, _ in _not_ended(workspace, endpoint))
    return [job for job in asked if job is not None and job.state not in ENDED]


def _not_ended(workspace: Workspace, endpoint: str) -> list[tuple[str, str]]:
    """Return names and ids of the jobs that have not ended by the endpoint's list.

    Each is to be asked again: an end is final, but no source says how old the other states of this list may be.
    """
    with azure.step(f"listing the jobs of endpoint {endpoint}"):
        listed = workspace.ml.batch_endpoints.list_jobs(endpoint)
        return [(str(each.name), str(each.id)) for each in listed if each.status not in ENDED]


def in_use(workspace: Workspace, endpoint: str, among: Collection[str]) -> set[str]:
    """Return the deployments that a job uses which has not ended; all of them if it is not known which one it uses.

    Args:
        workspace: of the endpoint.
        endpoint: physical name.
        among: physical names of the deployments in question.

    Raises:
        ReleaseError: the service refused a read.
    """
    used: set[str] = set()
    for name, job_id in _not_ended(workspace, endpoint):
        named = deployment_of(job_id)
        if named is not None and (named in used or named not in among):
            continue
        job = _found(workspace, name)
        if job is None or job.state in ENDED:
            continue
        whose = named or job.deployment
        used.update({whose} & set(among) if whose else among)
    return used


def deployment_of(job_id: str) -> str | None:
    """Return the deployment in a job's id in the data plane; None if it has none."""
    found = _DEPLOYMENT.search(job_id)
    return found[1] if found else None


def found(workspace: Workspace, name: str) -> Job:
    """Return a job.

    Raises:
        NoJobError: there is no such job.
        ReleaseError: the service refused the read.
    """
    job = _found(workspace, name)
    if job is None:
        raise NoJobError(f"workspace {workspace.name} has no job {name!r}.")
    return job


def _found(workspace: Workspace, name: str) -> Job | None:
    try:
        with azure.step(f"reading job {name}"):
            job = workspace.get(f"jobs/{endpoints.segment(name)}", _API)
    except Exception as error:
        if error.__cause__ is not None and azure.is_missing(error.__cause__):
            return None
        raise
    return _read(job, *_origin(job["properties"]))


def _origin(properties: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return a job's endpoint and deployment, as far as ARM tells them.

    The description tells both, unless the caller gave another. Tags and properties are as published with the Ansible
    collection for Azure (its module for batch endpoints), for a job of a pipeline.
    """
    if submission := _SUBMISSION.match(properties.get("description") or ""):
        return submission[1], submission[2]
    tags, more = properties.get("tags") or {}, properties.get("properties") or {}
    endpoint = more.get("azureml.endpointname")
    if endpoint is None and tags.get("azureml.batchrun") == "true" and "azureml.jobtype" not in tags:
        # A model deployment's job stays in the experiment with the endpoint's name (docs/commands.md).
        endpoint = properties.get("experimentName")
    return endpoint, more.get(_DEPLOYMENT_NAME) or tags.get(_DEPLOYMENT_NAME)


def cancel(workspace: Workspace, job: Job) -> str:
    """Cancel a job, wait until it has stopped, and return its state.

    Raises:
        UsageError: it has ended.
        ReleaseError: the service refused it.
    """
    if job.state in ENDED:
        raise UsageError(f"job {job.name} has already ended, in state {job.state}.")
    with azure.step(f"canceling job {job.name}"):
        workspace.ml.jobs.begin_cancel(job.name).result()
    return found(workspace, job.name).state


def ask_to_cancel(workspace: Workspace, name: str, seconds: float) -> None:
    """Ask for the cancellation of a job with one request, which has `seconds` for its answer; do not wait for its end.

    Raises:
        AzureError: the service refused it, for example because the job has ended, or did not answer.
    """
    workspace.post(f"jobs/{endpoints.segment(name)}/cancel", _API, seconds)


def _read(document: Mapping[str, Any], endpoint: str | None, deployment: str | None) -> Job:
    properties, system = document["properties"], document.get("systemData") or {}
    studio = (properties.get("services") or {}).get("Studio") or {}
    return Job(
        name=document["name"],
        state=properties["status"],
        endpoint=endpoint,
        deployment=deployment,
        created=system.get("createdAt"),
        author=system.get("createdBy"),
        display_name=properties.get("displayName"),
        description=properties.get("description"),
        experiment=properties.get("experimentName"),
        tags=properties.get("tags"),
        studio=studio.get("endpoint"),
    )
