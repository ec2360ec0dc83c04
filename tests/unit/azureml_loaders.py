"""What azure-ai-ml's three loaders of batch deployments give, in the words of the stack file, for comparison."""

import warnings
from collections.abc import Callable, Mapping
from os.path import relpath
from pathlib import Path
from typing import Any

import yaml

with warnings.catch_warnings():
    # The SDK's own modules use what the libraries below it have deprecated.
    warnings.simplefilter("ignore")
    from azure.ai.ml.entities import Environment, Model
    from azure.ai.ml.entities import _load_functions as functions

LOADERS: tuple[Callable[..., Any], ...] = (
    functions.load_batch_deployment,
    functions.load_model_batch_deployment,
    functions.load_pipeline_component_batch_deployment,
)
SETTINGS = {
    "mini_batch_size": "miniBatchSize",
    "max_concurrency_per_instance": "maxConcurrencyPerInstance",
    "output_action": "outputAction",
    "output_file_name": "outputFileName",
    "error_threshold": "errorThreshold",
    "logging_level": "loggingLevel",
}
"""Written again here: a wrong entry of the program's own table would not show otherwise."""


def loaded(path: Path, root: Path) -> dict[str, Any] | None:
    """Return what the first loader that takes a file gives; None if none takes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = next((found for each in LOADERS if (found := _tried(each, path)) is not None), None)
    return None if found is None else words(found, root)


def _tried(loader: Callable[..., Any], path: Path) -> Any:
    try:
        return loader(path)
    except Exception:  # noqa: BLE001 - every error is a refusal
        return None


def loaded_endpoint(path: Path) -> dict[str, Any] | None:
    """Return what the loader of endpoints gives; None if it does not take the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = _tried(functions.load_batch_endpoint, path)
    if found is None:
        return None
    said = {"description": found.description, "tags": _texts(found.tags)}
    return {key: value for key, value in said.items() if value not in (None, {})}


def words(found: Any, root: Path) -> dict[str, Any]:
    """Say a loaded deployment in the words of the stack file; what it does not say is left out."""
    said: dict[str, Any] = {
        "description": found.description,
        "tags": _texts(found.tags),
        "compute": found.compute.rpartition("/")[2] if found.compute else None,
        "instanceCount": found.resources.instance_count if found.resources else None,
        "model": _model(found.model, root),
        "environment": _environment(found.environment, root),
        **{word: getattr(found, name, None) for name, word in SETTINGS.items()},
        "environmentVariables": _texts(found.environment_variables or found._settings.environment_variables),
    }
    if said["loggingLevel"]:
        said["loggingLevel"] = said["loggingLevel"].lower()
    retries = found.retry_settings
    if retries:
        said |= {"maxRetries": retries.max_retries, "timeoutSeconds": retries.timeout}
    if code := found.code_configuration:
        said["code"] = _path(code.code, found.base_path, root) if code.code else None
        said["scoringScript"] = str(Path(code.scoring_script)) if code.scoring_script else None
    return {key: value for key, value in said.items() if value not in (None, {})}


def _texts(values: Mapping[Any, Any] | None) -> dict[str, str]:
    return {
        str(key): str(each).lower() if isinstance(each, bool) else str(each) for key, each in (values or {}).items()
    }


def _path(path: Any, base: Any, root: Path) -> str:
    return relpath((Path(base) / path).resolve(), root)


def _model(model: Any, root: Path) -> dict[str, Any] | None:
    if isinstance(model, Model):
        if not model.path:
            return _without_none(name=model.name, version=model.version, type=model.type)
        is_uri = str(model.path).startswith(("azureml:", "runs:"))
        path = str(model.path) if is_uri else _path(model.path, model.base_path, root)
        return _without_none(path=path, name=None if model._is_anonymous else model.name, type=model.type)
    return _reference(model)


def _environment(environment: Any, root: Path) -> dict[str, Any] | None:
    if not isinstance(environment, Environment):
        return _reference(environment)
    if not environment.image and not environment.build:
        return _without_none(name=environment.name, version=environment.version)
    build = environment.build
    return _without_none(
        image=environment.image,
        conda=environment.conda_file or None,
        build=_without_none(path=_path(build.path, environment.base_path, root), dockerfilePath=build.dockerfile_path)
        if build
        else None,
    )


def _reference(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    if text.startswith("azureml://registries/"):
        _, _, _, registry, _, name, _, version = text.split("/")
        return {"registry": registry, "name": name, "version": version}
    if text.startswith("/"):
        *_, name, _, version = text.split("/")
        return {"name": name, "version": version}
    if "@" in text:
        name, _, label = text.partition("@")
        return {"name": name, "label": label}
    name, _, version = text.partition(":")
    return {"name": name, "version": version} if version else {"name": name, "label": "latest"}


def comparable(values: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Return our values in the form of `words`: a conda file's content in place of its path, no empty mappings."""
    said = {key: dict(value) if isinstance(value, dict) else value for key, value in values.items()}
    environment = said.get("environment", {})
    if conda := environment.pop("condaFile", None):
        environment["conda"] = yaml.safe_load((root / conda).read_text(encoding="utf-8"))
    elif conda := environment.get("conda"):
        environment["conda"] = yaml.safe_load(conda)
    return {key: value for key, value in said.items() if value != {}}


def _without_none(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
