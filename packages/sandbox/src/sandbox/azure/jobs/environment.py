"""Checks whether this Python environment matches the one that the service would build from a conda file.

The sandbox builds no image. A job runs in the sandbox's own interpreter, so the packages in the conda file must be
installed there in exactly those versions; packages that only the service's driver needs must be declared but not
installed. A different version of Python is only noted.
"""

import platform
import re
from importlib import metadata

import yaml

from sandbox.azure.jobs.failures import JobFailed, image_build_failed
from sandbox.azure.jobs.request import EnvironmentSpec

REQUIRED = ("azureml-core", "azureml-dataset-runtime", "pip")
"""Packages that a custom environment of a batch deployment must have
(https://learn.microsoft.com/azure/machine-learning/how-to-use-batch-model-deployments)."""

_DRIVERS_OWN = frozenset({*REQUIRED, "setuptools", "wheel", "python"})
_REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.-]*)\s*(?:\[[\w\s,.-]*\])?\s*(.*)$")
_MINOR = re.compile(r"^={1,2}\s*(\d+)\.(\d+)")
_PIN = re.compile(r"^={1,3}\s*([^\s,*]+)$")


def check(
    spec: EnvironmentSpec | None, *, interpreter: str = platform.python_version(), drivers_own: bool = True
) -> list[str]:
    """Return notes on packages that could not be checked, and on a different Python version than ``interpreter``.

    ``drivers_own``: the packages of the service's driver must be declared; to what MLflow saved, the service adds them.
    A different Python does not fail the job: the project runs on several versions, and its example names one.

    Raises:
        JobFailed: ``ImageBuildFailure``, naming each missing package or wrong version.
    """
    if spec is None:
        raise JobFailed("'Environment Id' must not be empty.")
    name = f"{spec.name}:{spec.version}"
    if not spec.conda_file.strip():
        raise image_build_failed(name, ["it has no conda file, and the sandbox cannot look into an image."])
    conda, pip = _dependencies(name, spec.conda_file)
    declared = {_parse(line)[0] for line in (*conda, *pip)}
    problems = [f"it does not declare '{package}'." for package in REQUIRED if drivers_own and package not in declared]
    remarks = _python_remarks(conda, interpreter)
    for line in pip:
        problems += _problem(line)
    for line in conda:
        package, rest = _parse(line)
        if package in _DRIVERS_OWN or _installed(package) is not None:
            problems += _conda_problem(package, rest)
        else:
            remarks.append(f"conda package '{package}' is not a Python package of this environment: not checked")
    if problems:
        raise image_build_failed(name, problems)
    return remarks


def _python_remarks(conda: list[str], interpreter: str) -> list[str]:
    """Return a note for each line with another minor version of Python."""
    running = interpreter.split(".")[:2]
    asked = [(line, _MINOR.match(rest)) for line in conda for package, rest in [_parse(line)] if package == "python"]
    return [
        f"'{line}' is required, but jobs here run on Python {interpreter}: results may differ"
        for line, version in asked
        if version is not None and list(version.groups()) != running
    ]


def _dependencies(name: str, text: str) -> tuple[list[str], list[str]]:
    try:
        data = yaml.safe_load(text)
        entries = data["dependencies"]
        nested = [entry for entry in entries if isinstance(entry, dict)]
        conda = [entry for entry in entries if isinstance(entry, str)]
        pip = [line for entry in nested for line in entry["pip"]]
    except (yaml.YAMLError, TypeError, KeyError) as error:
        raise image_build_failed(name, [f"its conda file cannot be read ({error})."]) from None
    return conda, [str(line) for line in pip]


def _parse(line: str) -> tuple[str, str]:
    """Return a requirement's package name (canonical) and the rest: its version."""
    match = _REQUIREMENT.match(line.strip().rpartition("::")[2])
    return (re.sub(r"[-_.]+", "-", match[1]).lower(), match[2].strip()) if match else (line, "")


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _problem(line: str) -> list[str]:
    package, rest = _parse(line)
    if package in _DRIVERS_OWN:
        return []
    if package == line or (rest and rest[0] not in "=<>!~"):
        return [f"the sandbox cannot check the requirement '{line}': pin a version with ==."]
    found = _installed(package)
    pin = _PIN.match(rest)
    if found is None:
        return [f"'{line}' is not installed."]
    if pin is not None and pin[1] != found:
        return [f"'{line}' is required, but {package} {found} is installed."]
    return []


def _conda_problem(package: str, rest: str) -> list[str]:
    found = _installed(package)
    wanted = rest.strip("=").split("=")[0]
    if package in _DRIVERS_OWN or found is None or not rest.startswith("=") or "*" in wanted:
        return []
    # In conda, a single "=" means this version as a prefix.
    matches = found == wanted or (not rest.startswith("==") and found.startswith(f"{wanted}."))
    return [] if matches else [f"'{package}{rest}' is required, but {package} {found} is installed."]
