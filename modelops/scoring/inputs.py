"""What a job scores: local files, addresses and data assets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from modelops.errors import UsageError
from modelops.plan import data_address
from modelops.plan.data_address import KINDS, DataAsset, Kind

__all__ = ["KINDS", "WIRE", "JobInput", "Kind", "read", "unknown_kind"]

WIRE: Final[Mapping[Kind, str]] = {"uri_file": "UriFile", "uri_folder": "UriFolder"}
"""The kinds of an input, in the data plane's words."""


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
    if problem := data_address.problem(source):
        raise UsageError(f"{option} {source!r} {problem}")
    asset = data_address.data_asset(source)
    kind = kind or data_address.kind(source)
    if kind is None and asset is None:
        raise unknown_kind(source, option)
    return JobInput(kind, data_address.uri(source), asset=asset)


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
