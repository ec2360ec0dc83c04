"""`caller`: text to paste into a service that calls an endpoint."""

from pathlib import Path
from typing import Annotated, Final

import typer

from modelops import azure
from modelops.callers import texts
from modelops.callers.called import DATASTORE, PLACEHOLDER, Called
from modelops.commands import job_arguments, options, terminal
from modelops.commands.targets import Target
from modelops.errors import UsageError
from modelops.plan.data_address import is_address
from modelops.scoring import endpoints, inputs, start
from modelops.scoring.inputs import JobInput, Kind
from modelops.workspace import Workspace

_API: Final = "2023-10-01"
_KINDS: Final = ", ".join(texts.KINDS)


def caller(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of: {_KINDS}.")],
    *,
    source: Annotated[
        str | None,
        typer.Option("--input", metavar="INPUT", help="Address of the data. Default: the sample, if it is one."),
    ] = None,
    input_type: job_arguments.InputType = None,
    deployment: job_arguments.Deployment = None,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.Endpoint = None,
    directory: options.Directory = Path(),
) -> None:
    """Print text that calls an endpoint from another service: token, job, wait, predictions."""
    if kind not in texts.KINDS:
        raise UsageError(f"unknown kind of caller {kind!r}. Allowed are: {_KINDS}.")
    target = options.Where(stack, outputs, endpoint, directory).target()
    called = _called(options.workspace(target), target, _input(target, source, input_type), deployment)
    typer.echo(texts.KINDS[kind](called), nl=False)  # as it is, to be saved in a file
    terminal.say_note(
        f"The caller needs an entry under callers of endpoint {target.logical} in the stack file, with its object id: "
        "the roles let it start jobs there and read their results. To read the data, it needs another role, such as "
        "Storage Blob Data Reader."
    )


def _input(target: Target, source: str | None, kind: Kind | None) -> JobInput:
    """Return the input that the text has: what the command line says, the sample's address, or a placeholder.

    Raises:
        UsageError: it is a path, or can be a file or a folder.
    """
    if source is None and target.sample is not None and is_address(target.sample):
        return inputs.read(target.sample, target.sample_type, "the sample")
    if source is None:
        return inputs.read(PLACEHOLDER)
    if not is_address(source):
        raise UsageError(
            f"--input {source!r} is a path, and a caller in Azure does not have this machine's files. Upload them, and "
            "give their address."
        )
    return inputs.read(source, kind)


def _called(workspace: Workspace, target: Target, source: JobInput, deployment: str | None) -> Called:
    found = endpoints.read(workspace, target.endpoint)
    kind, uri = start.sent(workspace, source)
    with azure.step(f"reading datastore {DATASTORE}"):
        store = workspace.get(f"datastores/{DATASTORE}", _API)["properties"]
    container = f"https://{store['accountName']}.blob.{store.get('endpoint') or 'core.windows.net'}"
    return Called(
        target.endpoint,
        found.address,
        f"{container}/{store['containerName']}",
        uri,
        kind,
        target.revisions.get(deployment, deployment) if deployment else None,
    )
