"""The common parts and the differences of the four kinds of versioned assets."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.azure.arm.bodies import fill
from sandbox.azure.arm.errors import bad_request
from sandbox.azure.arm.store import Resource
from sandbox.azure.environments.conda_file import content_of
from sandbox.azure.machine_learning.assets.components import check_component, version_of_component
from sandbox.azure.machine_learning.assets.locations import Place, job_of, job_path, kind_of, long_uri, place_of
from sandbox.azure.machine_learning.scope import WORKSPACES
from sandbox.azure.machine_learning.unmodelled import Members, refuse_unmodelled
from sandbox.azure.world import World

Check = Callable[[World, Resource, dict[str, Any]], None]
"""Refuse the properties of a new version, or complete them: (world, workspace or registry, properties)."""


@dataclass(frozen=True, slots=True)
class AssetKind:
    """One kind of asset.

    ``word`` is its name in schemas, ``collection`` in paths. ``fixed`` members of a version never change (else
    ``fixed_message``); ``defaults`` fill a version; ``version`` is (pattern, allowed values); ``answered`` are the
    read-only members of containers and versions, ``shared`` those that versions inherit from their container.
    ``fixed_status`` is the status of the refusal; ``complete`` fills nested members before the comparison;
    ``parent`` is the ARM type of what the assets belong to; ``latest`` is a version's name that means the latest;
    ``stored_as`` returns the version that a request's (name, version, properties) becomes. ``created_again``: a PUT of
    a version that exists is answered with 201, and leaves its times if it changes nothing.
    """

    word: str
    collection: str
    fixed: tuple[str, ...]
    fixed_message: str
    version: tuple[re.Pattern[str], str]
    check: Check
    defaults: dict[str, Any] = field(default_factory=dict)
    answered: dict[str, Any] = field(default_factory=lambda: {"provisioningState": "Succeeded"})
    shared: tuple[str, ...] = ()
    fixed_status: int = 400
    complete: Callable[[dict[str, Any]], None] = lambda _: None
    parent: str = WORKSPACES
    latest: str = ""
    stored_as: Callable[[str, str, dict[str, Any]], str] = lambda _, version, __: version
    created_again: bool = False

    @property
    def type(self) -> str:
        """The ARM type of a container."""
        return f"{self.parent}/{self.collection}"

    @property
    def version_type(self) -> str:
        """The ARM type of a version."""
        return f"{self.type}/versions"


def _check_model(world: World, workspace: Resource, properties: dict[str, Any]) -> None:
    place = _check_place(world, workspace, properties, "modelUri")
    job = job_of(properties["modelUri"])
    if job is not None:
        properties |= {"modelUri": long_uri(world, workspace, place), "jobName": job}
    kind = properties.get("modelType") or "custom_model"
    if kind not in ("custom_model", "mlflow_model", "triton_model"):
        raise bad_request(
            f"'properties.modelType' is '{kind}'; allowed: custom_model, mlflow_model, triton_model.", "UserError"
        )


def _check_code(world: World, workspace: Resource, properties: dict[str, Any]) -> None:
    _check_place(world, workspace, properties, "codeUri")


def _check_environment(world: World, workspace: Resource, properties: dict[str, Any]) -> None:
    given = [member for member in ("image", "build") if properties.get(member)]
    if len(given) != 1:
        raise bad_request("An environment needs exactly one of 'image' and 'build'.", "UserError")
    refuse_unmodelled("an environment", {"properties": properties}, _NOT_MODELLED)
    if properties.get("build"):
        _check_build(world, workspace, properties["build"])


def _check_build(world: World, workspace: Resource, build: dict[str, Any]) -> None:
    """Refuse a build context in blob storage that has no Dockerfile; a repository's content is not known here."""
    uri, dockerfile = build["contextUri"], build["dockerfilePath"]
    if is_repository(uri):
        return
    place = place_of(world, workspace, f"{uri.rstrip('/')}/{dockerfile.lstrip('/')}")
    if kind_of(world, place) != "file":
        raise bad_request(f"'properties.build': '{uri}' has no file '{dockerfile}'.", "UserError")


