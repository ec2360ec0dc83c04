"""What the first page shows: each workspace with its endpoints, jobs, models and clusters, then all other resources."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any, Final, NamedTuple

from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.store import Resource
from sandbox.azure.arm.types import WORKSPACE
from sandbox.azure.authorization.evaluation import ASSIGNMENT
from sandbox.azure.jobs.records import RunRecords
from sandbox.azure.named import CLUSTERS, DEPLOYMENTS, ENDPOINTS, Names, Role, noun, order, short, title
from sandbox.azure.world import World
from sandbox.page import jobs
from sandbox.page.jobs import Line

JOBS: Final = 15
"""How many jobs of a workspace the page shows at first; ``?jobs=all`` shows every one."""
_MODELS: Final = f"{WORKSPACE}/models/versions"
_STATES: Final = {"Succeeded": "good", "Failed": "bad", "Canceled": "fair"}
_UPLOAD: Final = re.compile(r"/LocalUpload/([0-9a-f]{32,64})/", re.IGNORECASE)
"""Where azure-ai-ml puts files: below a digest of their content."""
_FOLDERS: Final = tuple(f"{WORKSPACE}/{kind}" for kind in ("models", "environments", "codes", "components", "data"))
_SHOWN_ABOVE: Final = frozenset({ENDPOINTS, DEPLOYMENTS, CLUSTERS, _MODELS, ASSIGNMENT, *_FOLDERS})


class Revision(NamedTuple):
    """A deployment of an endpoint: ``model`` as NAME:VERSION, ``state`` Azure's, ``created`` ISO 8601."""

    name: str
    model: str
    state: str
    style: str
    created: str
    cluster: str
    is_default: bool
    was_default: bool


class Endpoint(NamedTuple):
    """An endpoint with its deployments, newest first; ``before`` was the default until ``since``, as far as known."""

    name: str
    description: str
    state: str
    style: str
    default: str
    before: str
    since: str
    tags: tuple[tuple[str, str], ...]
    revisions: tuple[Revision, ...]


class Model(NamedTuple):
    """A version of a registered model: ``digest`` of its files, if known, and the deployments that use it."""

    name: str
    type: str
    digest: str
    created: str
    used_by: tuple[str, ...]


class Cluster(NamedTuple):
    """A cluster: its nodes that are busy now, and how many it has at least and at most."""

    name: str
    size: str
    priority: str
    busy: int
    least: int
    most: int


class Workspace(NamedTuple):
    """A workspace: ``all_jobs`` is how many there are, ``running`` how many run, ``jobs`` the newest."""

    name: str
    group: str
    region: str
    endpoints: tuple[Endpoint, ...]
    jobs: tuple[Line, ...]
    all_jobs: int
    running: int
    models: tuple[Model, ...]
    clusters: tuple[Cluster, ...]


class Overview(NamedTuple):
    """The page; ``is_live``: something is running, so that the page changes soon."""

    workspaces: tuple[Workspace, ...]
    others: tuple[tuple[str, tuple[str, ...]], ...]
    roles: tuple[Role, ...]
    is_live: bool


def overview(world: World, names: Callable[[list[Resource]], Names], *, all_jobs: bool) -> Overview:
    """Return what the page shows.

    Args:
        world: where it is read from.
        names: names for the resources that exist.
        all_jobs: every job of each workspace.
    """
    alive = world.store.below("")
    below: defaultdict[str, list[Resource]] = defaultdict(list)
    for each in alive:
        below[_workspace_of(each)].append(each)
    found = tuple(
        _workspace(world, each, below[each.id.lower()], all_jobs=all_jobs) for each in alive if each.type == WORKSPACE
    )
    moving = any(_state(each)[1] == "active" for each in alive if each.type in (ENDPOINTS, DEPLOYMENTS))
    running = any(line.is_running for each in found for line in each.jobs)
    return Overview(found, _others(alive), tuple(names(alive).roles()), moving or running)


def _workspace_of(resource: Resource) -> str:
    """Return the id of the workspace that a resource is in, in lower case; empty for others."""
    head, word, rest = resource.id.lower().partition(f"/{WORKSPACE.lower()}/")
    return f"{head}{word}{rest.partition('/')[0]}" if word else ""


