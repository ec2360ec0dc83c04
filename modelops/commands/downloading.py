"""`jobs download`: the predictions of a completed job, and what it lost."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from modelops.commands import job_arguments, missing, options, terminal
from modelops.commands.missing import Key
from modelops.commands.targets import Target
from modelops.errors import ModelOpsError, NoPredictionsError, ReleaseError, UsageError
from modelops.scoring import job_files, jobs, predictions, resume
from modelops.scoring.losses import Losses
from modelops.workspace import Workspace


def download(
    name: job_arguments.Name,
    *,
    folder: Annotated[Path, typer.Option("--download", metavar="FOLDER", help="New folder for the files.")],
    with_logs: Annotated[bool, typer.Option("--logs", help="Also the log files, of a job in any state.")] = False,
    key: job_arguments.Key = None,
    allow_missing: job_arguments.AllowMissing = False,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.EndpointOrAll = None,
    directory: options.Directory = Path(),
    subscription: options.Subscription = None,
    resource_group: options.ResourceGroup = None,
    workspace: options.WorkspaceName = None,
) -> None:
    """Download a job's predictions, and count the files of its input without a result."""
    where = options.Place(stack, outputs, endpoint, directory, subscription, resource_group, workspace)
    key = job_arguments.key(key)
    predictions.require_empty(folder)
    here, job = where.job(name)
    place = options.workspace(here)
    logs = f"Its logs: {options.jobs_command(here, 'logs', name)}"
    if job.state != jobs.COMPLETED:
        if not with_logs:
            raise UsageError(
                f"job {name} is in state {job.state}, and only a completed one has predictions. "
                f"To see its state: {options.jobs_command(here, 'show', name)}"
            )
        _save_logs(place, name, folder, logs)
        return
    target = where.target(job.endpoint)
    by = _key(place, target, name, key) if key is not None else None
    files: tuple[Path, ...] = ()
    found: Losses | None = None
    # The predictions first, because their folder must be empty; without any, the logs are wanted most.
    try:
        files = predictions.download(place.ml, name, folder)
    except NoPredictionsError as error:
        if not with_logs:
            found = missing.of_nothing(here, name, error)
    for each in files:
        terminal.say(str(each))
    if with_logs:
        _save_logs(place, name, folder, logs)
    if files:
        perhaps = None if by else _own_key(place, target, name)
        found = missing.of_job(target, name, files, by, perhaps)
    missing.judge_job(target, name, found, folder=folder, column=key, is_allowed=allow_missing)


def _save_logs(place: Workspace, job: str, folder: Path, logs: str) -> None:
    saved = job_files.save(place.ml, job, folder)
    for each in saved.files:
        terminal.say(str(each))
    if saved.failed:
        raise ReleaseError("\n".join([*saved.failed, logs]))


def _key(place: Workspace, target: Target, job: str, column: str) -> Key | None:
    """Return the key of a job's own input.

    Raises:
        UsageError: the service does not say what the job scored, or its files cannot be listed.
        ReleaseError: the service or the storage refused it.
    """
    past = resume.read(place, target.endpoint, job)
    if past.source is None:
        raise UsageError(
            f"--key {column}: the service does not say what job {job} scored. Without --key its files are counted by "
            "mini-batches."
        )
    return missing.key(place, column, past.source)


def _own_key(place: Workspace, target: Target, job: str) -> Key | None:
    with suppress(ModelOpsError):
        past = resume.read(place, target.endpoint, job)
        if past.source is not None:
            return missing.own_key(place, target.endpoint, past.deployment, past.source)
    return None
