"""The files of a job's input, on this machine or in blob storage: their names, and copies of some."""

import os
import re
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from modelops import azure
from modelops.errors import UsageError
from modelops.plan.data_address import DataAsset
from modelops.scoring import data_assets, file_names, local_files
from modelops.scoring.inputs import JobInput

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

    from modelops.workspace import Workspace

# The forms of https://learn.microsoft.com/azure/machine-learning/how-to-access-data-batch-endpoints-jobs.
_DATASTORE: Final = re.compile(
    r"(azureml:/?)?(/(?P<place>.*))?/datastores/(?P<datastore>[^/]+)/paths/(?P<path>.*)", re.IGNORECASE
)
_DOWNLOADS: Final = 8
_REFUSED: Final = (401, 403, 409)
"""Statuses for a login that may not read; 409 for none where the storage account allows no public access."""
_Result = TypeVar("_Result")
# Only hosts of Azure's clouds: the login goes there, and a job that somebody else started may name any host.
_BLOB_HOST: Final = re.compile(
    r"(?P<account>[a-z0-9]+)\.(blob|dfs)\.(?P<suffix>core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn))",
    re.IGNORECASE,
)


class LocalFiles:
    """A file, or the files below a folder of this machine."""

    def __init__(self, path: Path) -> None:
        """Take `path`, which exists."""
        self._path = path

    @property
    def is_file(self) -> bool:
        """Whether the input is a single file."""
        return self._path.is_file()

    def names(self) -> tuple[str, ...]:
        """Return their paths below the input, in order, as far as they are uploaded; of a single file its own name."""
        if self.is_file:
            return (self._path.name,)
        return tuple(local_files.uploaded(self._path)[0])

    def copy(self, names: Iterable[str], folder: Path) -> None:
        """Put some of them into a folder, by the same paths: as links, where the file system has them."""
        base = self._path.parent if self.is_file else self._path
        for name in names:
            # What a symbolic link names: a link to the link itself would be relative to another folder.
            source, target = (base / name).resolve(), _inside(folder, name)
            try:
                os.link(source, target)
            except OSError:
                shutil.copyfile(source, target)

    def first_bytes(self, name: str, most: int) -> bytes:
        """Return the beginning of one of them.

        Raises:
            OSError: it cannot be read.
        """
        with ((self._path.parent if self.is_file else self._path) / name).open("rb") as file:
            return file.read(most)


class _Place(NamedTuple):
    """A blob, or those whose names begin with `path`, in a container."""

    account_url: str
    container: str
    path: str
    is_file: bool

    @property
    def prefix(self) -> str:
        """How the names of the blobs in this folder begin."""
        return self.path.strip("/") + "/" if self.path.strip("/") else ""

    def blob(self, name: str) -> str:
        """Return the blob's name of one of its files, which is named by its path below it."""
        folder = self.path.rpartition("/")[0] if self.is_file else self.prefix.rstrip("/")
        return f"{folder}/{name}".lstrip("/")


