"""A job's files on disk: its folder, its input, model and code, and its output.

::

    <home>/jobs/<job>/input/…   the blobs, with their names
                      model/…   AZUREML_MODEL_DIR
                      code/…    the snapshot's root
                      output/…  AZUREML_BI_OUTPUT_PATH
                      work/…    each process's current folder
                      run/…     the log files, in the service's layout

Nothing here shares a file with the store: a script, or a program that it starts, may write to whatever it reads.
"""

import errno
import glob
import random
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from sandbox.azure.blobs.files import copy
from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.jobs.failures import JobFailed, output_exists
from sandbox.azure.jobs.request import CodeFiles, InputLocation, JobRequest, ModelFiles, OutputLocation
from sandbox.azure.jobs.tree import Tree, is_real

_NAME_BYTES = 255
"""The longest name of a file on Linux and macOS; a blob's may have 1024 characters."""


@dataclass(frozen=True, slots=True)
class JobFolder:
    """The paths of one job."""

    root: Path

    def __post_init__(self) -> None:
        for folder in (self.input, self.model, self.code, self.output, self.work, self.logs):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def input(self) -> Path:
        """Where the input's files are."""
        return self.root / "input"

    @property
    def model(self) -> Path:
        """The folder of AZUREML_MODEL_DIR."""
        return self.root / "model"

    @property
    def code(self) -> Path:
        """The code snapshot."""
        return self.root / "code"

    @property
    def output(self) -> Path:
        """The folder of AZUREML_BI_OUTPUT_PATH."""
        return self.root / "output"

    @property
    def work(self) -> Path:
        """The parent of the processes' current folders."""
        return self.root / "work"

    @property
    def logs(self) -> Path:
        """The run's files for users (``logs/…``, ``user_logs/…``) are below this."""
        return self.root / "run"


@dataclass(slots=True)
class Staged:
    """The paths of the files to score, unordered, and how many files in sub-folders of the input are not scored."""

    files: list[str]
    left_out: int = 0


def stage_script(blobs: BlobStore, request: JobRequest, folder: JobFolder) -> None:
    """Copy model and code into the job's folder. This may take a while: call it in a thread.

    Raises:
        JobFailed: one of them does not exist.
    """
    _stage_model(blobs, request.model, folder.model)
    if request.code is not None:
        stage_code(blobs, request.code, folder.code)


def count_input(blobs: BlobStore, location: InputLocation) -> int:
    """Return how many files the input has at most."""
    if location.kind == "file":
        return 1
    return len(blobs.list(location.account, location.container, location.path))


def check_output_free(blobs: BlobStore, output: OutputLocation) -> None:
    """Refuse an existing output file.

    Raises:
        JobFailed: it is.
    """
    name = f"{output.prefix}{output.file_name}"
    if name in blobs.list(output.account, output.container, name):
        raise output_exists(f"{output.container}/{name}")


def merge_output(folder: Path, file_name: str) -> None:
    """Merge every ``temp_*_*_<file name>`` of the folder into a new ``<file name>``, and remove them.

    Raises:
        JobFailed: the script has made a folder of that name, or has replaced the output folder.
    """
    if not is_real(folder):
        raise JobFailed("The script has replaced its output folder, by a link for example. Nothing was stored.")
    parts = list(folder.glob(f"temp_*_*_{glob.escape(file_name)}"))
    random.shuffle(parts)  # the service does not define an order
    merged = folder / file_name
    if merged.is_dir() and not merged.is_symlink():
        raise JobFailed(f"The script has made a folder '{file_name}' in the output, where the file of this name goes.")
    # What the script has put there may be a pipe, which nobody reads, or a link.
    merged.unlink(missing_ok=True)
    with merged.open("xb") as out:
        for part in parts:
            if stat.S_ISREG(part.lstat().st_mode):
                with part.open("rb") as rows:
                    shutil.copyfileobj(rows, out, 1 << 20)
                part.unlink()


def upload_output(blobs: BlobStore, folder: Path, output: OutputLocation) -> str | None:
    """Move every file below the folder into the datastore; return a sentence about what was left out.

    Raises:
        JobFailed: the container does not exist.
    """
    tree = Tree.of(folder, output.prefix)
    for file, name in tree.files:
        try:
            blobs.adopt(output.account, output.container, f"{output.prefix}{name}", file)
        except KeyError as error:
            raise JobFailed(f"The output cannot be written: {error.args[0]}.") from None
    return tree.told


