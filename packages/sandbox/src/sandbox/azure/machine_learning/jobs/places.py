"""The places of a job's input and output, and of the files of its model and code."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.azure.arm.errors import bad_request
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.store import Resource
from sandbox.azure.jobs.request import CodeFiles, InputLocation, ModelFiles, OutputLocation
from sandbox.azure.machine_learning.assets.kinds import DATA
from sandbox.azure.machine_learning.assets.locations import DEFAULT_DATASTORE, Place, kind_of, long_uri, place_of
from sandbox.azure.machine_learning.endpoints.settings import check_file_name
from sandbox.azure.machine_learning.jobs.invocation import InputKind, Invocation
from sandbox.azure.world import World

_VERSION = r"(versions/(?!labels/)(?P<version>[^/]+)|(versions/)?labels/(?P<label>[^/]+))"
_GROUP = r"subscriptions/(?P<subscription>[^/:]+)/resourcegroups/(?P<group>[^/:]+)"
_DATA_IN = rf"/workspaces/(?P<workspace>[^/:]+)/data/(?P<name>[^/]+)/{_VERSION}"
_DATA_ID = re.compile(rf"(azureml:)?/{_GROUP}/providers/[^/:]+{_DATA_IN}", re.IGNORECASE)
_DATA_URI = re.compile(rf"azureml://({_GROUP}(/providers/[^/]+)?|locations/[^/]+){_DATA_IN}", re.IGNORECASE)
# The older body names the two parts.
_DATA_NAME = re.compile(r"azureml:(?P<name>[^/:@]+):(?P<version>[^/:@]+)")


def input_place(world: World, workspace: Resource, asked: Invocation) -> InputLocation:
    """Return a job's input; if it does not exist, the job fails to read it, as in Azure.

    Raises:
        ArmError: the URI has an unknown form, or names a datastore or data asset that does not exist or does not fit.
    """
    return place_of_data(world, workspace, asked.input_uri, asked.input_kind)


def place_of_data(world: World, workspace: Resource, given: str, kind: InputKind) -> InputLocation:
    """Return the place of data, a ``folder`` or a ``file``, that a URI or a data asset names; "" for either of them.

    Raises:
        ArmError: like ``input_place``.
    """
    uri, asset = given, _DATA_ID.fullmatch(given) or _DATA_URI.fullmatch(given)
    if asset is None and not kind:
        asset = _DATA_NAME.fullmatch(given)
    if asset is not None:
        properties = _data_asset(world, workspace, asset)
        uri, type_ = str(properties["dataUri"]), properties["dataType"]
        if type_ not in ((f"uri_{kind}",) if kind else ("uri_folder", "uri_file")):
            wanted = f"a uri_{kind}" if kind else "a uri_folder or a uri_file"
            raise bad_request(
                f"The data asset '{asset[0]}' is of type {type_}, and the job's input is {wanted}.", "UserError"
            )
        kind = "file" if type_ == "uri_file" else "folder"
    place = place_of(world, workspace, uri)
    if (kind or kind_of(world, place) or "folder") == "folder":
        return InputLocation("folder", place.account, place.container, place.prefix, place.by_identity)
    path = place.path
    if not path or path.endswith("/"):
        raise bad_request(f"The input '{given}' is of type UriFile but does not name a file.", "UserError")
    return InputLocation("file", place.account, place.container, path, place.by_identity)


def _data_asset(world: World, workspace: Resource, asset: re.Match[str]) -> dict[str, Any]:
    """Return the properties of the version of a data asset that an id, a URI or a name means."""
    if not _is_of(asset.groupdict(), workspace):
        raise bad_request(
            f"The data asset '{asset[0]}' is of another workspace than the job, which is in '{workspace.name}'.",
            "UserError",
        )
    container, label = f"{workspace.id}/data/{asset['name']}", asset.groupdict().get("label")
    if label is not None:
        if label.lower() != "latest":
            raise bad_request(f"'{asset[0]}': '{asset['name']}' has no label '{label}', only latest.", "UserError")
        versions = world.store.children(container, DATA.version_type)
        found = versions[-1] if versions else None
    else:
        found = world.store.get(f"{container}/versions/{asset['version']}")
    if found is None:
        raise bad_request(
            f"The data asset '{asset[0]}' does not exist in the workspace '{workspace.name}'.", "UserError"
        )
    properties: dict[str, Any] = found.body["properties"]
    return properties


def _is_of(named: Mapping[str, str | None], workspace: Resource) -> bool:
    """Whether the workspace that an address names, by name or by GUID, is this one; true without a workspace."""
    its = ArmId.parse(workspace.id)
    allowed = {
        "subscription": (its.subscription,),
        "group": (its.group,),
        "workspace": (workspace.name, workspace.body["properties"]["workspaceId"]),
    }
    return all(
        (given := named.get(part)) is None or given.lower() in [str(name).lower() for name in names]
        for part, names in allowed.items()
    )


def output_place(
    world: World, workspace: Resource, asked: Invocation, child_id: str, file_name: str
) -> tuple[OutputLocation, str]:
    """Return a job's output, and the same folder as an ``azureml://`` URI.

    ``outputData`` is a file if the last part of its path has a dot, else a folder: sources disagree.

    Raises:
        ArmError: the datastore does not exist or is not a blob store, or the file name is not allowed.
    """
    name = asked.output_file_name or file_name
    if asked.output_dataset is not None:
        datastore, path = asked.output_dataset
        uri = f"{datastore.removeprefix('azureml:').rstrip('/')}/paths/{path.strip('/')}/"
    elif asked.output_uri is not None:
        uri = asked.output_uri
        folder, _, last = uri.rpartition("/")
        if "." in last:
            uri, name = folder + "/", last
        uri = uri.rstrip("/") + "/"
    else:
        uri = f"azureml://datastores/{DEFAULT_DATASTORE}/paths/azureml/{child_id}/score/"
    check_file_name("properties.outputFileName", name)
    place = place_of(world, workspace, uri)
    location = OutputLocation(place.account, place.container, place.prefix, name, place.by_identity)
    return location, _long_uri(world, workspace, location)


def _long_uri(world: World, workspace: Resource, output: OutputLocation) -> str:
    """Return the folder as a path in its datastore, because clients download by datastore."""
    found = long_uri(world, workspace, Place(output.account, output.container, output.prefix))
    if found is None:
        raise bad_request(
            f"The output is in the container '{output.container}' of '{output.account}', which no datastore of the"
            " workspace names.",
            "UserError",
        )
    return found


def model_files(world: World, workspace: Resource, model: Resource) -> ModelFiles:
    """Return the place of a registered model's files.

    Raises:
        ArmError: 400 if they were deleted.
    """
    uri = model.body["properties"]["modelUri"]
    place = place_of(world, workspace, uri)
    kind = kind_of(world, place)
    if kind is None:
        raise bad_request(f"The files of the model '{model.id}' are gone from '{uri}'.", "UserError")
    path = place.path if kind == "file" else place.path.rstrip("/") + "/"
    name = path.rstrip("/").rsplit("/", 1)[-1]
    type_ = model.body["properties"]["modelType"]
    return ModelFiles(kind, place.account, place.container, path, name, type_)


def code_files(world: World, workspace: Resource, code: Resource) -> CodeFiles:
    """Return the place of a code asset's files."""
    place = place_of(world, workspace, code.body["properties"]["codeUri"])
    return CodeFiles(place.account, place.container, place.prefix)
