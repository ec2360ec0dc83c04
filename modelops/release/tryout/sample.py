"""The input of a try-out: files of the repository, uploaded once, or data in Azure."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from modelops import azure
from modelops.plan.try_out import File, TryOut
from modelops.release import uploads
from modelops.release.context import TRY, Context
from modelops.release.single_flight import SingleFlight
from modelops.scoring import input_files, inputs
from modelops.scoring.inputs import JobInput

if TYPE_CHECKING:
    from modelops.scoring.input_files import InputFiles

_uploads: Final = SingleFlight[str]()


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
    digest = try_out.input.digest

    def sent(text: str) -> None:
        context.progress(TRY, f"uploading: {text}")

    def placed() -> str:
        with azure.step(f"uploading the input of the try-out, {path.relative_to(context.root)}"):
            return uploads.placed(context.workspace, path, digest, sent, context.wait)

    # Candidates that are tried out at the same time have one upload.
    address, _ = _uploads.share(f"{context.workspace.id}/{digest}".lower(), placed, context.wait)
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
