"""What the page reads of a job's files: images of the input, the beginnings of outputs, the ends of logs."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.logs import EXECUTION
from sandbox.azure.jobs.records import Run, RunRecords
from sandbox.azure.jobs.request import InputLocation
from sandbox.azure.machine_learning.assets.locations import place_of
from sandbox.azure.machine_learning.jobs.places import place_of_data
from sandbox.azure.world import World
from sandbox.page import images, predictions
from sandbox.page.images import Sample
from sandbox.page.predictions import Preview, Table

MOST_FILES: Final = 8
"""How many files of an output a page shows."""
_TAIL_BYTES: Final = 16 * 1024
_TAIL_LINES: Final = 40


class Log(NamedTuple):
    """The end of a log file: its path, and the last lines."""

    name: str
    text: str


def image(world: World, name: str, file: str) -> tuple[str, bytes] | None:
    """Return media type and bytes of an image of a job's input; None if it has none of this name that may be shown."""
    run = RunRecords(world.store).get(name)
    location = _input(world, run) if run else None
    if location is None:
        return None
    with contextlib.suppress(KeyError, OSError):
        path = world.blobs.path(location.account, location.container, _prefix(location) + file)
        if path.stat().st_size <= images.MOST_BYTES:
            content = path.read_bytes()
            kind = images.type_of(content)
            return (kind, content) if kind else None
    return None


def input_samples(world: World, run: Run, table: Table | None) -> Iterator[Sample]:
    """Yield the images of a job's input, with what a table of its output says of them."""
    location = _input(world, run)
    if location is None:
        return
    for each in images.samples(_names(world, location), table):
        with contextlib.suppress(KeyError, OSError):
            file = world.blobs.path(location.account, location.container, _prefix(location) + each.name)
            yield each._replace(is_small=images.has_few_pixels(file))


def output_files(world: World, workspace: Resource, run: Run) -> dict[str, Path]:
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


def previews(files: Mapping[str, Path]) -> Iterator[Preview]:
    """Yield the beginnings of the first files."""
    for name, file in list(files.items())[:MOST_FILES]:
        with contextlib.suppress(OSError):  # deleted meanwhile
            yield predictions.preview(name, file)


def logs(world: World, run: Run, steps: Sequence[Run]) -> Iterator[Log]:
    """Yield the ends of the logs that say how the job went: of the entry script's errors first, if it failed."""
    places: dict[str, tuple[str, str, str]] = {}
    for each in steps:
        places |= {path: place for path, place in each.logs.items() if path.startswith("logs/job_error.")}
    places |= {path: place for path, place in run.logs.items() if path == EXECUTION}
    for path, (account, container, blob) in places.items():
        with contextlib.suppress(KeyError, OSError):
            yield Log(path, _tail(world.blobs.path(account, container, blob)))


def _input(world: World, run: Run) -> InputLocation | None:
    """Return the folder of a scoring job's input; None if it has none, or it is gone."""
    workspace = world.store.get(run.workspace_id)
    given = next(iter((run.job.get("inputData") or {}).values()), None)
    if workspace is None or not isinstance(given, dict) or not given.get("uri"):
        return None
    kind = "file" if str(given.get("jobInputType", "")).lower() == "urifile" else "folder"
    with contextlib.suppress(ArmError):
        return place_of_data(world, workspace, str(given["uri"]), "file" if kind == "file" else "folder")
    return None


def _prefix(location: InputLocation) -> str:
    return location.path if location.kind == "folder" else location.path.rpartition("/")[0] + "/"


def _names(world: World, location: InputLocation) -> list[str]:
    """Return the paths of an input's files, below its folder."""
    prefix = _prefix(location)
    names = world.blobs.list(location.account, location.container, location.path)
    return [each.removeprefix(prefix) for each in names]


def _tail(file: Path) -> str:
    with file.open("rb") as opened:
        size = opened.seek(0, 2)
        opened.seek(max(0, size - _TAIL_BYTES))
        text = opened.read().decode("utf-8", errors="replace")
    found = text.splitlines()
    return "\n".join(found[-_TAIL_LINES:])
