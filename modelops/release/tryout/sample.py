"""The input of a try-out: files of the repository, uploaded once, or data in Azure."""

from pathlib import Path
from typing import TYPE_CHECKING

from modelops import azure
from modelops.plan.try_out import File, TryOut
from modelops.release import uploads
from modelops.release.context import TRY, Context
from modelops.scoring import input_files, inputs
from modelops.scoring.inputs import JobInput

if TYPE_CHECKING:
    from modelops.scoring.input_files import InputFiles


def in_azure(context: Context, try_out: TryOut) -> JobInput:
    """Return the input as a job takes it; a file or folder of the repository is uploaded, unless it was before.

    Raises:
        PlanError: its content changed since the plan was made.
        ReleaseError: the storage refused it.
        UsageError: the address does not tell whether it is a file's or a folder's.
    """
    if isinstance(try_out.input, str):
        return inputs.read(try_out.input, try_out.input_type, option="tryOut.input")
    path = context.root / try_out.input.path
    with azure.step(f"uploading the input of the try-out, {try_out.input.path}"):
        address = uploads.placed(
            context.workspace, path, try_out.input.digest, lambda sent: context.progress(TRY, f"uploading: {sent}")
        )
    return JobInput("uri_file" if path.is_file() else "uri_folder", address)


def files(context: Context, try_out: TryOut) -> "InputFiles":
    """Return the files of the input.

    Raises:
        UsageError: they are in Azure, and only the job can read them.
        ReleaseError: the service refused to say where they are.
    """
    source = inputs.read(_named(try_out, context.root), try_out.input_type, option="tryOut.input")
    return input_files.files_of(context.workspace, source)


def _named(try_out: TryOut, root: Path) -> str:
    return str(root / try_out.input.path) if isinstance(try_out.input, File) else try_out.input
