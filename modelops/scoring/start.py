"""Starts a scoring job."""

from typing import TYPE_CHECKING, Any, NamedTuple

from modelops import azure
from modelops.scoring.inputs import JobInput

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


class StartedJob(NamedTuple):
    """A job that was started, and its page in the studio ("" if it is not known)."""

    name: str
    studio: str


def start(ml: "MLClient", endpoint: str, deployment: str | None, source: JobInput) -> StartedJob:
    """Start a job and return it.

    Args:
        ml: client of the workspace.
        endpoint: physical name.
        deployment: physical name of a revision, or None for the endpoint's default. One process must not mix the two:
            the SDK keeps sending the last name.
        source: what to score; a local path is uploaded.

    Raises:
        ReleaseError: the service refused the job.
    """
    from azure.ai.ml import Input  # noqa: PLC0415

    named: dict[str, Any] = {"deployment_name": deployment} if deployment else {}
    with azure.step(f"starting a job on endpoint {endpoint}"):
        job = ml.batch_endpoints.invoke(
            endpoint_name=endpoint,
            input=Input(type=source.kind, path=source.path),
            **named,
        )
    return StartedJob(str(job.name), "")
