"""`from` of an endpoint or deployment: a YAML file of the Azure ML CLI, for what the stack file does not set.

Such a file was written for Azure's own tools, so it may have what git does not fix: the label or tag `latest`. The
stack file's own keys win, key by key; an object such as `environment` replaces the file's as a whole.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modelops.azureml_yaml.deployment import read_deployment
from modelops.azureml_yaml.endpoint import read_endpoint
from modelops.azureml_yaml.reading import Reading
from settings.content import read_path
from settings.section import Section


@dataclass(frozen=True)
class _Filled(Section):
    """An object with the values of a file; only those may be what git does not fix."""

    own: frozenset[str] = frozenset()

    def section(self, key: str, *, of: str) -> Section:
        """Read a nested object; see `Section.section`."""
        return replace(super().section(key, of=of), lenient=key not in self.own)


def deployment(section: Section, root: Path, *, one_cluster: bool) -> Section | None:
    """Return a deployment with the values of the file that its `from` names; itself without one.

    Args:
        section: The deployment's object.
        root: The program's folder.
        one_cluster: Whether the stack has one cluster without a name, so that any name in a file means that one.

    Returns: None if the file cannot be used; its problems are recorded.
    """
    filled = _filled_in(section, root, "a deployment", lambda file: read_deployment(file, root, section.path[-1]))
    if one_cluster and isinstance(filled, _Filled) and "compute" not in filled.own and "compute" in filled.values:
        place = section.problems.origins[section.at("compute")]
        section.problems.warnings.append(
            f"{place}: compute is {filled.values['compute']!r}: the stack has one cluster, described by cluster, which "
            "is used."
        )
        return replace(filled, values={key: value for key, value in filled.values.items() if key != "compute"})
    return filled


def endpoint(section: Section, root: Path) -> Section | None:
    """Return an endpoint with the values of the file that its `from` names: see `deployment`."""
    return _filled_in(section, root, "an endpoint", read_endpoint)


def _filled_in(section: Section, root: Path, of: str, read: Callable[[Path], Reading]) -> Section | None:
    if "from" not in section.values:
        return section
    own = {key: value for key, value in section.values.items() if key != "from"}
    name = read_path(section, "from", root, folder=False, what=f"{of}'s YAML file")
    if not name:
        return None
    reading = read(root / name)
    if not _is_usable(reading, own, section, name):
        return None
    _report(reading, own, section, name)
    values = {**reading.values, **_merged(own, reading.values)}
    return _Filled(section.path, values, section.problems, own=_replaced(own))


def _is_usable(reading: Reading, own: Mapping[str, Any], section: Section, name: str) -> bool:
    """Record the file's problems; those of keys that the stack file sets do not matter."""
    found = [each for each in reading.problems if each.word not in own]
    for each in sorted(found, key=lambda problem: problem.line):
        section.problems.add_in_file(section.at("from"), name, each.line, each.text)
    return not found


def _report(reading: Reading, own: Mapping[str, Any], section: Section, name: str) -> None:
    """Record the file's warnings, and the lines of its values for problems that are found later."""
    for each in reading.warnings:
        if each.word not in own:
            section.problems.warnings.append(f"{name}:{each.line}: {each.text}")
    for path, line in reading.lines.items():
        if path[0] not in own:
            section.problems.origins[*section.path, *path] = f"{name}:{line}"


def _replaced(own: Mapping[str, Any]) -> frozenset[str]:
    """Return the keys whose objects are the stack file's alone."""
    return frozenset(own) - ({"environment"} if _only_rehearses(own) else set())


def _merged(own: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stack file's values; `rehearseWith`, which no such file has, is added to the file's environment."""
    if not _only_rehearses(own):
        return dict(own)
    return {**own, "environment": {**values.get("environment", {}), **own["environment"]}}


def _only_rehearses(own: Mapping[str, Any]) -> bool:
    environment = own.get("environment")
    return isinstance(environment, Mapping) and set(environment) == {"rehearseWith"}