def _stage_model(blobs: BlobStore, model: ModelFiles, target: Path) -> None:
    if model.kind == "file":
        stage_file(blob_path(blobs, model.account, model.container, model.path, "model"), target / model.name)
        return
    names = blobs.list(model.account, model.container, model.path)
    if not names:
        raise JobFailed(f"The model's folder '{model.container}/{model.path}' is empty or was deleted.")
    for name in names:
        source = blob_path(blobs, model.account, model.container, name, "model")
        stage_file(source, inside(target / model.name, name.removeprefix(model.path)))


def stage_file(source: str | Path, target: str | Path, folders: set[str] | None = None) -> None:
    """Copy a blob's file; ``folders`` are those that exist, to which the target's is added.

    Raises:
        JobFailed: the blob's name is not a file's path here, or it was deleted meanwhile.
    """
    folders = set() if folders is None else folders
    parent, _, name = str(target).rpartition("/")
    try:
        if parent not in folders:
            Path(parent).mkdir(parents=True, exist_ok=True)
            folders.add(parent)
        copy(source, target)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise JobFailed(f"'{name}' is both a file and a folder, which a mount cannot show.") from None
    except FileNotFoundError:
        raise JobFailed(f"'{name}' was deleted while the job was being prepared.") from None
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise JobFailed(f"The name '{name}' is too long for a file: most are {_NAME_BYTES} bytes.") from None


def stage_code(blobs: BlobStore, code: CodeFiles, target: Path) -> None:
    """Copy a code snapshot into a folder.

    Raises:
        JobFailed: it does not exist, or a blob's name is not a file's path.
    """
    names = blobs.list(code.account, code.container, code.prefix)
    if not names:
        raise JobFailed(f"The code snapshot '{code.container}/{code.prefix}' is empty or was deleted.")
    for name in names:
        stage_file(
            blob_path(blobs, code.account, code.container, name, "code"),
            inside(target, name.removeprefix(code.prefix)),
        )


def stage_input(blobs: BlobStore, location: InputLocation, target: Path, *, nested: bool) -> Staged:
    """Copy the input's files into a folder and return those to score. This may take a while: call it in a thread.

    ``nested``: also score files in sub-folders of the input.

    Raises:
        JobFailed: the input's file does not exist, or a blob's name is not a file's path.
    """
    if location.kind == "file":
        only = blob_path(blobs, location.account, location.container, location.path, "input")
        path = _inside(str(target), location.path.rpartition("/")[2])
        stage_file(only, path)
        return Staged([path])
    staged = Staged([])
    folders: set[str] = set()
    for name, source in blobs.files(location.account, location.container, location.path):
        relative = name.removeprefix(location.path).lstrip("/")
        # Some tools mark a folder with a blob whose name ends in "/".
        if not relative or relative.endswith("/"):
            continue
        if "/" in relative and not nested:
            staged.left_out += 1
            continue
        path = _inside(str(target), relative)
        stage_file(source, path, folders)
        staged.files.append(path)
    return staged


def blob_path(blobs: BlobStore, account: str, container: str, name: str, what: str) -> Path:
    """Return the file with a blob's bytes, for reading only; ``what`` is what a message calls it.

    Raises:
        JobFailed: there is no such blob.
    """
    try:
        return blobs.path(account, container, name)
    except KeyError:
        message = (
            f"ScriptExecutionException was caused by StreamAccessException. The {what} '{name}' in container"
            f" '{container}' of '{account}' was not found."
        )
        raise JobFailed(message) from None


def inside(folder: Path, relative: str) -> Path:
    """Return ``folder/relative``.

    Raises:
        JobFailed: the name would leave the folder: a blob's name can, but a file's path must not.
    """
    return Path(_inside(str(folder), relative))


def _inside(folder: str, relative: str) -> str:
    # Not with pathlib, which would take longer for each file of a large input than the copy.
    parts = [part for part in relative.split("/") if part not in {"", "."}]
    if ".." in parts or not parts or "\0" in relative:
        raise JobFailed(f"The blob name '{relative}' is not a valid file path.")
    return "/".join([folder, *parts])
