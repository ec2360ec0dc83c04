"""The model of a deployment: a local path, a registered model, or a model in a registry.

A model is part of a revision's identity, so it must mean the same at any time: versions are numbers, not labels.
"""

from pathlib import Path

from components import names
from components.release_parts.deployment_args import ModelArgs
from modelops.plan import mlflow_model
from modelops.plan.rules import MODEL_TYPES
from settings.content import read_label, read_path, read_version
from settings.problems import setting
from settings.section import Section


def read_model(section: Section, root: Path) -> ModelArgs:
    """Read one of the three kinds of model: a local path, a registered model, or a model in a registry."""
    name = section.text(
        "name", None, pattern=names.ASSET.pattern, allowed=f"a model's name, {names.ASSET.allowed()}", example="MODEL"
    )
    if "path" in section.values:
        section.only("path", "name", "type")
        kind = section.choice("type", "custom_model", MODEL_TYPES)
        path = read_path(section, "path", root, folder=None, what="the model's file or folder")
        if path and kind == "mlflow_model":
            _check_folder(section, root / path)
        return {"path": path, "name": name, "type": kind}
    if section.lenient and "label" in section.values:
        section.only("name", "label", "type")
        return {"name": name, "label": read_label(section), **_read_type(section)}
    if "version" in section.values:
        section.only("registry", "name", "version", "type")
        version = read_version(section)
        if "registry" not in section.values:
            return {"name": name, "version": version, **_read_type(section)}
        registry = section.text("registry", None, allowed="the name of a registry", example="azureml")
        return {"registry": registry, "name": name, "version": version, **_read_type(section)}
    section.problems.add(
        section.path,
        "does not name a model",
        "Allowed: path and name (a local model), name and version (a model in the workspace), or registry, name and "
        "version.",
        setting(section.at("path"), "PATH"),
    )
    return {"name": name}


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
    kind, path = model.get("type"), model.get("path")
    if kind == "custom_model":
        if not path or not mlflow_model.is_model(root / path) or "type" in section.values:
            return False
        section.wrong(
            "type",
            "mlflow_model for a model without code and scoringScript",
            "mlflow_model",
            because=f"and {path} is an MLflow model",
            default="custom_model",
        )
    elif (
        path
        and (flavors := mlflow_model.flavors(root / path)) is not None
        and mlflow_model.SERVED_FLAVOR not in flavors
    ):
        section.wrong(
            "path",
            f"without code and scoringScript, an MLflow model with the flavor {mlflow_model.SERVED_FLAVOR}, the only "
            "one that Azure serves by itself; for another one, set code, scoringScript and environment",
            "PATH",
            because=f"whose MLmodel has {', '.join(sorted(flavors)) or 'no flavor'}",
        )
    return True


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
    section.wrong(
        "path",
        "for mlflow_model, a folder that MLflow's save_model or log_model wrote, with its file MLmodel; any other "
        "model is a custom_model, with code and scoringScript",
        "PATH",
        because=why,
    )
