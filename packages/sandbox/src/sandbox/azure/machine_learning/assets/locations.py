"""Resolves the many forms of data URIs to an account, a container and a path in blob storage."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from sandbox.azure.arm.errors import bad_request, not_modelled
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.logs import artifact_blob
from sandbox.azure.jobs.records import RunRecords
from sandbox.azure.machine_learning.scope import DATASTORES, NAMESPACE
from sandbox.azure.world import World

DEFAULT_DATASTORE = "workspaceblobstore"
ARTIFACT_DATASTORE = "workspaceartifactstore"
"""The datastores that every workspace has: of uploads and outputs, and of what runs log."""
_BLOB_HOST = re.compile(r"(?P<account>[a-z0-9]{3,24})\.blob\.core\.windows\.net", re.IGNORECASE)
_SCHEMES = {"wasb": "blob", "wasbs": "blob", "abfs": "dfs", "abfss": "dfs"}
"""Other schemes for the same files (https://learn.microsoft.com/azure/machine-learning/how-to-read-write-data-v2):
``wasbs://CONTAINER@ACCOUNT.blob.core.windows.net/PATH``."""
_SHORT = re.compile(r"azureml://datastores/(?P<datastore>[^/]+)/paths/(?P<path>.*)", re.IGNORECASE)
_LONG = re.compile(
    r"azureml://subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)(/providers/[^/]+)?"
    r"/workspaces/(?P<workspace>[^/]+)/datastores/(?P<datastore>[^/]+)/paths/(?P<path>.*)",
    re.IGNORECASE,
)
_OUTPUT = re.compile(r"azureml://jobs/(?P<job>[^/]+)/outputs/(?P<output>[^/]+)(/paths)?(/(?P<path>.*))?", re.IGNORECASE)
_RUN = re.compile(r"runs:/+(?P<job>[^/]+)/(?P<path>.+)", re.IGNORECASE)
_ARM = re.compile(r"(azureml:)?(?P<datastore>/subscriptions/[^:]+/datastores/[^/]+)/paths/(?P<path>.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """A blob, or a prefix of blobs, in a container; ``path`` has no leading slash.

    ``by_identity``: it is not opened by a datastore with its own credentials.
    """

    account: str
    container: str
    path: str
    by_identity: bool = False

    @property
    def prefix(self) -> str:
        """How the names of the blobs in this folder begin: it ends in "/", and is "" for a whole container."""
        return self.path.rstrip("/") + "/" if self.path.strip("/") else ""


def place_of(world: World, workspace: Resource, uri: str) -> Place:
    """Return the place of a URI: an https URL of blob storage, or a path in a datastore in any of its forms.

    Raises:
        ArmError: 400 for a datastore that does not exist or a URI of an unknown form; 501 for one that Azure supports
            and the sandbox does not (public web sites, other storage services).
    """
    parts = _split(_as_https(uri))
    host = _BLOB_HOST.fullmatch(parts.hostname or "")
    if parts.scheme in ("http", "https"):
        if host is None:
            raise not_modelled(f"data at '{uri}' (only *.blob.core.windows.net, datastores and data assets)")
        container, _, path = parts.path.lstrip("/").partition("/")
        if not container:
            raise bad_request(f"'{uri}' does not name a container.", "UserError")
        return Place(host["account"].lower(), container, unquote(path), by_identity=True)
    for pattern, prefix in ((_SHORT, f"{workspace.id}/datastores/"), (_ARM, "")):
        match = pattern.fullmatch(uri)
        if match is not None:
            return _in_datastore(world, prefix + match["datastore"], match["path"])
    output = _job_match(uri)
    if output is not None:
        return _output(world, workspace, output)
    match = _LONG.fullmatch(uri)
    if match is None:
        raise bad_request(
            f"'{uri}' is not a location of data: allowed are "
            "https://<account>.blob.core.windows.net/<container>/<path>, "
            "wasbs://<container>@<account>.blob.core.windows.net/<path>, "
            "abfss://<container>@<account>.dfs.core.windows.net/<path>, "
            "azureml://[subscriptions/.../]datastores/<name>/paths/<path>, "
            "azureml://jobs/<job>/outputs/<output>/paths/<path> and runs:/<run>/<path>.",
            "UserError",
        )
    scope = f"/subscriptions/{match['subscription']}/resourceGroups/{match['group']}/providers/{NAMESPACE}"
    return _in_datastore(
        world, f"{scope}/workspaces/{match['workspace']}/datastores/{match['datastore']}", match["path"]
    )


def _split(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError:  # text in brackets for a host, but not an IPv6 address
        return urlsplit("")


def _as_https(uri: str) -> str:
    """Return the https URL of the same blobs for a URI of one of the drivers of storage; another URI as it is."""
    parts = _split(uri)
    service = _SCHEMES.get(parts.scheme.lower())
    account, _, domain = (parts.hostname or "").partition(".")
    if service is None or not parts.username or domain != f"{service}.core.windows.net":
        return uri
    return f"https://{account}.blob.core.windows.net/{parts.username}{parts.path}"


def job_of(uri: str) -> str | None:
    """Return the job whose output or artifact a URI names, or None."""
    output = _job_match(uri)
    return output["job"] if output else None


def job_path(uri: str) -> str | None:
    """Return JOB/OUTPUT/PATH of the URI of a job's output or artifact, or None for another URI."""
    output = _job_match(uri)
    if output is None:
        return None
    parts = (output["job"], output.groupdict().get("output") or "artifacts", (output["path"] or "").strip("/"))
    return "/".join(part for part in parts if part)


def long_uri(world: World, workspace: Resource, place: Place) -> str | None:
    """Return a place as a path in a datastore of the workspace, as clients read it; None if no datastore has it."""
    for datastore in world.store.children(workspace.id, DATASTORES):
        properties = datastore.body["properties"]
        if (properties.get("accountName"), properties.get("containerName")) == (place.account, place.container):
            its = ArmId.parse(datastore.id)
            return (
                f"azureml://subscriptions/{its.subscription}/resourcegroups/{its.group}/workspaces/{workspace.name}"
                f"/datastores/{datastore.name}/paths/{place.path}"
            )
    return None


def _job_match(uri: str) -> re.Match[str] | None:
    return _OUTPUT.fullmatch(uri) or _RUN.fullmatch(uri)


def _output(world: World, workspace: Resource, match: re.Match[str]) -> Place:
    """Return the place of a job's named output, or of its artifacts (``artifacts``, and every ``runs:/``).

    Without a record of the job: where the service puts outputs by default.
    """
    job, output = match["job"], match.groupdict().get("output") or "artifacts"
    path = (match["path"] or "").lstrip("/")
    if output.lower() == "artifacts":
        artifacts = f"{workspace.id}/datastores/{ARTIFACT_DATASTORE}"
        return _in_datastore(world, artifacts, artifact_blob(job, path))
    run = RunRecords(world.store).get(job)
    if run is not None and run.workspace_id.lower() == workspace.id.lower() and output in run.outputs:
        return place_of(world, workspace, f"{run.outputs[output].rstrip('/')}/{path}")
    return _in_datastore(world, f"{workspace.id}/datastores/{DEFAULT_DATASTORE}", f"azureml/{job}/{output}/{path}")


def _in_datastore(world: World, datastore_id: str, path: str) -> Place:
    found = world.store.get(datastore_id)
    if found is None:
        raise bad_request(f"The datastore '{datastore_id}' does not exist.", "UserError")
    properties = found.body["properties"]
    if properties["datastoreType"] != "AzureBlob":
        # https://learn.microsoft.com/azure/machine-learning/how-to-access-data-batch-endpoints-jobs
        raise bad_request(
            f"The datastore '{found.name}' is of type {properties['datastoreType']}; only AzureBlob is supported.",
            "DatastoreTypeNotSupported",
        )
    by_identity = properties["credentials"]["credentialsType"] == "None"
    return Place(properties["accountName"], properties["containerName"], path.lstrip("/"), by_identity)


def kind_of(world: World, place: Place) -> Literal["folder", "file"] | None:
    """Return whether a place is one blob or a prefix of blobs; None if it does not exist."""
    names = world.blobs.list(place.account, place.container, place.path.rstrip("/"))
    if place.path in names and not place.path.endswith("/"):
        return "file"
    return "folder" if any(name.startswith(place.prefix) for name in names) else None
