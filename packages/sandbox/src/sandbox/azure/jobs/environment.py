"""The Python that a job runs on: that of its deployment's environment, as far as this machine has or builds it."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.environments.conda_file import CondaFile
from sandbox.azure.environments.failures import CannotProvide
from sandbox.azure.environments.preview import NOT_REHEARSED
from sandbox.azure.environments.stand_ins import StandIns
from sandbox.azure.jobs.context import JobContext
from sandbox.azure.jobs.failures import JobFailed, image_build_failed
from sandbox.azure.jobs.request import EnvironmentSpec


async def interpreter(
    context: JobContext, spec: EnvironmentSpec | None, say: Callable[[str], None], *, script: bool = True
) -> Path:
    """Return the interpreter for a deployment's environment; ``say`` gets remarks and the progress of a build.

    ``script``: the deployment has a scoring script, so its conda file lists what the service's driver needs.

    Raises:
        JobFailed: ``ImageBuildFailure``, with the reasons.
    """
    if spec is None:
        raise JobFailed("'Environment Id' must not be empty.")
    name = f"{spec.name}:{spec.version}"
    stand_in = StandIns(context.store).find(*_contents(context.blobs, spec))
    if stand_in is not None:
        say("a conda file stands in for it (`rehearseWith`)")
    conda_file = stand_in or spec.conda_file
    if not conda_file.strip():
        raise image_build_failed(name, [f"it {NOT_REHEARSED} at the environment in the stack file."])
    try:
        wanted = CondaFile.read(conda_file)
        if script and not stand_in and (missing := wanted.missing_for_azure):
            say(f"Azure needs {' and '.join(missing)} in the environment of a deployment with a scoring script")
        return await context.environments.python(wanted, say)
    except CannotProvide as error:
        raise image_build_failed(name, error.problems) from None


def _contents(blobs: BlobStore, spec: EnvironmentSpec) -> Iterator[dict[str, Any]]:
    """Yield what a stack file may have called this environment (``stand_ins.key_of``)."""
    yield {"registry": spec.registry, "name": spec.name, "version": spec.version}
    yield {"registry": spec.registry, "name": spec.name}  # of a version that a label names
    if spec.image:
        yield {"image": spec.image, "conda": spec.conda_file}
    if spec.build is not None and spec.build.files is not None:
        its = spec.build.files
        files = {
            name.removeprefix(its.prefix): hashlib.sha256(blobs.read(its.account, its.container, name)).hexdigest()
            for name in blobs.list(its.account, its.container, its.prefix)
        }
        yield {"build": {"dockerfilePath": spec.build.dockerfile, "files": files}}
