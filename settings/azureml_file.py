"""`from` of an endpoint or deployment: a YAML file of the Azure ML CLI, for what the stack file does not set.

Such a file was written for Azure's own tools, so it may have what git does not fix: the label or tag `latest`. The
stack file's own keys win, key by key; an object such as `environment` replaces the file's as a whole.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from modelops.azureml_yaml.deployment import read_deployment
from modelops.azureml_yaml.endpoint import read_endpoint
from modelops.azureml_yaml.reading import Reading
from settings.content import is_there, read_path
from settings.section import Section


@dataclass(frozen=True)
class _Filled(Section):
    """An object with the values of a file; only those may be what git does not fix."""

    own: frozenset[str] = frozenset()

    def section(self, key: str, *, of: str) -> Section:
        """Read a nested object; see `Section.section`."""
        return replace(super().section(key, of=of), lenient=key not in self.own)


_REQUIRED: Final = ("model", "code", "scoringScript", "environment", "compute")
"""Keys of a deployment that the stack file need not set if the file does."""


def deployment(section: Section, root: Path, *, one_cluster: bool) -> Section:
    """Return a deployment with the values of the file that its `from` names; itself without one.

    Problems of the file are recorded; what is missing because of them is not reported a second time.

    Args:
        section: The deployment's object.
        root: The program's folder.
        one_cluster: Whether the stack has one cluster without a name, so that any name in a file means that one.
    """
    filled = _filled_in(section, root, "a deployment", lambda file: read_deployment(file, root, section.path[-1]))
    if one_cluster and isinstance(filled, _Filled) and "compute" not in filled.own and "compute" in filled.values:
        place = section.problems.origins[section.at("compute")]
        section.problems.warnings.append(
            f"{place}: compute is {filled.values['compute']!r}, but the stack has only one cluster (the key cluster), "
            "which is used."
        )
        return replace(filled, values={key: value for key, value in filled.values.items() if key != "compute"})
    return filled


def endpoint(section: Section, root: Path) -> Section:
    """Return an endpoint with the values of the file that its `from` names: see `deployment`."""
    filled = _filled_in(section, root, "an endpoint", read_endpoint)
    if section.problems.is_unread(section.path):
        section.problems.warn(section.at("from"), "cannot be read, so description and tags are those of the stack file")
    return filled


def _filled_in(section: Section, root: Path, of: str, read: Callable[[Path], Reading]) -> Section:
    if "from" not in section.values:
        return section
    own = {key: value for key, value in section.values.items() if key != "from"}
    name = read_path(section, "from", root, folder=False, what=f"{of}'s YAML file")
    can_be_read = is_there(root / name, folder=False) and not section.problems.hides(section.path)
    reading = read(root / name) if name and can_be_read else None
    if name and reading is None:
        section.problems.unread.add(section.at("from"))
    if reading is None or not reading.values:
        section.problems.silenced.update(section.at(key) for key in _REQUIRED if key not in own)
    if reading is None:
        return replace(section, values=own)
    _report(reading, own, section, name)
    values = {**reading.values, **_merged(own, reading.values)}
    return _Filled(section.path, values, section.problems, own=_replaced(own))


def _report(reading: Reading, own: Mapping[str, Any], section: Section, name: str) -> None:
    """Record what is wrong or remarkable in the file, unless the stack file sets that key; and the values' lines."""
    for each in sorted(reading.problems, key=lambda problem: problem.line):
        if each.word not in own:
            section.problems.add_in_file(section.at("from"), name, each.line, each.text)
            section.problems.unread.add(section.at("from"))
            section.problems.silenced.add(section.at(each.word))
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
