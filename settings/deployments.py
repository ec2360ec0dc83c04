"""One deployment of the configuration: its content and its scoring settings."""

from pathlib import Path
from typing import Any

from components.release_parts.deployment_args import DeploymentArgs
from modelops.plan.scoring_settings import SETTINGS, ScoringSettings, Setting
from settings.content import read_environment, read_model, read_path, read_script
from settings.section import Section


def read_deployment(section: Section, root: Path, most_nodes: int | None) -> DeploymentArgs:
    """Read one deployment.

    Args:
        section: The deployment's object.
        root: Folder that paths are relative to: the program's.
        most_nodes: The cluster's `maxNodes`, which `instanceCount` may not exceed; None if unknown.
    """
    section.only(
        *("model", "code", "scoringScript", "environment", "description", "tags", "environmentVariables"),
        *(each.key for each in SETTINGS.values()),
    )
    scoring = _read_scoring(section, most_nodes)
    code = read_path(section, "code", root, folder=True, what="the folder with the scoring script")
    return {
        "model": read_model(section.section("model", of="a model"), root),
        "code": code,
        "scoring_script": read_script(section, root, code),
        "environment": read_environment(section.section("environment", of="an environment"), root),
        "description": section.text("description", "", pattern=".*", allowed="a text", example="What it does"),
        "tags": section.flat("tags", of="tags", example="VALUE"),
        "environment_variables": section.flat("environmentVariables", of="environment variables", example="VALUE"),
        "settings": scoring,
    }


def _read_scoring(section: Section, most_nodes: int | None) -> ScoringSettings:
    """Read a deployment's scoring settings; `most_nodes` is the cluster's `maxNodes`, None if unknown."""
    defaults = ScoringSettings()
    values: dict[str, Any] = {
        name: _read_setting(section, each, getattr(defaults, name)) for name, each in SETTINGS.items()
    }
    settings = ScoringSettings(**values)
    if most_nodes is not None and settings.instance_count > most_nodes:
        bound = section.problems.public("cluster", f"{most_nodes}, which is cluster.maxNodes", "cluster.maxNodes")
        section.wrong("instanceCount", f"at most {bound}", section.problems.public("cluster", most_nodes, "NODES"))
    return settings


def _read_setting(section: Section, setting: Setting, default: int | str) -> Any:
    if isinstance(default, int):
        return section.whole(setting.key, default, least=setting.least or 0, most=setting.most, unit=setting.unit)
    if setting.words:
        return section.choice(setting.key, default, setting.words)
    return section.text(setting.key, default, pattern=setting.pattern, allowed=setting.unit, example=default)