def is_repository(context_uri: str) -> bool:
    """Whether a build context is a Git repository, not a folder of blobs."""
    return _REPOSITORY.match(context_uri) is not None


def _complete_environment(properties: dict[str, Any]) -> None:
    # Recorded: the service answers a conda file as JSON, and "" without one.
    text = properties.get("condaFile") or ""
    content = content_of(text)
    properties["condaFile"] = json.dumps(content, indent=2, default=str) if isinstance(content, dict) else text
    # https://learn.microsoft.com/azure/machine-learning/reference-yaml-environment: the default of dockerfile_path
    if properties.get("build"):
        fill(properties["build"], {"dockerfilePath": "Dockerfile"})


def _check_data(world: World, workspace: Resource, properties: dict[str, Any]) -> None:
    if properties["dataType"] == "mltable":
        _check_place(world, workspace, properties, "dataUri")
        return
    place_of(world, workspace, properties["dataUri"])


def _check_place(world: World, workspace: Resource, properties: dict[str, Any], member: str) -> Place:
    uri = properties.get(member)
    if not uri:
        raise bad_request(f"required member 'properties.{member}' is missing", "UserError")
    place = place_of(world, workspace, uri)
    if kind_of(world, place) is None:
        job = job_path(uri)
        add = f" In the sandbox, where nothing trains: python -m sandbox model add --job {job} FOLDER" if job else ""
        raise bad_request(f"'properties.{member}': '{uri}' does not exist.{add}", "UserError")
    return place


# A build context may be a Git URL (https://docs.docker.com/build/concepts/context/#git-repositories).
_REPOSITORY = re.compile(r"git@|https?://[^?#]*\.git(#.*)?$|https://(www\.)?github\.com/", re.IGNORECASE)
_NOT_MODELLED: Members = {
    "properties.osType": ("Linux",),
    "properties.autoRebuild": ("Disabled",),
    "properties.inferenceConfig": (),
}
_PATHS_FIXED = "Asset paths cannot be updated."
_ANY = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_.]{0,254}")

MODELS = AssetKind(
    "model",
    "models",
    ("modelUri", "modelType"),
    _PATHS_FIXED,
    # Azure/azureml-examples#2725: "the version of a registered model must be a positive integer".
    (re.compile(r"[1-9]\d{0,9}"), "a positive integer"),
    _check_model,
    {"flavors": {}, "modelType": "custom_model", "stage": None, "jobName": None},
)
CODES = AssetKind("code", "codes", ("codeUri",), _PATHS_FIXED, (_ANY, "letters, digits, '-', '_' and '.'"), _check_code)
ENVIRONMENTS = AssetKind(
    "environment",
    "environments",
    ("image", "condaFile", "build", "osType", "inferenceConfig"),
    "The content of an environment version cannot be updated: register another version.",
    (_ANY, "letters, digits, '-', '_' and '.'"),
    _check_environment,
    {"osType": "Linux", "autoRebuild": "Disabled", "environmentType": "UserCreated", "stage": None},
    # azure-ai-ml registers the next version when an environment without one is refused like this.
    fixed_status=409,
    complete=_complete_environment,
    created_again=True,
)
DATA = AssetKind(
    "data",
    "data",
    ("dataUri", "dataType"),
    _PATHS_FIXED,
    # Azure/azureml-assets#295
    (re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_.]{0,29}"), "at most 30 letters, digits, '-', '_' and '.'"),
    _check_data,
    answered={},
    shared=("dataType",),
)
COMPONENTS = AssetKind(
    "component",
    "components",
    ("componentSpec",),
    "The specification of a component version cannot be updated: register another version.",
    (_ANY, "letters, digits, '-', '_' and '.'"),
    check_component,
    # What azure-ai-ml asks for when a component is named without a version.
    latest="azureml_default",
    stored_as=version_of_component,
)
KINDS = (MODELS, CODES, ENVIRONMENTS, DATA, COMPONENTS)
