"""`invoke`: runs a scoring job and downloads its predictions."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import typer

from modelops import rehearsal
from modelops.commands import job_arguments, options, terminal
from modelops.commands.targets import Target
from modelops.errors import InterruptedByUserError, RehearsalError, UsageError
from modelops.rehearsal import located
from modelops.scoring import following, inputs, job_words, local_files, predictions, start
from modelops.scoring.inputs import JobInput
from modelops.scoring.start import JobOptions

SCHEMA_VERSION: Final = 1
"""Version of the --json output: docs/schemas/invoke.json."""


class Asked(NamedTuple):
    """One job that is asked for: what it scores, the revision (None: the endpoint's default), and its options."""

    source: JobInput
    deployment: str | None = None
    options: JobOptions = JobOptions()


@dataclass
class Outcome:
    """What came of a job so far, as `--json` prints it."""

    endpoint: str
    deployment: str | None
    job: str = ""
    studio: str = ""
    completed: bool = False
    seconds: float | None = None
    predictions: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the object of docs/schemas/invoke.json."""
        return {"schemaVersion": SCHEMA_VERSION, **vars(self)}


def invoke(
    *,
    source: job_arguments.Source,
    input_type: job_arguments.InputType = None,
    download: Annotated[
        Path | None, typer.Option("--download", metavar="FOLDER", help="New folder for the predictions.")
    ] = None,
    no_wait: job_arguments.NoWait = False,
    deployment: job_arguments.Deployment = None,
    instance_count: job_arguments.InstanceCount = None,
    mini_batch_size: job_arguments.MiniBatchSize = None,
    retries: job_arguments.Retries = None,
    timeout: job_arguments.Timeout = None,
    error_threshold: job_arguments.ErrorThreshold = None,
    output_path: job_arguments.OutputPath = None,
    output_file_name: job_arguments.OutputFileName = None,
    tag: job_arguments.Tags = None,
    display_name: job_arguments.DisplayName = None,
    description: job_arguments.Description = None,
    experiment: job_arguments.Experiment = None,
    json: options.Json = False,
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
    if no_wait == (download is not None):
        raise UsageError("give either --download FOLDER, or --no-wait to leave the job alone once it has started.")
    if download is not None:
        predictions.require_empty(download)
    job = JobOptions(
        instance_count,
        mini_batch_size,
        retries,
        timeout,
        error_threshold,
        job_arguments.output_path(output_path),
        job_arguments.output_file_name(output_file_name),
        job_arguments.tags(tag),
        display_name,
        description,
        experiment,
    )
    read = inputs.read(source, input_type)
    target = _by_names(subscription, resource_group, workspace, endpoint)
    target = target or options.Where(stack, outputs, endpoint, directory).target()
    if deployment is not None:
        deployment = target.revisions.get(deployment, deployment)
    outcome = Outcome(target.endpoint, deployment)
    try:
        with terminal.aside(is_aside=json):
            run(target, Asked(read, deployment, job), download, outcome=outcome)
    finally:
        if json and outcome.job:
            terminal.say_json(outcome.to_json())


def run(
    target: Target, asked: Asked, download: Path | None, *, replace: bool = False, outcome: Outcome | None = None
) -> None:
    """Run a job to its end, and say what came of it.

    Args:
        target: the endpoint.
        asked: the job.
        download: folder for the predictions; None: only start the job.
        replace: the predictions take the place of what the folder has, once they are there.
        outcome: is filled in as things happen.

    Raises:
        ModelOpsError: it failed; InterruptedByUserError if Ctrl-C was pressed.
    """
    outcome = outcome or Outcome(target.endpoint, asked.deployment)
    workspace = options.workspace(target)
    words = target.words()
    for sentence in _notes(asked.source):
        terminal.say(f"note: {sentence}")
    check = located(f"python -m modelops jobs list{words} --endpoint {target.endpoint}")
    with _told(f"A job may have started; to check: {check}"):
        started = start.start(workspace, target.endpoint, asked.deployment, asked.source, asked.options)
    job = outcome.job = started.name
    outcome.studio = started.studio
    terminal.say(f"job {job} on {target.endpoint}" + (f" (deployment {asked.deployment})" if asked.deployment else ""))
    if started.studio:
        terminal.say(f"  {started.studio}")
    for sentence in job_words.settle(workspace, job, asked.options):
        terminal.say(f"note: {sentence}")
    if download is None:
        return
    cancel, logs, again = (
        located(f"python -m modelops jobs {what} {job}{words}") for what in ("cancel", "logs", "download")
    )
    with _told(f"Job {job} continues in Azure; to cancel it: {cancel}"), terminal.progress() as progress:
        outcome.seconds = following.follow(workspace.ml, job, progress.show, logs)
    outcome.completed = True
    with _told(f"Job {job} is completed; to get its predictions: {again} --download NEW_FOLDER"):
        files = (predictions.replace if replace else predictions.download)(workspace.ml, job, download)
    outcome.predictions = [str(path) for path in files]
    terminal.say(f"completed in {outcome.seconds:.0f} s; predictions:")
    for path in files:
        terminal.say(f"  {path}")
    if first := predictions.first_rows(files):
        terminal.say(f"first rows of {first.file.name}:")
        terminal.show_rows(first.rows)
    # What was lost is counted here, and ends the command with 3.


def _notes(source: JobInput) -> list[str]:
    """Return what is to be known about an input before its job starts.

    Raises:
        UsageError: nothing of it would be uploaded.
    """
    if source.is_local:
        return local_files.notes(Path(source.path))
    with suppress(RehearsalError):  # the job's own log says it too
        return rehearsal.ask_about_input(source.path) if source.asset is None else []
    return []


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
