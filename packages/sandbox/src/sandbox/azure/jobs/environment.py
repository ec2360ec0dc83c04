"""Whether a deployment's environment can stand for the one that the service would build from its conda file.

The sandbox builds no image. A job runs in the sandbox's own interpreter, so what the conda file pins must be installed
there in the very version; what only the service's driver needs must be declared and need not be installed. Another
version of Python itself is only remarked on.
"""

import platform
import re
from importlib import metadata

import yaml

from sandbox.azure.jobs.failures import JobFailed, image_build_failed
from sandbox.azure.jobs.request import EnvironmentSpec

REQUIRED = ("azureml-core", "azureml-dataset-runtime", "pip")
"""What a custom environment of a batch deployment must hold
(https://learn.microsoft.com/azure/machine-learning/how-to-use-batch-model-deployments)."""

_DRIVERS_OWN = frozenset({*REQUIRED, "setuptools", "wheel", "python"})
_REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.-]*)\s*(?:\[[\w\s,.-]*\])?\s*(.*)$")
_MINOR = re.compile(r"^={1,2}\s*(\d+)\.(\d+)")
_PIN = re.compile(r"^={1,3}\s*([^\s,*]+)$")


def check(spec: EnvironmentSpec | None, *, interpreter: str = platform.python_version()) -> list[str]:
    """Return remarks about what could not be checked, and about a Python that is not the ``interpreter``'s version.

    The latter fails no job: the project runs on several versions of Python, and its example names one of them.

    Raises:
        JobFailed: ``ImageBuildFailure``, naming each package that is missing or of another version.
    """
    if spec is None:
        raise JobFailed("'Environment Id' must not be empty.")
    name = f"{spec.name}:{spec.version}"
    if not spec.conda_file.strip():
        raise image_build_failed(name, ["it has no conda file, so nobody here can tell what its image holds."])
    conda, pip = _dependencies(name, spec.conda_file)
    declared = {_parse(line)[0] for line in (*conda, *pip)}
    problems = [f"it does not declare '{package}'." for package in REQUIRED if package not in declared]
    remarks = _python_remarks(conda, interpreter)
    for line in pip:
        problems += _problem(line)
    for line in conda:
        package, rest = _parse(line)
        if package in _DRIVERS_OWN or _installed(package) is not None:
            problems += _conda_problem(package, rest)
        else:
            remarks.append(f"conda package '{package}' is no Python package of this environment: not checked")
    if problems:
        raise image_build_failed(name, problems)
    return remarks


def _python_remarks(conda: list[str], interpreter: str) -> list[str]:
    """Return a remark for each line that asks for a Python of another minor version."""
    running = interpreter.split(".")[:2]
    asked = [(line, _MINOR.match(rest)) for line in conda for package, rest in [_parse(line)] if package == "python"]
    return [
        f"'{line}' is asked for, and jobs here run on Python {interpreter}: what depends on that may differ"
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
    """Return a requirement's package name (in canonical form) and the rest: its version."""
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
        return [f"the sandbox cannot judge the requirement '{line}'."]
    found = _installed(package)
    pin = _PIN.match(rest)
    if found is None:
        return [f"'{line}' is not installed."]
    if pin is not None and pin[1] != found:
        return [f"'{line}' is asked for, {package} {found} is installed."]
    return []


def _conda_problem(package: str, rest: str) -> list[str]:
    found = _installed(package)
    wanted = rest.strip("=").split("=")[0]
    if package in _DRIVERS_OWN or found is None or not rest.startswith("=") or "*" in wanted:
        return []
    # In conda, one "=" means: this version and what begins with it.
    matches = found == wanted or (not rest.startswith("==") and found.startswith(f"{wanted}."))
    return [] if matches else [f"'{package}{rest}' is asked for, {package} {found} is installed."]
