"""A step's files on disk."""

from pathlib import Path, PurePosixPath

from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.jobs.failures import JobFailed
from sandbox.azure.jobs.files import blob_path, inside, stage_code, stage_file
from sandbox.azure.jobs.pipelines.request import Step
from sandbox.azure.jobs.request import InputLocation


def stage(blobs: BlobStore, step: Step, root: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Copy code and inputs below ``root``; return the values of the inputs, and the folders of the outputs.

    It takes time: call it in a thread.

    Raises:
        JobFailed: an input or the code does not exist.
    """
    code = root / "code"
    code.mkdir(parents=True)
    if step.code is not None:
        stage_code(blobs, step.code, code)
    inputs = {
        name: given if isinstance(given, str) else _copy_input(blobs, given, root / "inputs" / name, name)
        for name, given in step.inputs.items()
    }
    outputs = {name: str(root / "outputs" / name) for name in step.outputs}
    for folder in outputs.values():
        Path(folder).mkdir(parents=True)
    return inputs, outputs


def _copy_input(blobs: BlobStore, place: InputLocation, target: Path, what: str) -> str:
    """Copy a folder or a file; return the path of the folder, or of the file."""
    target.mkdir(parents=True)
    if place.kind == "file":
        file = PurePosixPath(place.path).name
        if place.path not in blobs.list(place.account, place.container, place.path):
            raise _not_there(what, place)
        return str(_copy(blobs, place, place.path, inside(target, file)))
    names = blobs.list(place.account, place.container, place.path)
    if not names:
        raise _not_there(what, place)
    for name in names:
        if not name.endswith("/"):
            _copy(blobs, place, name, inside(target, name.removeprefix(place.path)))
    return str(target)


def _copy(blobs: BlobStore, place: InputLocation, name: str, file: Path) -> Path:
    stage_file(blob_path(blobs, place.account, place.container, name, "input"), file)
    return file


def _not_there(what: str, place: InputLocation) -> JobFailed:
    return JobFailed(
        "ScriptExecutionException was caused by StreamAccessException. The input"
        f" '{what}', '{place.path}' in container '{place.container}' of '{place.account}', was not found."
    )
