"""What a job scores: local files, addresses and data assets."""

from pathlib import Path
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

from modelops.errors import UsageError
from modelops.plan import data_address
from modelops.plan.data_address import DataAsset

Kind = Literal["uri_file", "uri_folder"]
KINDS: Final[tuple[Kind, ...]] = ("uri_file", "uri_folder")
"""The types of an input that a batch endpoint with a model takes, in azure-ai-ml's words."""


def unknown_kind(source: str, option: str = "--input") -> UsageError:
    """Return the error about an address that does not tell whether it is a file's or a folder's."""
    remedy = (
        "Add --input-type uri_file or --input-type uri_folder"
        if option == "--input"
        else "Name a data asset of it (azureml:NAME:VERSION)"
    )
    return UsageError(
        f"{option} {source!r} can be a file or a folder. {remedy}; an address that ends in / is a folder."
    )


class JobInput(NamedTuple):
    """The input of a job.

    Attributes:
        kind: None if only the data asset tells it.
        path: a local path, or the address as a scoring request has it.
        is_local: whether it is a path on this machine.
        asset: the data asset that `path` names; None for other inputs.
    """

    kind: Kind | None
    path: str
    is_local: bool = False
    asset: DataAsset | None = None


def read(source: str, kind: Kind | None = None, option: str = "--input") -> JobInput:
    """Return the input that a command line or a stack file names; asks nothing.

    Args:
        source: a local path or an address.
        kind: what it is, for addresses that do not tell.
        option: where the text was given, for messages.

    Raises:
        UsageError: it is neither an address nor an existing file or folder with files; `kind` contradicts it, or is
            missing where nothing tells it.
    """
    if not data_address.is_address(source):
        return _local(source, kind, option)
    _check(source, option)
    path = data_address.uri(source)
    if asset := data_address.data_asset(source):
        return JobInput(kind, path, asset=asset)
    if path.startswith("azureml:") and not path.startswith("azureml://"):
        raise UsageError(
            f"{option} {source!r} does not name a version. Allowed: azureml:NAME:VERSION, azureml:NAME@latest."
        )
    return JobInput(kind or _kind_of_address(source, option), path)


def _check(address: str, option: str) -> None:
    try:
        urlsplit(address)
    except ValueError as error:
        raise UsageError(f"{option} {address!r} is not a valid address: {error}.") from None


def _local(source: str, kind: Kind | None, option: str) -> JobInput:
    path = Path(source)
    if path.is_dir() and not any(each.is_file() for each in path.rglob("*")):
        raise UsageError(f"{option} {source!r} is a folder without files, so there is nothing to score.")
    if path.is_file():
        found: Kind = "uri_file"
    elif path.is_dir():
        found = "uri_folder"
    else:
        raise UsageError(f"{option} {source!r} is neither an existing file or folder nor {data_address.FORMS}.")
    if kind not in (None, found):
        raise UsageError(f"--input-type {kind}: {option} {source!r} is a {found.removeprefix('uri_')}.")
    return JobInput(found, source, is_local=True)


def _kind_of_address(source: str, option: str) -> Kind:
    """Return `uri_folder` for an address that cannot be a file's.

    Folders can have a suffix too (`data.parquet/`), so a suffix alone does not tell.
    """
    if "." not in urlsplit(source).path.rpartition("/")[2]:
        return "uri_folder"
    raise unknown_kind(source, option)
