"""What the release uses and does not make (models, environments, datastores, data): checked before any upload.

Only those of the workspace. A registry has its hosts and roles; there, Azure's refusal is the check.
"""

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelops import azure
from modelops.plan import data_address
from modelops.plan.models import Model, UriModel
from modelops.plan.plan import DeploymentPlan, NamedEnvironment, RegisteredModel
from modelops.release import live, register
from modelops.workspace import Workspace

_ASSETS_API: Final = "2025-12-01"
_SHOWN: Final = 10
"""Most names in an error."""


def problem(workspace: Workspace, missing: Sequence[DeploymentPlan]) -> str | None:
    """Return why Azure would refuse a revision to create, and what exists instead, or None.

    Args:
        workspace: to be read.
        missing: the revisions to create.

    Raises:
        ReleaseError: Azure cannot be asked.
    """
    return next((found for each in missing for found in _problems(workspace, each, missing) if found), None)


def _problems(
    workspace: Workspace, deployment: DeploymentPlan, missing: Sequence[DeploymentPlan]
) -> Iterator[str | None]:
    model, environment = deployment.model, deployment.environment
    if isinstance(model, RegisteredModel) and not model.registry:
        yield _model_problem(workspace, deployment, model, missing)
    if isinstance(model, UriModel) and (name := data_address.datastore(model.uri)):
        yield _datastore_problem(workspace, deployment, name)
    if deployment.try_out is not None and isinstance(deployment.try_out.input, str):
        yield _input_problem(workspace, deployment, deployment.try_out.input)
    if isinstance(environment, NamedEnvironment) and not environment.registry:
        found = _read(workspace, "environment", environment.name, environment.version)
        named = f"{environment.name}:{environment.version}"
        yield None if found else _missing(workspace, deployment, "environment", named, environment.name)


def _model_problem(
    workspace: Workspace, deployment: DeploymentPlan, model: RegisteredModel, missing: Sequence[DeploymentPlan]
) -> str | None:
    named = f"{model.name}:{model.version}"
    found = _read(workspace, "model", model.name, model.version)
    if found is None:
        is_made = any(_makes(workspace, each.model, model) for each in missing)
        return None if is_made else _missing(workspace, deployment, "model", named, model.name)
    kind = found["properties"].get("modelType")
    if deployment.code is None and kind != "mlflow_model":
        return (
            f"model {named} is a {kind}, and deployment {deployment.logical!r} has no code and scoringScript: only an "
            "MLflow model runs without them. Set code, scoringScript and environment, or another model."
        )
    return None


def _datastore_problem(workspace: Workspace, deployment: DeploymentPlan, name: str) -> str | None:
    with azure.step(f"reading datastore {name}"):
        if live.found(workspace, f"datastores/{name}", _ASSETS_API) is not None:
            return None
    return _missing(workspace, deployment, "datastore", name, "")


def _input_problem(workspace: Workspace, deployment: DeploymentPlan, address: str) -> str | None:
    if name := data_address.datastore(address):
        return _datastore_problem(workspace, deployment, name)
    asset = data_address.data_asset(address)
    if asset is None or not asset.version or not asset.is_in(workspace.id):
        return None
    with azure.step(f"reading data asset {asset.name}"):
        if live.found(workspace, f"data/{asset.name}/versions/{asset.version}", _ASSETS_API) is not None:
            return None
    return _missing(workspace, deployment, "data asset", address.removeprefix("azureml:"), asset.name)


def _makes(workspace: Workspace, new: Model, wanted: RegisteredModel) -> bool:
    """Whether the release registers a model as the version that another deployment names."""
    if isinstance(new, RegisteredModel) or new.name != wanted.name:
        return False
    version, free = register.find_version(workspace, new)
    return version is None and str(free) == wanted.version


def _read(workspace: Workspace, kind: str, name: str, version: str) -> Any:
    """Return a version of a model or environment, or None if it does not exist."""
    with azure.step(f"reading {kind} {name}:{version}"):
        return live.found(workspace, f"{kind}s/{name}/versions/{version}", _ASSETS_API)


def _missing(workspace: Workspace, deployment: DeploymentPlan, kind: str, named: str, versions_of: str) -> str:
    """Say that something does not exist, and what does; `versions_of` is its name, if it has versions."""
    collection = "data" if kind == "data asset" else f"{kind}s"
    said = f"{kind} {named} of deployment {deployment.logical!r} does not exist in workspace {workspace.name}"
    if versions_of and (versions := _names(workspace, f"{collection}/{versions_of}/versions")):
        return f"{said}. Versions of {versions_of}: {_first(versions)}."
    if names := _names(workspace, collection):
        like = difflib.get_close_matches(versions_of or named, names, _SHOWN)
        others = sorted(set(names) - set(like))
        return f"{said}. Its {kind}s: {_first([*like, *others])}."
    return f"{said}, which has no {kind}."


def _names(workspace: Workspace, path: str) -> list[str]:
    """Return the names of what a collection holds, as the service sorts them; nothing if it does not exist."""
    with azure.step(f"listing {path}"):
        try:
            return [str(each["name"]) for each in workspace.list(path, _ASSETS_API)]
        except Exception as error:
            if azure.is_missing(error):
                return []
            raise


def _first(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join([*names[:_SHOWN], *([f"and {more} more"] if more > 0 else [])])
