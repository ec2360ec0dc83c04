"""One deployment of the configuration: its content and its scoring settings."""

from pathlib import Path
from typing import Any

from components.release_parts.deployment_args import DeploymentArgs, ModelArgs
from modelops.azureml_yaml.deployment import PIPELINE
from modelops.plan.scoring_settings import SETTINGS, ScoringSettings, Setting
from settings import azureml_file, variables
from settings.cluster import Clusters
from settings.content import NEEDED, read_path, read_script
from settings.environments import read_environment, warn_of_missing_packages
from settings.models import check_runs_without_code, read_model
from settings.problems import removing
from settings.references import referenced
from settings.section import Section
from settings.tags import read_tags
from settings.try_out import EndpointTryOut, check_summary_only
from settings.try_out import read_deployment as read_try_out


def read_deployment(section: Section, root: Path, clusters: Clusters, try_out: EndpointTryOut) -> DeploymentArgs:
    """Read one deployment.

    Args:
        section: The deployment's object.
        root: Folder that paths are relative to: the program's.
        clusters: The clusters, of which `compute` picks one.
        try_out: The endpoint's try-out.
    """
    section = azureml_file.deployment(section, root, one_cluster=clusters.short)
    section.only(
        *(("type",) if "type" in section.values else ()),
        *("from", "model", "code", "scoringScript", "environment", "compute", "description", "tags", "tryOut"),
        *(variables.KEY, variables.CLEARED),
        *(each.key for each in SETTINGS.values()),
    )
    _check_type(section)
    model_section = referenced(section, "model", of="a model")
    model: ModelArgs = read_model(model_section, root) if model_section else {}
    read: DeploymentArgs = {
        "model": model,
        "compute": clusters.choose(section),
        "description": section.text("description", "", pattern=".*", allowed="a text", example="What it does"),
        "tags": read_tags(section),
        "environment_variables": variables.read(section),
        "settings": _read_scoring(section, clusters),
    }
    has_code = _sets(section, "code", "scoringScript") or (
        model_section is not None and not check_runs_without_code(model_section, model, root)
    )
    if has_code:
        read["code"] = read_path(
            section, "code", root, folder=True, what="the folder with the scoring script", needed=NEEDED
        )
        read["scoring_script"] = read_script(section, root, read["code"])
    if has_code or _sets(section, "environment"):
        environment = referenced(section, "environment", of="an environment")
        read["environment"] = read_environment(environment, root) if environment else {}
        if has_code and environment:
            warn_of_missing_packages(environment, read["environment"], root)
    if tried := read_try_out(section, try_out, root):
        read["try_out"] = tried
        check_summary_only(section, tried)
        if tried.instance_count is not None:
            clusters.check_nodes(section, tried.instance_count, try_out.asking(section, "instanceCount"))
    if section.problems.is_unread(section.path):
        read["model"] = {}
    return read


def _check_type(section: Section) -> None:
    """Record a deployment of another type than Azure ML's `model`."""
    if section.values.get("type", "model") == "model":
        return
    section.problems.add(
        section.at("type"),
        section.shown("type"),
        f"Allowed: no type, or model. {PIPELINE}",
        removing(section.at("type")),
    )


def _sets(section: Section, *keys: str) -> bool:
    return any(section.values.get(key) is not None for key in keys)


def _read_scoring(section: Section, clusters: Clusters) -> ScoringSettings:
    """Read a deployment's scoring settings, which its cluster limits."""
    defaults = ScoringSettings()
    values: dict[str, Any] = {
        name: _read_setting(section, each, getattr(defaults, name)) for name, each in SETTINGS.items()
    }
    settings = ScoringSettings(**values)
    for each in SETTINGS.values():
        if each.only_with and each.key in section.values and not settings.applies(each):
            name, value = each.only_with
            section.problems.add(
                section.at(each.key),
                f"{section.shown(each.key)}, and {SETTINGS[name].key} is {getattr(settings, name)!r}",
                f"Allowed: no {each.key} unless {SETTINGS[name].key} is {value}.",
                removing(section.at(each.key)),
            )
    clusters.check_nodes(section, settings.instance_count)
    return settings


def _read_setting(section: Section, setting: Setting, default: int | str) -> Any:
    if isinstance(default, int):
        return section.whole(setting.key, default, least=setting.least or 0, most=setting.most, unit=setting.unit)
    if setting.words:
        return section.choice(setting.key, default, setting.words)
    return section.text(setting.key, default, pattern=setting.pattern, allowed=setting.unit, example=default)
