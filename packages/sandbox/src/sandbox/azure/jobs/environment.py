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


async def interpreter(
    environments: Environments, spec: EnvironmentSpec | None, say: Callable[[str], None], *, script: bool = True
) -> Path:
    """Return the interpreter for a deployment's environment; ``say`` gets remarks and the progress of a build.

    ``script``: the deployment has a scoring script, so its conda file lists what the service's driver needs.

    Raises:
        JobFailed: ``ImageBuildFailure``, with the reasons.
    """
    if spec is None:
        raise JobFailed("'Environment Id' must not be empty.")
    name = f"{spec.name}:{spec.version}"
    if not spec.conda_file.strip():
        raise image_build_failed(name, [NOT_REHEARSED])
    try:
        if script and (missing := CondaFile.read(spec.conda_file).missing_for_azure):
            say(f"Azure needs {' and '.join(missing)} in the environment of a deployment with a scoring script")
        return await environments.python(spec.conda_file, say)
    except CannotProvide as error:
        raise image_build_failed(name, error.problems) from None
