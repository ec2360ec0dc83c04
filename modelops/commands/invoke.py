"""`invoke`: runs a scoring job and downloads its predictions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from modelops.commands import options, terminal
from modelops.commands.targets import Target
from modelops.errors import InterruptedByUserError, UsageError
from modelops.rehearsal import located
from modelops.scoring import following, inputs, predictions, start


def invoke(
    *,
    source: Annotated[
        str, typer.Option("--input", metavar="INPUT", help="Local file or folder, URI, or azureml:NAME:VERSION.")
    ],
    download: Annotated[Path, typer.Option("--download", metavar="FOLDER", help="New folder for the predictions.")],
    deployment: Annotated[
        str | None,
        typer.Option("--deployment", metavar="NAME", help="Logical or physical name. Default: the endpoint's default."),
    ] = None,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.Endpoint = None,
    directory: options.Directory = Path(),
    subscription: Annotated[
        str | None,
        typer.Option(
            "--subscription",
            metavar="ID",
            help="Together with --resource-group, --workspace and --endpoint: use no stack.",
        ),
    ] = None,
    resource_group: Annotated[
        str | None, typer.Option("--resource-group", metavar="NAME", help="See --subscription.")
    ] = None,
    workspace: Annotated[str | None, typer.Option("--workspace", metavar="NAME", help="See --subscription.")] = None,
) -> None:
    """Start a scoring job, follow it, and download its predictions."""
    predictions.require_empty(download)
    inputs.read(source)
    target = _by_names(subscription, resource_group, workspace, endpoint)
    target = target or options.Where(stack, outputs, endpoint, directory).target()
    if deployment is not None:
        deployment = target.revisions.get(deployment, deployment)
    run(target, deployment, source, download)


def run(target: Target, deployment: str | None, source: str, download: Path, *, replace: bool = False) -> None:
    """Run a job on `deployment` (its physical name; None: the endpoint's default) to its end, and say what came of it.

    With `replace`, the predictions take the place of what the folder has, once they are there.

    Raises:
        ModelOpsError: it failed; InterruptedByUserError if Ctrl-C was pressed.
    """
    ml = options.workspace(target).ml
    words = target.words()
    check = located(f"python -m modelops jobs list{words} --endpoint {target.endpoint}")
    with _told(f"A job may have started; to check: {check}"):
        job = start.start(ml, target.endpoint, deployment, inputs.read(source)).name
    terminal.say(f"job {job} on {target.endpoint}" + (f" (deployment {deployment})" if deployment else ""))
    cancel, logs, again = (
        located(f"python -m modelops jobs {what} {job}{words}") for what in ("cancel", "logs", "download")
    )
    with _told(f"Job {job} continues in Azure; to cancel it: {cancel}"), terminal.progress() as progress:
        seconds = following.follow(ml, job, progress.show, logs)
    with _told(f"Job {job} is completed; to get its predictions: {again} --download NEW_FOLDER"):
        files = (predictions.replace if replace else predictions.download)(ml, job, download)
    terminal.say(f"completed in {seconds:.0f} s; predictions:")
    for path in files:
        terminal.say(f"  {path}")


@contextmanager
def _told(consequence: str) -> Iterator[None]:
    """Report the consequence of Ctrl-C.

    Raises:
        InterruptedByUserError: Ctrl-C was pressed.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise InterruptedByUserError(f"interrupted. {consequence}") from None


def _by_names(
    subscription: str | None, resource_group: str | None, workspace: str | None, endpoint: str | None
) -> Target | None:
    """Return the endpoint that the options name without a stack; None without such options."""
    if not (subscription or resource_group or workspace):
        return None
    if not (subscription and resource_group and workspace and endpoint):
        raise UsageError("--subscription, --resource-group, --workspace and --endpoint belong together: give all four.")
    return Target(endpoint, subscription, resource_group, workspace, endpoint=endpoint)
