"""The history of an endpoint's releases: one small JSON file for each, beside the models in the workspace's datastore.

Files are only added, so that no release can lose the entry of another. They are where the next deployer finds them, on
whatever machine.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from modelops import azure
from modelops.release import uploads
from modelops.workspace import Workspace

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

RELEASED: Final = "released"
FAILED: Final = "failed"
ROLLED_BACK: Final = "rolled back"

_SCHEMA: Final = 1
_SAMPLES: Final = "release-samples"
"""Not below the entries' folder: all files there are entries."""
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_NAME: Final = "%Y-%m-%dT%H-%M-%S.%fZ"


@dataclass(frozen=True, slots=True)
class Entry:
    """One release, or one rollback."""

    endpoint: str
    """Physical name."""
    outcome: str
    """`released`, `failed` or `rolled back`."""
    at: str
    """When it ended: UTC, ISO-8601, in whole seconds."""
    who: str = ""
    """A user's name, or the client id of an application."""
    default: str | None = None
    """The default afterwards; None if it has none."""
    previous_default: str | None = None
    """The default that was found."""
    set_at: str = ""
    """When the default was set, as the endpoint's tags have it: by this very release or by an earlier one."""
    commit: str = ""
    clean: bool | None = None
    run_url: str = ""
    """These three: see `modelops.about.About`."""
    seconds: float = 0.0
    steps: Mapping[str, float] = field(default_factory=dict)
    """Seconds of each step that it came to."""
    timeline: tuple[Mapping[str, Any], ...] = ()
    """The steps, with what each is about, its beginning and its seconds: see `Timeline.spans`."""
    failed_at: str | None = None
    """The step that failed."""
    error: str | None = None
    """First line of the error's text, without secrets of addresses."""
    details: tuple[str, ...] = ()
    """The lines below it: the script's traceback, what serves now, the command that shows the job's logs."""
    done: tuple[str, ...] = ()
    """What was sent, for people, in order."""
    tried: tuple[Mapping[str, Any], ...] = ()
    """Figures of the try-outs that passed: revision, job, rows, seconds, differences."""
    compared: tuple[Mapping[str, Any], ...] = ()
    """Figures of candidates that were compared with what serves, also of refused ones: see `Differences.figures`."""
    samples: str = ""
    """The file beside this one that has samples of their inputs and predictions; empty: none were kept."""
    revisions: Mapping[str, str] = field(default_factory=dict)
    """The plan's revisions, by their deployments' names in the stack file."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of their models, as far as these are files."""
    before: Mapping[str, str] = field(default_factory=dict)
    """The revisions that it found, by deployment: the default, and of the others those of `released`."""
    released: Mapping[str, str] = field(default_factory=dict)
    """The last release's revisions, by deployment: `why` compares with them. A rollback may have left them since."""
    why: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What changed of them since the last release, e.g. `miniBatchSize 10 -> 20`; without those that did not change."""
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read an entry; members that this version does not know are left out."""
        names = {_json_name(each.name): each.name for each in fields(cls)}
        known: dict[str, Any] = {names[key]: value for key, value in data.items() if key in names}
        lists = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
        return cls(**{**known, **lists})

    def to_json(self) -> dict[str, Any]:
        """Return the entry as its file has it."""
        return {_json_name(each.name): getattr(self, each.name) for each in fields(self)}


def now() -> str:
    """Return the time as an entry has it."""
    return datetime.now(UTC).strftime(_TIME)


def write(workspace: Workspace, entry: Entry, sampled: Sequence[Mapping[str, Any]] = ()) -> None:
    """Add an entry, after a file with its samples if there are some.

    Raises:
        ReleaseError: the storage refused it, or cannot be reached.
    """
    # The time first, because a container lists its files by name; then digits, as two releases may end at one moment.
    name = f"{datetime.now(UTC):{_NAME}}-{uuid.uuid4().hex[:8]}.json"
    with azure.step("writing the history"), uploads.container(workspace) as client:
        if sampled:
            entry = replace(entry, samples=f"{_SAMPLES}/{entry.endpoint}/{name}")
            _add(client, entry.samples, {"candidates": list(sampled)})
        _add(client, f"{_folder(entry.endpoint)}{name}", entry.to_json())


def _add(client: "ContainerClient", name: str, content: Mapping[str, Any]) -> None:
    from azure.core.exceptions import ResourceExistsError  # noqa: PLC0415

    text = json.dumps({"schemaVersion": _SCHEMA, **content}, indent=2)
    # The container refuses the second copy of a file that is sent again because the first one's answer was lost.
    with suppress(ResourceExistsError):
        client.upload_blob(name, text.encode(), overwrite=False)


def entries(workspace: Workspace, endpoint: str, most: int) -> list[Entry]:
    """Return the last entries of an endpoint, the newest first.

    Args:
        workspace: of the endpoint.
        endpoint: physical name.
        most: how many.

    Raises:
        ReleaseError: the storage refused to read them, or cannot be reached.
    """
    with azure.step(f"reading the history of {endpoint}"), uploads.container(workspace) as client:
        names = sorted(client.list_blob_names(name_starts_with=_folder(endpoint)))
        last = names[: -most - 1 : -1]
        return [Entry.from_json(json.loads(client.download_blob(each).readall())) for each in last]


def samples(workspace: Workspace, entry: Entry) -> list[Mapping[str, Any]]:
    """Return the samples of an entry, by candidate: `revision`, `with`, `samples`; none if somebody deleted them.

    Raises:
        ReleaseError: the storage refused to read them, or cannot be reached.
    """
    from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415

    if not entry.samples:
        return []
    with azure.step(f"reading {entry.samples}"), uploads.container(workspace) as client:
        try:
            found = json.loads(client.download_blob(entry.samples).readall())
        except ResourceNotFoundError:
            return []
    return list(found["candidates"])


def _folder(endpoint: str) -> str:
    return f"releases/{endpoint}/"


def _json_name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)
