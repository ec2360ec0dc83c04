"""The model of a deployment: a local path, a place in Azure, a registered model, or a model in a registry.

A model is part of a revision's identity, so it must mean the same at any time: versions are numbers, not labels.
"""

import re
from pathlib import Path

from components import names
from components.release_parts.deployment_args import ModelArgs
from modelops.plan import mlflow_model
from modelops.plan.mlflow_model import SERVED_FLAVOR
from modelops.plan.rules import MODEL_TYPES
from settings.content import is_there, read_label, read_path, read_registry, read_used_name, read_version
from settings.problems import setting
from settings.section import Section

_IS_URI = re.compile(r"[a-z]+:/|azureml:")
# What azure-ai-ml takes as the path of a model in Azure (constants/_common.py).
_URI = r"azureml://jobs/[^/\s]+/outputs/[^/\s]+(/paths(/\S*)?)?/?|azureml://datastores/[^/\s]+/paths/\S+|runs:/[^/?\s]+/\S+"
_URI_IN_WORDS = (
    "azureml://jobs/JOB/outputs/OUTPUT/paths/PATH, azureml://datastores/DATASTORE/paths/PATH or runs:/RUN/PATH"
)


def read_model(section: Section, root: Path) -> ModelArgs:
    """Read one of the kinds of model."""
    if "path" in section.values:
        return _read_new(section, root)
    if section.lenient and "label" in section.values:
        section.only("name", "label", "type")
        return {"name": read_used_name(section, "model"), "label": read_label(section), **_read_type(section)}
    if "version" in section.values:
        section.only("registry", "name", "version", "type")
        named: ModelArgs = {"name": read_used_name(section, "model"), "version": read_version(section)}
        if "registry" not in section.values:
            return {**named, **_read_type(section)}
        return {"registry": read_registry(section), **named, **_read_type(section)}
    section.problems.add(
        section.path,
        "does not name a model",
        "Allowed: path and name (a local model, or one that a job left in Azure), name and version (a model in the "
        "workspace), or registry, name and version.",
        setting(section.at("path"), "PATH"),
    )
    return {}


def _read_new(section: Section, root: Path) -> ModelArgs:
    """Read a model that the release registers."""
    section.only("path", "name", "type")
    rule = names.ASSET
    name = section.text("name", None, pattern=rule.whole, allowed=f"a model's name, {rule.allowed()}", example="MODEL")
    kind = section.choice("type", "custom_model", MODEL_TYPES)
    if isinstance(section.values["path"], str) and _IS_URI.match(section.values["path"]):
        return {"uri": _read_uri(section, kind), "name": name, "type": kind}
    path = read_path(section, "path", root, folder=None, what="the model's file or folder")
    if path and kind == "mlflow_model" and is_there(root / path, folder=None):
        _check_folder(section, root / path)
    return {"path": path, "name": name, "type": kind}


def _read_uri(section: Section, kind: str) -> str:
    uri = (
        section.text("path", None, pattern=_URI, allowed=f"a path, or {_URI_IN_WORDS}", example="PATH")
        .rstrip("/")
        .removesuffix("/paths")
    )
    if kind == "mlflow_model" and "." in uri.rpartition("/")[2]:
        # azure-ai-ml takes a last part with a dot for a file (_utils/utils.py).
        section.wrong("path", "for mlflow_model, the address of a folder, whose name has no dot", "PATH")
    return uri


def _read_type(section: Section) -> ModelArgs:
    """Read what a registered model says of its type, if it does."""
    return {"type": section.choice("type", None, MODEL_TYPES)} if "type" in section.values else {}


def check_runs_without_code(section: Section, model: ModelArgs, root: Path) -> bool:
    """Record why a model cannot be served without a scoring script.

    Args:
        section: The model's object.
        model: What `read_model` read from it.
        root: The program's folder.

    Returns: Whether the model may run without one: it is an MLflow model, or a registered one that does not say.
    """
    path = model.get("path")
    if model.get("type") != "custom_model":
        if path:
            _check_flavor(section, root / path)
        return True
    if not path or not mlflow_model.is_model(root / path) or "type" in section.values:
        return False
    section.wrong(
        "type",
        "mlflow_model for a model without code and scoringScript; the default is custom_model",
        "mlflow_model",
        because=f"and {path} is an MLflow model",
    )
    return True


def _check_flavor(section: Section, folder: Path) -> None:
    """Record that Azure cannot serve a local MLflow model by itself."""
    flavors = mlflow_model.flavors(folder)
    if flavors is None or SERVED_FLAVOR in flavors:
        return
    section.wrong_file(
        "path",
        f"without code and scoringScript, an MLflow model with the flavor {SERVED_FLAVOR}, the only one that Azure "
        "serves by itself; for another one, set code, scoringScript and environment",
        "PATH",
        because=f"whose MLmodel has {', '.join(sorted(flavors)) or 'no flavor'}",
    )


def _check_folder(section: Section, folder: Path) -> None:
    """Record that a local MLflow model is not the folder that MLflow writes."""
    if folder.is_file():
        why = "which is a file"
    elif not mlflow_model.is_model(folder):
        why = "which has no file MLmodel"
    elif mlflow_model.flavors(folder) is None:
        why = "whose MLmodel is not a YAML file with flavors"
    else:
        return
    section.wrong_file(
        "path",
        "for mlflow_model, a folder that MLflow's save_model or log_model wrote, with its file MLmodel; any other "
        "model is a custom_model, with code and scoringScript",
        "PATH",
        because=why,
    )
