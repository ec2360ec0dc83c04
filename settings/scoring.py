"""A deployment's scoring settings, read with their table: modelops/plan/scoring_settings.py."""

from typing import Any

from modelops.plan.scoring_settings import SETTINGS, ScoringSettings, Setting
from settings.section import Section


def read_scoring(section: Section, most_nodes: int | None) -> ScoringSettings:
    """Read all scoring settings.

    Args:
        section: The deployment's object.
        most_nodes: The cluster's `maxNodes`, which no deployment's `instanceCount` may exceed; None if unknown.
    """
    defaults = ScoringSettings()
    values: dict[str, Any] = {name: _read(section, each, getattr(defaults, name)) for name, each in SETTINGS.items()}
    settings = ScoringSettings(**values)
    if most_nodes is not None and settings.instance_count > most_nodes:
        bound = section.problems.public("cluster", f"{most_nodes}, which is cluster.maxNodes", "cluster.maxNodes")
        section.wrong("instanceCount", f"at most {bound}", section.problems.public("cluster", most_nodes, "NODES"))
    return settings


def _read(section: Section, setting: Setting, default: int | str) -> Any:
    if isinstance(default, int):
        return section.whole(setting.key, default, least=setting.least or 0, most=setting.most, unit=setting.unit)
    if setting.words:
        return section.choice(setting.key, default, setting.words)
    return section.text(setting.key, default, pattern=setting.pattern, allowed=setting.unit, example=default)
