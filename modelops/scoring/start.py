"""Starts a scoring job.

The request is sent without azure-ai-ml's `invoke`: that one has no tags and no description, does not return the job's
page in the studio, refuses addresses that the service takes (wasbs://, ARM ids of datastores), and goes on sending the
last deployment's name (azure-ai-ml 1.35, `_batch_endpoint_operations.py`). Local files are uploaded by azure-ai-ml.
"""

import uuid
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from modelops import azure
from modelops.errors import ReleaseError, UsageError
from modelops.scoring import clusters, data_assets, endpoints, existing, upload
from modelops.scoring.inputs import KINDS, WIRE, JobInput, Kind, unknown_kind
from modelops.scoring.jobs import deployment_of
from modelops.scoring.upload import Report
from modelops.workspace import Workspace


class JobOptions(NamedTuple):
    """What one job has instead of the deployment's settings, and its own words; None is the deployment's setting.

    Attributes:
        instance_count: nodes, from 1 to the most of the cluster.
        mini_batch_size: files for each call of run(), from 1.
        retries: tries of a mini-batch, from 0.
        timeout: seconds for each call of run(), from 1.
        error_threshold: failed files that the job tolerates, from -1 (any number).
        output_path: folder in a blob datastore, as an `azureml://` address or as ARM id + /paths/PATH.
        output_file_name: file with the predictions.
        tags: the job's tags.
        display_name: its name in the studio.
        description: its description.
        experiment: experiment that it belongs to; by default the service takes the endpoint's name.
        nodes_option: where `instance_count` was given, for messages.
    """

    instance_count: int | None = None
    mini_batch_size: int | None = None
    retries: int | None = None
    timeout: int | None = None
    error_threshold: int | None = None
    output_path: str | None = None
    output_file_name: str | None = None
    tags: Mapping[str, str] = MappingProxyType({})
    display_name: str | None = None
    description: str | None = None
    experiment: str | None = None
    nodes_option: str = "--instance-count"


class StartedJob(NamedTuple):
    """A job that was started.

    Attributes:
        name: its name.
        studio: its page in the studio; "" if the service did not say.
        deployment: physical name of the revision that it runs on; None if the service did not say.
    """

    name: str
    studio: str
    deployment: str | None = None


class PerhapsStartedError(ReleaseError):
    """A request for a job that was sent, and whose answer does not say whether the job was started.

    Attributes:
        retry_after: seconds after which the service wants the request again; None if it does not say so.
    """

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


def start(
    workspace: Workspace,
    endpoint: str,
    deployment: str | None,
    source: JobInput,
    options: JobOptions = JobOptions(),  # noqa: B008 - immutable
    *,
    report: Report = lambda _text, _seconds: None,
    request_id: str | None = None,
) -> StartedJob:
    """Start a job and return it. It is asked for once, because a repeated request may start a second job.

    Args:
        workspace: the endpoint's.
        endpoint: physical name.
        deployment: physical name of a revision, or None for the endpoint's default.
        source: what to score; a local path is uploaded.
        options: the job's own settings and words.
        report: is told how far the upload of a local path is.
        request_id: the same for requests that may start only one job between them; by default another each time.

    Raises:
        UsageError: the input is a data asset of another type than the job's, the cluster never has that many nodes, or
            deployment, data asset or datastore do not exist.
        ReleaseError: the service refused the job, or a read before it.
        PerhapsStartedError: there was no answer, or an internal error.
    """
    found = endpoints.read(workspace, endpoint)
    if options.instance_count is not None:
        on = deployment or found.default
        clusters.require(workspace, endpoint, on, options.instance_count, options.nodes_option)
    kind, uri = sent(workspace, source, report)
    headers = {
        "azureml-model-deployment": deployment,
        # The SDK's header, with its spelling; the SDK repeats a request with the same id.
        "repeatability_request-id": request_id or str(uuid.uuid4()),
    }
    given = {name: value for name, value in headers.items() if value}
    try:
        with azure.step(f"starting a job on endpoint {endpoint}"):
            answer = workspace.send("POST", found.address, body(kind, uri, options), given)
    except ReleaseError as error:
        cause = error.__cause__
        if _is_certain(cause):
            existing.require(workspace, endpoint, deployment, source)
            raise
        raise PerhapsStartedError(str(error), azure.asks_to_wait(cause) if cause else None) from error
    return StartedJob(str(answer["name"]), _studio(answer), deployment_of(str(answer.get("id") or "")) or deployment)


def _is_certain(error: BaseException | None) -> bool:
    """Say whether an error means that there is no job. A lost answer looks like no connection if there is a proxy."""
    from azure.core.exceptions import ClientAuthenticationError  # noqa: PLC0415

    return isinstance(error, ClientAuthenticationError) or (error is not None and azure.is_refused(error))


def body(kind: Kind, uri: str, options: JobOptions) -> dict[str, Any]:
    """Return the request for a job, in the data plane's words (azure-ai-ml: `BatchJobSchema`)."""
    properties: dict[str, Any] = {
        "inputData": {WIRE[kind]: {"jobInputType": WIRE[kind], "uri": uri}},
        "compute": _given(instanceCount=options.instance_count),
        "miniBatchSize": options.mini_batch_size,
        "retrySettings": _given(
            maxRetries=options.retries, timeout=None if options.timeout is None else f"PT{options.timeout}S"
        ),
        "errorThreshold": options.error_threshold,
        **_output(options),
        "name": options.display_name,
        "description": options.description,
        "tags": dict(options.tags),
        "properties": _given(experimentName=options.experiment),
    }
    return {"properties": {name: value for name, value in properties.items() if value not in (None, {})}}


def _given(**members: object) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}


def _output(options: JobOptions) -> dict[str, Any]:
    """The place of the output. With a file's name it is one address, as azure-ai-ml sends it."""
    path, name = options.output_path, options.output_file_name
    if path is None:
        return {"outputFileName": name}
    uri = path.rstrip("/") + f"/{name}" if name else path
    return {"outputData": {"score": {"jobOutputType": "UriFile", "uri": uri}}}


def sent(workspace: Workspace, source: JobInput, report: Report = lambda _text, _seconds: None) -> tuple[Kind, str]:
    """Return an input's kind and its address, as a request has them; uploads local files and reads data assets.

    Raises:
        UsageError: it can be a file or a folder, there is no such data asset, or it is of another type.
        ReleaseError: the service refused the upload or the read.
    """
    kind, uri = source.kind, source.path
    if source.is_local:
        uri = upload.uploaded(workspace, Path(uri), report) + ("/" if kind == "uri_folder" else "")
    elif (found := data_assets.registered(workspace, source)) is not None:
        kind, uri = _kind(found, source), str(found.id)
    if kind is None:
        raise unknown_kind(source.path)
    return kind, uri


def _kind(found: Any, source: JobInput) -> Kind:
    """Return the kind of a data asset, as azure-ai-ml gives it."""
    kind: Kind = found.type
    if kind not in KINDS:
        raise UsageError(f"data asset {source.path} is of type {kind}; a batch endpoint takes uri_file and uri_folder.")
    if source.kind not in (None, kind):
        raise UsageError(f"--input-type {source.kind}: data asset {source.path} is of type {kind}.")
    return kind


def _studio(answer: Any) -> str:
    try:
        return str(answer["properties"]["interactionEndpoints"]["Studio"]["endpoint"] or "")
    except (KeyError, TypeError):
        return ""
