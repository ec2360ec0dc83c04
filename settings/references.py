"""Azure ML's references to models and environments, which are texts: `azureml:NAME:VERSION` and a registry's URI.

The stack file may have them instead of an object. Labels are refused here, as `latest` is everywhere in a stack file,
and so are ids of a workspace, which may be another than the stack's.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from components import names
from modelops.azureml_yaml.references import LATEST, Kind, Reference, WrongReference, parse
from settings.problems import setting
from settings.section import Section

_ANY: Final = "azureml:NAME:VERSION"


def referenced(section: Section, key: Kind, *, of: str) -> Section | None:
    """Read an object, or the reference that stands for it.

    Args:
        section: The object that holds the key.
        key: The key.
        of: What it describes.

    Returns: The object, with `name`, `version` and perhaps `registry` of the reference; None for anything else,
        which is recorded.
    """
    value = section.values.get(key)
    if not isinstance(value, str):
        read = section.section(key, of=of)
        return read if value is None or isinstance(value, Mapping) else None
    found = _read(value, key)
    if found and found.version not in (None, LATEST) and not found.is_elsewhere:
        return Section(section.at(key), found.words, section.problems, section.lenient)
    section.problems.add(
        section.at(key),
        section.shown(key),
        f"Allowed: {_ANY}, azureml://registries/REGISTRY/{key}s/NAME/versions/VERSION (not latest or another label: "
        f"the same configuration must always mean the same version), or an object that describes {of}; "
        "docs/models-and-environments.md has its keys.",
        setting(section.at(key), section.problems.public("endpoints", _meant(value, key), _ANY)),
    )
    return None


def _read(text: str, kind: Kind) -> Reference | None:
    """Return what a text refers to; None for any other text, or a name that Azure does not allow."""
    with suppress(WrongReference):
        found = parse(text, kind)
        return found if names.USED_ASSET.problem(found.name) is None else None
    return None


def _meant(value: str, kind: Kind) -> str:
    """Return what the user may have meant, with capital letters for what is to be filled in."""
    if found := re.match(rf"azureml://registries/([^/\s]+)/{kind}s?/({names.USED_ASSET.pattern})", value):
        return f"azureml://registries/{found[1]}/{kind}s/{found[2]}/versions/VERSION"
    text = re.sub(rf":{LATEST}$", f"@{LATEST}", value)
    meant = _read(text, kind) or _read(f"azureml:{text}", kind)
    return f"azureml:{meant.name}:{meant.version or 'VERSION'}" if meant else _ANY