def _workspace(world: World, resource: Resource, below: list[Resource], *, all_jobs: bool) -> Workspace:
    by_type = {type_: [each for each in below if each.type == type_] for type_ in _SHOWN_ABOVE}
    lines = jobs.lines(RunRecords(world.store), resource)
    shown = lines if all_jobs else [*lines[:JOBS], *(each for each in lines[JOBS:] if each.is_running)]
    return Workspace(
        resource.name,
        ArmId.parse(resource.id).group,
        str(resource.body.get("location", "")),
        tuple(_endpoint(each, by_type[DEPLOYMENTS]) for each in by_type[ENDPOINTS]),
        tuple(shown),
        len(lines),
        sum(each.is_running for each in lines),
        tuple(_model(each, by_type[DEPLOYMENTS]) for each in reversed(by_type[_MODELS])),
        tuple(_cluster(world, each) for each in by_type[CLUSTERS]),
    )


def _endpoint(resource: Resource, deployments: list[Resource]) -> Endpoint:
    its = _properties(resource)
    default = str((its.get("defaults") or {}).get("deploymentName") or "")
    before = str(resource.private.get("defaultBefore") or "")
    own = [each for each in deployments if each.id.lower().startswith(f"{resource.id.lower()}/")]
    state, style = _state(resource)
    return Endpoint(
        resource.name,
        str(its.get("description") or ""),
        state,
        style,
        default,
        before if before.lower() != default.lower() else "",
        str(resource.private.get("defaultSince") or ""),
        tuple((name, short(str(value))) for name, value in (resource.body.get("tags") or {}).items()),
        tuple(_revision(each, default, before) for each in reversed(own)),
    )


def _revision(resource: Resource, default: str, before: str) -> Revision:
    its = _properties(resource)
    is_default = resource.name.lower() == default.lower()
    was_default = resource.name.lower() == before.lower() and not is_default
    asset, cluster = str((its.get("model") or {}).get("assetId") or ""), str(its.get("compute") or "")
    return Revision(
        resource.name, _versioned(asset), *_state(resource), _created(resource), _last(cluster), is_default, was_default
    )


def _model(resource: Resource, deployments: list[Resource]) -> Model:
    its = _properties(resource)
    own: Mapping[str, Any] = its.get("properties") or {}
    uploaded = _UPLOAD.search(str(its.get("modelUri") or ""))
    # A program that records a digest knows best; else the one that azure-ai-ml uploads below.
    digest = next((str(value) for name, value in own.items() if "digest" in name.lower()), "")
    users = tuple(
        title(each)
        for each in deployments
        if str((_properties(each).get("model") or {}).get("assetId", "")).lower() == resource.id.lower()
    )
    return Model(
        title(resource),
        str(its.get("modelType") or ""),
        digest or (uploaded[1] if uploaded else ""),
        _created(resource),
        users,
    )


def _cluster(world: World, resource: Resource) -> Cluster:
    its = _properties(resource).get("properties") or {}
    scale = its.get("scaleSettings") or {}
    return Cluster(
        resource.name,
        str(its.get("vmSize") or ""),
        str(its.get("vmPriority") or ""),
        world.jobs.busy_nodes(resource.id),
        int(scale.get("minNodeCount") or 0),
        int(scale.get("maxNodeCount") or 0),
    )


def _others(alive: list[Resource]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the names of all other resources, by kind."""
    rest = sorted(
        (each for each in alive if each.type not in _SHOWN_ABOVE), key=lambda each: (order(each.type), each.type)
    )
    return tuple(
        (noun(type_), tuple(title(each) for each in found))
        for type_, found in groupby(rest, key=lambda each: each.type)
    )


def _properties(resource: Resource) -> dict[str, Any]:
    return resource.body.get("properties") or {}


def _state(resource: Resource) -> tuple[str, str]:
    """Return a resource's state, and the class of its style."""
    state = str(_properties(resource).get("provisioningState") or "Succeeded")
    return state, _STATES.get(state, "active")


def _created(resource: Resource) -> str:
    return str((resource.body.get("systemData") or {}).get("createdAt") or "")


def _last(resource_id: str) -> str:
    return short(ArmId.parse(resource_id).name)


def _versioned(asset: str) -> str:
    """Return NAME:VERSION of an asset's id."""
    names = ArmId.parse(asset).names
    return f"{short(names[-2])}:{short(names[-1])}" if len(names) > 1 else short(asset)
