"""What the page says of jobs: a line for each, and all about one."""

import contextlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.logs import EXECUTION
from sandbox.azure.jobs.records import TERMINAL, Run, RunRecords
from sandbox.azure.jobs.request import InputLocation
from sandbox.azure.machine_learning.assets.locations import place_of
from sandbox.azure.machine_learning.jobs.places import place_of_data
from sandbox.azure.named import short
from sandbox.azure.world import World
from sandbox.page import images, predictions
from sandbox.page.images import Sample
from sandbox.page.predictions import Preview

_FILES: Final = 8
"""How many files of an output a page shows."""
_TAIL_BYTES: Final = 16 * 1024
_TAIL_LINES: Final = 40
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


class Log(NamedTuple):
    """The end of a log file: its path, and the last lines."""

    name: str
    text: str


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
    files = _output(world, workspace, run) if workspace else {}
    previews = tuple(_previews(files))
    location = input_of(world, run)
    table = next((each.table for each in previews if each.table), None)
    return Job(
        line(run, steps),
        workspace.name if workspace else "",
        (run.error or {}).get("message", ""),
        tuple(_step(step) for step in steps) if _is_pipeline(run) else (),
        tuple((each, str(about.get("uri") or "")) for each, about in (run.job.get("inputData") or {}).items()),
        tuple(run.outputs.items()),
        previews,
        max(0, len(files) - _FILES),
        tuple(_samples(world, location, images.samples(_names(world, location), table))) if location else (),
        tuple(_logs(world, run, steps)),
    )


def _step(run: Run) -> Line:
    """Return what a list says of a step: its name in the pipeline."""
    return line(run, ())._replace(title=run.display_name or short(run.run_id))


def input_of(world: World, run: Run) -> InputLocation | None:
    """Return the folder of a scoring job's input; None if it has none, or it is gone."""
    workspace = world.store.get(run.workspace_id)
    given = next(iter((run.job.get("inputData") or {}).values()), None)
    if workspace is None or not isinstance(given, dict) or not given.get("uri"):
        return None
    kind = "file" if str(given.get("jobInputType", "")).lower() == "urifile" else "folder"
    with contextlib.suppress(ArmError):
        return place_of_data(world, workspace, str(given["uri"]), "file" if kind == "file" else "folder")
    return None


def image(world: World, name: str, file: str) -> tuple[str, bytes] | None:
    """Return media type and bytes of an image of a job's input; None if it has none of this name that may be shown."""
    run = RunRecords(world.store).get(name)
    location = input_of(world, run) if run else None
    if location is None:
        return None
    with contextlib.suppress(KeyError, OSError):
        path = world.blobs.path(location.account, location.container, _prefix(location) + file)
        if path.stat().st_size <= images.MOST_BYTES:
            content = path.read_bytes()
            kind = images.type_of(content)
            return (kind, content) if kind else None
    return None


def _prefix(location: InputLocation) -> str:
    return location.path if location.kind == "folder" else location.path.rpartition("/")[0] + "/"


def _names(world: World, location: InputLocation) -> list[str]:
    """Return the paths of an input's files, below its folder."""
    prefix = _prefix(location)
    names = world.blobs.list(location.account, location.container, location.path)
    return [each.removeprefix(prefix) for each in names]


def _samples(world: World, location: InputLocation, found: Sequence[Sample]) -> Iterator[Sample]:
    for each in found:
        with contextlib.suppress(KeyError, OSError):
            file = world.blobs.path(location.account, location.container, _prefix(location) + each.name)
            yield each._replace(is_small=images.has_few_pixels(file))


def _output(world: World, workspace: Resource, run: Run) -> dict[str, Path]:
    """Return the files of a job's outputs, by name."""
    found: dict[str, Path] = {}
    for output, uri in run.outputs.items():
        with contextlib.suppress(ArmError):
            place = place_of(world, workspace, uri)
            prefix = place.prefix
            for name, file in world.blobs.files(place.account, place.container, prefix):
                label = name.removeprefix(prefix)
                found[label if len(run.outputs) == 1 else f"{output}/{label}"] = Path(file)
    return found


def _previews(files: Mapping[str, Path]) -> Iterator[Preview]:
    for name, file in list(files.items())[:_FILES]:
        with contextlib.suppress(OSError):  # deleted meanwhile
            yield predictions.preview(name, file)


def _logs(world: World, run: Run, steps: Sequence[Run]) -> Iterator[Log]:
    """Yield the ends of the logs that say how the job went: of the entry script's errors first, if it failed."""
    places: dict[str, tuple[str, str, str]] = {}
    for each in steps:
        places |= {path: place for path, place in each.logs.items() if path.startswith("logs/job_error.")}
    places |= {path: place for path, place in run.logs.items() if path == EXECUTION}
    for path, (account, container, blob) in places.items():
        with contextlib.suppress(KeyError, OSError):
            yield Log(path, _tail(world.blobs.path(account, container, blob)))


def _tail(file: Path) -> str:
    with file.open("rb") as opened:
        size = opened.seek(0, 2)
        opened.seek(max(0, size - _TAIL_BYTES))
        text = opened.read().decode("utf-8", errors="replace")
    found = text.splitlines()
    return "\n".join(found[-_TAIL_LINES:])


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
