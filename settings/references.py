"""Azure ML's references to models and environments, which are texts: `azureml:NAME:VERSION` and a registry's URI.

The stack file may have them instead of an object. Labels are refused here, as `latest` is everywhere in a stack file.
https://learn.microsoft.com/azure/machine-learning/reference-yaml-core-syntax describes both.
"""

import re

from components import names
from settings.problems import setting
from settings.section import Section

_NAME = rf"(?P<name>{names.USED_ASSET.pattern})"
_REGISTRY = rf"azureml://registries/(?P<registry>[^/\s]+)/%s/{_NAME}"
_VERSION = r"(?P<version>(?!latest$)[^:@/\s]+)"


def referenced(section: Section, key: str, *, of: str, collection: str) -> Section | None:
    """Read an object, or the reference that stands for it.

    Args:
        section: The object that holds the key.
        key: The key.
        of: What it describes.
        collection: The kind of asset in Azure's URIs: `models` or `environments`.

    Returns: The object, with `name`, `version` and perhaps `registry` of the reference; None if the reference is wrong,
        which is recorded.
    """
    value = section.values.get(key)
    if not isinstance(value, str):
        return section.section(key, of=of)
    registry = _REGISTRY % collection
    for pattern in (f"azureml:{_NAME}:{_VERSION}", f"{registry}/versions/{_VERSION}"):
        if found := re.fullmatch(pattern, value):
            return Section(section.at(key), found.groupdict(), section.problems, section.lenient)
    section.problems.add(
        section.at(key),
        section.shown(key),
        f"Allowed: azureml:NAME:VERSION, azureml://registries/REGISTRY/{collection}/NAME/versions/VERSION (not latest "
        "or another label: the same configuration must always mean the same version), or an object that describes "
        f"{of}; docs/configuration.md has its keys.",
        setting(section.at(key), section.problems.public("endpoints", _meant(value, collection), _ANY)),
    )
    return None


_ANY = "azureml:NAME:VERSION"


def _meant(value: str, collection: str) -> str:
    """Return what the user may have meant, with capital letters for what is to be filled in."""
    if found := re.match(rf"azureml://registries/(?P<registry>[^/\s]+)/{collection}?/{_NAME}", value):
        return f"azureml://registries/{found['registry']}/{collection}/{found['name']}/versions/VERSION"
    if found := re.search(rf"/{collection}/{_NAME}/versions/{_VERSION}", value):  # an ARM id
        return f"azureml:{found['name']}:{found['version']}"
    if found := re.match(rf"(azureml:)?{_NAME}(@|:latest$|$)", value):
        return f"azureml:{found['name']}:VERSION"
    return _ANY
