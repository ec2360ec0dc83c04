"""The Python that a job runs on: that of its deployment's environment, as far as this machine has or builds it."""

from collections.abc import Callable
from pathlib import Path

from sandbox.azure.environments.conda_file import CondaFile
from sandbox.azure.environments.failures import CannotProvide
from sandbox.azure.environments.provider import Environments
from sandbox.azure.jobs.failures import JobFailed, image_build_failed
from sandbox.azure.jobs.request import EnvironmentSpec

NOT_REHEARSED = (
    "it has no conda file, and nothing here runs images: cannot be rehearsed. Name a conda file that stands in for it"
    " with `rehearseWith` at the environment."
)


<<<<<<< HEAD
def check(
    spec: EnvironmentSpec | None, *, interpreter: str = platform.python_version(), drivers_own: bool = True
) -> list[str]:
    """Return notes on packages that could not be checked, and on a different Python version than ``interpreter``.

    ``drivers_own``: the packages of the service's driver must be declared; to what MLflow saved, the service adds them.
    A different Python does not fail the job: the project runs on several versions, and its example names one.
=======
async def interpreter(environments: Environments, spec: EnvironmentSpec | None, say: Callable[[str], None]) -> Path:
    """Return the interpreter for a deployment's environment; ``say`` gets remarks and the progress of a build.
>>>>>>> main

    Raises:
        JobFailed: ``ImageBuildFailure``, with the reasons.
    """
    if spec is None:
        raise JobFailed("'Environment Id' must not be empty.")
    name = f"{spec.name}:{spec.version}"
    if not spec.conda_file.strip():
<<<<<<< HEAD
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
=======
        raise image_build_failed(name, [NOT_REHEARSED])
>>>>>>> main
    try:
        if missing := CondaFile.read(spec.conda_file).missing_for_azure:
            say(f"Azure needs {' and '.join(missing)} in the environment of a deployment with a scoring script")
        return await environments.python(spec.conda_file, say)
    except CannotProvide as error:
        raise image_build_failed(name, error.problems) from None
