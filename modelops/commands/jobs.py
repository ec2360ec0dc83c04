"""`jobs`: an endpoint's scoring jobs, and what came of one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from modelops.commands import downloading, job_arguments, options, targets, terminal
from modelops.errors import ReleaseError, UsageError
from modelops.rehearsal import in_studio
from modelops.scoring import failures, job_files, jobs, losses, out_of_time, progress
from modelops.scoring.job_logs import JobLogs

SCHEMA_VERSION: Final = 1
"""Version of the --json outputs: docs/schemas/jobs-list.json, docs/schemas/jobs-show.json."""

app: Final = typer.Typer(help="List, show and cancel scoring jobs, and get their logs and predictions.")
app.command("download")(downloading.download)


@app.command("list")
def list_(
    *,
    most: Annotated[int, typer.Option("--most", metavar="N", min=1, help="How many of each endpoint.")] = 10,
    failed_since: job_arguments.FailedSince = None,
    json: options.Json = False,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.EndpointOrAll = None,
    directory: options.Directory = Path(),
    subscription: options.Subscription = None,
    resource_group: options.ResourceGroup = None,
    workspace: options.WorkspaceName = None,
) -> None:
    """List the last jobs of the endpoints, the newest first."""
    place = options.Place(stack, outputs, endpoint, directory, subscription, resource_group, workspace)
    if failed_since is not None:
        _list_failed(place, job_arguments.moment(failed_since, datetime.now(UTC)), is_json=json)
        return
    found = [job for each in place.endpoints() for job in jobs.listed(options.workspace(each), each.endpoint, most)]
    if json:
        terminal.say_json({"schemaVersion": SCHEMA_VERSION, "jobs": [_document(job) for job in found]})
        return
    rows = [(job.name, job.state, job.deployment or "", _moment(job.created), job.author or "") for job in found]
    terminal.show_table(("job", "state", "deployment", "started", "by"), rows)
    if not found:
        terminal.say("No jobs.")


def _list_failed(place: options.Place, since: datetime, *, is_json: bool) -> None:
    """List the jobs that have failed since a moment, and exit with 1 if there are any."""
    targets = place.endpoints()
    found = [(each, job) for each in targets for job in jobs.failed(options.workspace(each), each.endpoint, since)]
    if is_json:
        documents = [{**_document(job), "ended": job.ended} for _, job in found]
        terminal.say_json({"schemaVersion": SCHEMA_VERSION, "failedSince": since.isoformat(), "jobs": documents})
    else:
        rows = [(job.name, job.state, job.endpoint or "", job.deployment or "", _moment(job.ended)) for _, job in found]
        terminal.show_table(("job", "state", "endpoint", "deployment", "ended"), rows)
        if not found:
            terminal.say(f"No failed jobs since {_moment(since.isoformat())}.")
        for target, job in found[:1]:
            terminal.say(f"To see why: {options.jobs_command(target, 'show', job.name)}")
    if found:
        raise typer.Exit(1)


@app.command()
def show(
    name: job_arguments.Name,
    *,
    json: options.Json = False,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.EndpointOrAll = None,
    directory: options.Directory = Path(),
    subscription: options.Subscription = None,
    resource_group: options.ResourceGroup = None,
    workspace: options.WorkspaceName = None,
) -> None:
    """Show a job: its state, times and counts, and why it failed."""
    where = options.Place(stack, outputs, endpoint, directory, subscription, resource_group, workspace)
    target, job = where.job(name)
    logs = JobLogs(options.workspace(target).ml, name)
    began, ended = logs.times()
    why = failures.reason(logs) if job.state == jobs.FAILED else ""
    if json:
        times = {"started": began and began.isoformat(), "ended": ended and ended.isoformat()}
        more = {**times, "counts": logs.metrics(), "reason": why or None}
        terminal.say_json({"schemaVersion": SCHEMA_VERSION, **_document(job), **more})
        return
    seconds = f", {progress.duration((ended - began).total_seconds())}" if began and ended else ""
    counts = progress.read(logs)
    lines = {
        "job": job.name,
        "state": job.state + seconds,
        "endpoint": job.endpoint,
        "deployment": job.deployment,
        "created": _moment(job.created) + (f" by {job.author}" if job.author else ""),
        "name": job.display_name,
        "description": job.description,
        "experiment": job.experiment,
        "tags": ", ".join(f"{key}={value}" for key, value in (job.tags or {}).items()),
        "items": str(counts) if counts else "",
        "reason": why,
        "advice": _advice(target, job, logs),
        "studio": in_studio(job.studio or ""),
    }
    for label, text in lines.items():
        if text:
            terminal.say(f"{label:<11} {text}")


@app.command()
def logs(
    name: job_arguments.Name,
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="Print the files with this in their name.", show_default=False),
    ] = None,
    *,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.EndpointOrAll = None,
    directory: options.Directory = Path(),
    subscription: options.Subscription = None,
    resource_group: options.ResourceGroup = None,
    workspace: options.WorkspaceName = None,
) -> None:
    """List a job's log files with the script's last error, or print some of them."""
    where = options.Place(stack, outputs, endpoint, directory, subscription, resource_group, workspace)
    target, job = where.job(name)
    place = options.workspace(target)
    files = job_files.of(place.ml, name)
    chosen = [each for each in files if file is None or file in each]
    if not chosen:
        what = f"no log file with {file!r} in its name" if file else "no log files yet"
        raise UsageError(f"job {name} has {what}. It has {len(files)}: {', '.join(files) or 'none'}.")
    if file is not None:
        if failed := _print(chosen, files):
            all_of_them = f"Job {name} has {len(files)}: {', '.join(files)}."
            to_print = f"To print another: {options.jobs_command(target, 'logs', name)} FILE"
            raise ReleaseError("\n".join([*failed, all_of_them, to_print]))
        return
    for each in chosen:
        terminal.say(each)
    of_step = JobLogs(place.ml, name)
    if trace := failures.last_trace(of_step):
        terminal.say("\nThe script's last error:")
        terminal.say(trace.rstrip("\n"))
    if advice := _advice(target, job, of_step):
        terminal.say(f"\n{advice}")
    terminal.say(f"\nTo print one: {options.jobs_command(target, 'logs', name)} FILE")


@app.command()
def cancel(
    name: job_arguments.Name,
    *,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.EndpointOrAll = None,
    directory: options.Directory = Path(),
    subscription: options.Subscription = None,
    resource_group: options.ResourceGroup = None,
    workspace: options.WorkspaceName = None,
) -> None:
    """Cancel a job and wait until it has stopped."""
    where = options.Place(stack, outputs, endpoint, directory, subscription, resource_group, workspace)
    target, job = where.job(name)
    terminal.say(f"job {name}: {jobs.cancel(options.workspace(target), job)}")


def _advice(target: targets.Target, job: jobs.Job, logs: JobLogs) -> str:
    """Return what to do about a job that ran out of time; "" of another."""
    if job.state not in {jobs.COMPLETED, jobs.FAILED} or job.endpoint is None:
        return ""
    return out_of_time.advice(options.workspace(target), job.endpoint, job.name, losses.count(logs))


def _print(names: Sequence[str], files: Mapping[str, JobLogs]) -> list[str]:
    """Print log files, and return a sentence about each that cannot be read."""
    failed = []
    for each in names:
        try:
            text = files[each].read(each)
        except ReleaseError as error:
            failed.append(str(error))
            continue
        if names[1:]:
            terminal.say(f"== {each}")
        terminal.say(text.rstrip("\n"))
    return failed


def _document(job: jobs.Job) -> dict[str, Any]:
    document = asdict(job)
    del document["ended"]
    display_name = document.pop("display_name")
    return {**document, "displayName": display_name, "tags": dict(job.tags or {})}


def _moment(created: str | None) -> str:
    """Return a time as people read it, in UTC."""
    return f"{datetime.fromisoformat(created).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if created else ""
