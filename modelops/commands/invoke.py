"""`invoke`: runs a scoring job and downloads its predictions."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from modelops.commands import job_arguments, leftover, missing, options, resuming, starting, terminal
from modelops.commands.outcome import Outcome
from modelops.commands.starting import Asked
from modelops.commands.targets import Target
from modelops.errors import NoPredictionsError, ReleaseError, UsageError
from modelops.scoring import following, inputs, losses, out_of_time, predictions
from modelops.scoring.job_logs import JobLogs
from modelops.scoring.jobs import COMPLETED, FAILED
from modelops.scoring.losses import Losses
from modelops.scoring.outputs import require_new
from modelops.scoring.start import JobOptions
from modelops.workspace import Workspace

Fetch = Callable[[Any, str, Path], tuple[Path, ...]]
"""Puts the predictions of a job into a folder, and returns the files: by a client of the workspace, and its name."""


def invoke(
    *,
    source: job_arguments.Source = None,
    resume: job_arguments.Resume = None,
    input_type: job_arguments.InputType = None,
    download: Annotated[
        Path | None, typer.Option("--download", metavar="FOLDER", help="New folder for the predictions.")
    ] = None,
    no_wait: job_arguments.NoWait = False,
    key: job_arguments.Key = None,
    allow_missing: job_arguments.AllowMissing = False,
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
    subscription: options.Subscription = None,
    resource_group: options.ResourceGroup = None,
    workspace: options.WorkspaceName = None,
) -> None:
    """Start a scoring job, follow it, and download its predictions."""
    if (source or resume) is None:
        raise UsageError("give --input INPUT, or --resume JOB to score what a job left out.")
    if no_wait == (download is not None):
        raise UsageError("give either --download FOLDER, or --no-wait to leave the job alone once it has started.")
    if no_wait and (useless := "--key" if key is not None else "--allow-missing" if allow_missing else ""):
        raise UsageError(
            f"{useless} has no effect with --no-wait: files without a result are counted at the end of the job. "
            "Nothing was started. Give it to `jobs download` later."
        )
    key = job_arguments.key(key)
    if download is not None and resume is None:
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
    read = inputs.read(source, input_type) if source is not None else None
    target = options.by_names(subscription, resource_group, workspace, endpoint)
    target = target or options.Where(stack, outputs, endpoint, directory).target()
    if deployment is not None:
        deployment = target.revisions.get(deployment, deployment)
    outcome = Outcome(target.endpoint, deployment)
    try:
        with terminal.aside(is_aside=json):
            if resume is not None:
                found = _resumed(target, resume, leftover.Asked(read, deployment, job, key), download, outcome)
            else:
                assert read is not None  # noqa: S101 - required without --resume
                if job.output_path is not None:
                    require_new(options.workspace(target), job.output_path)
                found = run(target, Asked(read, deployment, job, key), download, outcome=outcome)
            missing.judge_job(target, outcome.job, found, folder=download, column=key, is_allowed=allow_missing)
    finally:
        if json and (outcome.job or outcome.files is not None):
            terminal.say_json(outcome.to_json())


def run(
    target: Target,
    asked: Asked,
    download: Path | None,
    *,
    fetch: Fetch | None = None,
    outcome: Outcome | None = None,
) -> Losses | None:
    """Run a job to its end, and say what came of it.

    Args:
        target: the endpoint.
        asked: the job.
        download: folder for the predictions; None: only start the job.
        fetch: puts the predictions into that folder; by default it has to be empty.
        outcome: is filled in as things happen.

    Returns:
        What it lost; None if the job was only started.

    Raises:
        ModelOpsError: it failed; InterruptedByUserError if Ctrl-C was pressed.
    """
    outcome = outcome or Outcome(target.endpoint, asked.deployment)
    workspace = options.workspace(target)
    key = missing.key(workspace, asked.key, asked.source, asked.whole)
    job = starting.begin(workspace, target, asked, outcome)
    show, logs, again = (options.jobs_command(target, what, job) for what in ("show", "logs", "download"))
    if download is None:
        terminal.say(f"Not waiting for it. To see how it goes: {show}")
        return None
    with starting.told(starting.goes_on(target, job)), terminal.progress() as progress:
        try:
            outcome.seconds = following.follow(workspace.ml, job, progress.show, logs)
        except following.EndedError as ended:
            outcome.state, outcome.reason = ended.state, ended.reason or None
            lost = losses.count(JobLogs(workspace.ml, job)) if ended.state == FAILED else None
            advice = out_of_time.advice(workspace, target.endpoint, job, lost)
            if not advice:
                raise
            raise ReleaseError(f"{ended}\n{advice}") from None
    outcome.completed, outcome.state = True, COMPLETED
    with starting.told(f"Job {job} is completed; to get its predictions: {again} --download NEW_FOLDER"):
        try:
            files = (fetch or predictions.download)(workspace.ml, job, download)
        except NoPredictionsError as error:
            found = missing.of_nothing(target, job, error)
            outcome.lost(found)
            return found
    outcome.predictions = [str(path) for path in files]
    terminal.say(f"completed in {outcome.seconds:.0f} s; predictions:")
    for path in files:
        terminal.say(f"  {path}")
    if first := predictions.first_rows(files):
        terminal.say(f"first rows of {first.file.name}:")
        terminal.show_rows(first.rows)
    perhaps = None if key else _own_key(workspace, target, asked)
    return missing.of_job(target, job, files, key, perhaps, outcome=outcome)


def _own_key(workspace: Workspace, target: Target, asked: Asked) -> missing.Key | None:
    return missing.own_key(workspace, target.endpoint, asked.deployment, asked.source, asked.whole)


def _resumed(target: Target, job: str, asked: leftover.Asked, download: Path | None, outcome: Outcome) -> Losses | None:
    """Run a job on what `job` left out; return what both lost, None if there was nothing to do."""
    with resuming.left(target, job, asked, download) as left:
        if isinstance(left, leftover.Nothing):
            outcome.predictions = [str(path) for path in left.predictions]
            outcome.lost(Losses(items=left.items, missing=0, names=()))
            for path in left.predictions:
                terminal.say(f"  {path}")
            return None
        outcome.deployment = left.deployment
        found = run(
            target,
            Asked(left.source, left.deployment, left.options, asked.key, left.whole),
            download,
            fetch=left.fetch,
            outcome=outcome,
        )
        if found is not None:
            found = left.joined(found, [Path(file) for file in outcome.predictions])
            outcome.lost(found)
        return found