class BlobFiles:
    """A blob, or the blobs in a folder: of a datastore, of a data asset, or at an address in blob storage."""

    def __init__(self, workspace: "Workspace", source: JobInput) -> None:
        """Take the files of `source`, an address, with the login of `workspace`.

        Raises:
            UsageError: they are not in blob storage, or in no datastore of this workspace.
            ReleaseError: the service refused to say where they are.
        """
        _ = workspace.ml  # lets one thread at a time import the SDK, with the storage's packages
        # A public container of another tenant refuses the login and needs none: the data of Microsoft's examples.
        self._logins = (workspace.credential, None)
        self._place = _place(workspace, source)

    @property
    def is_file(self) -> bool:
        """Whether the input is a single file: by its type, of a data asset by the asset's."""
        return self._place.is_file

    def names(self) -> tuple[str, ...]:
        """Return their paths below the input, in order; of a single file its own name.

        Raises:
            ReleaseError: the storage refused it.
        """
        place = self._place
        if place.is_file:
            return (place.path.rpartition("/")[2],)

        def listed(container: "ContainerClient") -> list[str]:
            blobs = container.list_blobs(name_starts_with=place.prefix, include=["metadata"])
            # Storage with a hierarchical namespace lists folders too.
            return [each.name for each in blobs if not (each.metadata or {}).get("hdi_isfolder")]

        with azure.step(f"listing the job's input in {place.account_url}{place.container}"):
            names = self._read(listed)
        return tuple(sorted(name.removeprefix(place.prefix) for name in names if not name.endswith("/")))

    def copy(self, names: Iterable[str], folder: Path) -> None:
        """Download some of them into a folder, by the same paths.

        Raises:
            ReleaseError: the storage refused it.
        """

        def downloaded(container: "ContainerClient") -> None:
            def download(name: str) -> None:
                with _inside(folder, name).open("wb") as out:
                    container.download_blob(self._place.blob(name)).readinto(out)

            with ThreadPoolExecutor(_DOWNLOADS) as pool:
                for _ in pool.map(download, names):
                    pass

        with azure.step("downloading files of the job's input"):
            self._read(downloaded)

    def first_bytes(self, name: str, most: int) -> bytes:
        """Return the beginning of one of them.

        Raises:
            ReleaseError: the storage refused it.
        """

        def read(container: "ContainerClient") -> bytes:
            return container.download_blob(self._place.blob(name), offset=0, length=most).readall()

        with azure.step(f"reading {name} of the job's input"):
            return self._read(read)

    def _read(self, use: "Callable[[ContainerClient], _Result]") -> _Result:
        """Return what `use` reads: with the login, or, if the storage refuses that and is public, without one."""
        from azure.storage.blob import ContainerClient  # noqa: PLC0415

        refused: Exception | None = None
        for login in self._logins:
            try:
                with ContainerClient(
                    self._place.account_url,
                    self._place.container,
                    credential=login,
                    **azure.SHORT_RETRIES,
                ) as container:
                    return use(container)
            except Exception as error:
                if getattr(error, "status_code", None) not in _REFUSED:
                    raise
                refused = refused or error
        assert refused is not None  # noqa: S101 - there is a login
        raise refused


InputFiles = LocalFiles | BlobFiles
"""The files of an input."""


def files_of(workspace: "Workspace", source: JobInput) -> InputFiles:
    """Return the files of a job's input.

    Raises:
        UsageError: they can only be read by the job.
        ReleaseError: the service refused to say where they are.
    """
    return LocalFiles(Path(source.path)) if source.is_local else BlobFiles(workspace, source)


def _place(workspace: "Workspace", source: JobInput) -> _Place:
    address, kind = source.path, source.kind
    if (found := data_assets.registered(workspace, source)) is not None:
        address, kind = str(found.path), found.type
    is_file = kind == "uri_file"
    parts = urlsplit(address)
    host = _BLOB_HOST.fullmatch(parts.hostname or "")
    if host is not None:
        account = f"https://{host['account']}.blob.{host['suffix']}/"
        path = unquote(parts.path).lstrip("/")
        if parts.username:  # wasbs://CONTAINER@ACCOUNT... and abfss://
            return _Place(account, parts.username, path, is_file)
        container, _, path = path.partition("/")
        return _Place(account, container, path, is_file)
    named = _DATASTORE.fullmatch(address)
    if named is None:
        raise UsageError(
            f"the files of the job's input {source.path!r} cannot be listed: only those in blob storage and in the "
            "workspace's datastores can. Name a copy on this machine with --input FOLDER."
        )
    asset = DataAsset((named["place"] or "").strip("/"), "", "", "")
    if not asset.is_in(workspace.id):
        raise UsageError(
            f"the files of the job's input {source.path!r} cannot be listed: they are in another workspace than "
            f"{workspace.name}. Name a copy on this machine with --input FOLDER."
        )
    with azure.step(f"reading datastore {named['datastore']}"):
        store: Any = workspace.ml.datastores.get(named["datastore"])
    name = getattr(store, "container_name", None) or getattr(store, "filesystem", None)
    if name is None:
        raise UsageError(
            f"the files of the job's input {source.path!r} cannot be listed: datastore {named['datastore']} is of type "
            f"{store.type}. Name a copy on this machine with --input FOLDER."
        )
    return _Place(f"https://{store.account_name}.blob.{store.endpoint}/", name, unquote(named["path"]), is_file)


def _inside(folder: Path, name: str) -> Path:
    """Return the path of a file in a folder that exists.

    Raises:
        UsageError: the name would leave the folder: a blob's name can, but a file's path must not.
    """
    if not file_names.is_below(name):
        raise UsageError(f"the blob name {name!r} cannot be the path of a file. Name a copy with --input FOLDER.")
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
