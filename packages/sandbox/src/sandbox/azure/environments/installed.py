"""Without a package index: whether the sandbox's own environment has what a conda file asks for.

Packages that only the service's driver needs may be missing, and another version of Python is only remarked on.
"""

import platform
from importlib import metadata

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from sandbox.azure.environments.conda_file import AZURES_OWN, CondaFile
from sandbox.azure.environments.failures import CannotProvide

_NOT_THE_SCRIPTS = frozenset({*AZURES_OWN, "pip", "setuptools", "wheel"})
_SAME_CODE = {"mlflow": "mlflow-skinny"}
"""mlflow-skinny is mlflow without its server (https://mlflow.org/docs/latest/ml/tracking/lightweight-sdk)."""


def check(wanted: CondaFile, *, interpreter: str = platform.python_version()) -> list[str]:
    """Return remarks on what differs; ``interpreter`` is the version of the Python that jobs run on here.

    Raises:
        CannotProvide: a package is missing or has another version; each is named.
    """
    problems, remarks = [], _python_remarks(wanted, interpreter)
    for line in wanted.pip:
        if line.requirement is None or line.requirement.url:
            problems.append(f"'{line.text}' names an address, and without a package index nothing is fetched from it.")
        elif line.name not in _NOT_THE_SCRIPTS:
            problems += _problem(line.text, line.requirement)
    for package in wanted.packages:
        if package.name in _NOT_THE_SCRIPTS:
            continue
        if _installed(package.name) is None:
            remarks.append(f"conda package '{package.text}' is not installed here: not checked")
        else:
            problems += _problem(package.text, Requirement(package.requirement))
    remarks += [f"conda package '{name}' is not a Python package: left out" for name in wanted.left_out]
    if problems:
        raise CannotProvide(problems)
    return remarks


def _python_remarks(wanted: CondaFile, interpreter: str) -> list[str]:
    if wanted.python is None or same_minor(wanted.python_versions, interpreter):
        return []
    return [f"'{wanted.python.text}' is required, but jobs here run on Python {interpreter}: results may differ"]


def same_minor(versions: SpecifierSet, interpreter: str) -> bool:
    """Say whether an interpreter's version is allowed, or differs in the last number only."""
    minor = interpreter.rpartition(".")[0]
    named = [each.version.removesuffix(".*").split(".")[:2] for each in versions if each.operator == "=="]
    return versions.contains(interpreter, prereleases=True) or any(".".join(each) == minor for each in named)


def _installed(package: str) -> str | None:
    for name in (package, _SAME_CODE.get(package)):
        try:
            if name:
                return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def _problem(text: str, requirement: Requirement) -> list[str]:
    if requirement.marker is not None and not requirement.marker.evaluate():
        return []
    found = _installed(requirement.name)
    if found is None:
        return [f"'{text}' is not installed."]
    if not requirement.specifier.contains(found, prereleases=True):
        return [f"'{text}' is required, but {requirement.name} {found} is installed."]
    return []
