"""What the page says of jobs: a line for each, and all about one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.records import TERMINAL, Run, RunRecords
from sandbox.azure.named import short
from sandbox.azure.world import World
from sandbox.page import files
from sandbox.page.files import Log
from sandbox.page.images import Sample
from sandbox.page.predictions import Preview

_STATES: Final = {"Completed": "good", "Failed": "bad", "NotResponding": "bad", "Canceled": "fair"}
"""Classes of the style."""


class Progress(NamedTuple):
    """How many of all parts are done: mini-batches, or the steps of a pipeline."""

    done: int
    of: int
    unit: str


class Line(NamedTuple):
    """A job in a list.

    Attributes:
        name: of its run.
        title: the same, short.
        endpoint: name; empty for a job without one.
        deployment: name; empty likewise.
        state: Azure's.
        style: class of the state.
        is_running: whether it has not ended.
        progress: None: nothing is known yet.
        began: ISO 8601; when it was accepted.
        took: in words; so far, if it has not ended.
        error: the message of its error; without the part that is the same for every job.
    """

    name: str
    title: str
    endpoint: str
    deployment: str
    state: str
    style: str
    is_running: bool
    progress: Progress | None
    began: str
    took: str
    error: str


class Job(NamedTuple):
    """All about a job: its line, steps (of a pipeline), addresses, and what is read of its files."""

    line: Line
    workspace: str
    error: str
    steps: tuple[Line, ...]
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    previews: tuple[Preview, ...]
    more_files: int
    samples: tuple[Sample, ...]
    logs: tuple[Log, ...]


def lines(records: RunRecords, workspace: Resource) -> list[Line]:
    """Return the jobs of a workspace, newest first."""
    steps: defaultdict[str, list[Run]] = defaultdict(list)
    jobs = []
    for run in records.of_workspace(workspace.id):
        if run.workspace_guid != (workspace.body.get("properties") or {}).get("workspaceId", ""):
            continue  # of a workspace of the same name, which was deleted
        if run.parent_run_id is None:
            jobs.append(run)
        else:
            steps[run.parent_run_id.lower()].append(run)
    return [line(run, steps[run.run_id.lower()]) for run in reversed(jobs)]


def line(run: Run, steps: Sequence[Run]) -> Line:
    """Return what a list says of a run."""
    return Line(
        run.run_id,
        short(run.run_id),
        run.endpoint,
        run.deployment,
        run.status,
        _STATES.get(run.status, "active"),
        run.status not in TERMINAL,
        _progress(run, steps),
        run.created_utc,
        _took(run),
        _reason((run.error or {}).get("message", "")),
    )


def job(world: World, name: str) -> Job | None:
    """Return all about a job; None if there is no such job."""
    records = RunRecords(world.store)
    run = records.get(name)
    if run is None or run.parent_run_id is not None:
        return None
    steps = records.children(run.run_id)
    workspace = world.store.get(run.workspace_id)
    found = files.output_files(world, workspace, run) if workspace else {}
    previews = tuple(files.previews(found))
    table = next((each.table for each in previews if each.table), None)
    return Job(
        line(run, steps),
        workspace.name if workspace else "",
        (run.error or {}).get("message", ""),
        tuple(_step(step) for step in steps) if _is_pipeline(run) else (),
        tuple((each, str(about.get("uri") or "")) for each, about in (run.job.get("inputData") or {}).items()),
        tuple(run.outputs.items()),
        previews,
        max(0, len(found) - files.MOST_FILES),
        tuple(files.input_samples(world, run, table)),
        tuple(files.logs(world, run, steps)),
    )


def _step(run: Run) -> Line:
    """Return what a list says of a step: its name in the pipeline."""
    return line(run, ())._replace(title=run.display_name or short(run.run_id))


def _reason(message: str) -> str:
    """Return why a job failed: the service's message first says that its process ended (`exit_42`)."""
    return message.partition(" Error: ")[2] or message


def _is_pipeline(run: Run) -> bool:
    return "azureml.parameters" not in run.properties


def _progress(run: Run, steps: Sequence[Run]) -> Progress | None:
    metrics: Mapping[str, Any] = steps[0].metrics if len(steps) == 1 else {}
    if of := int(metrics.get("Total MiniBatches") or 0):
        return Progress(int(metrics.get("Processed MiniBatches") or 0), of, "mini-batches")
    if _is_pipeline(run) and steps:
        return Progress(sum(each.status in TERMINAL for each in steps), len(steps), "steps")
    return None


def _took(run: Run) -> str:
    """Return how long a run took, or has taken so far."""
    began = datetime.fromisoformat(run.start_time_utc or run.created_utc)
    ended = datetime.fromisoformat(run.end_time_utc) if run.end_time_utc else datetime.now(UTC)
    return told((ended - began).total_seconds())


def told(seconds: float) -> str:
    """Return a duration in words."""
    if seconds < 10:  # noqa: PLR2004
        return f"{max(seconds, 0):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
