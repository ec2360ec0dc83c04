"""What is kept for workspaces: models, outputs of jobs and data, with their files; it survives the workspaces."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

from sandbox.azure.arm.store import Store
from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.machine_learning.assets.locations import DEFAULT_DATASTORE

ACCOUNT = "sandbox-stock"
"""Holds the files; no host serves it, because the name is not allowed for a storage account."""
_KIND = "stock"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something for ``workspace``, or for every workspace if it is "".

    ``name`` says which: of a ``model``, NAME:VERSION; of an ``output``, JOB/OUTPUT[/PATH]; of ``data``,
    DATASTORE/PATH. ``type`` is a model's; ``folder`` is the base name of what was given, ``is_file`` that it was a
    single file, and ``digest`` its content.
    """

    what: Literal["model", "output", "data"]
    name: str
    workspace: str
    type: str
    folder: str
    is_file: bool
    digest: str

    @property
    def key(self) -> str:
        """The key of the document, and the name of the container with the files."""
        text = f"{self.what} {self.name} {self.workspace}".lower()
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read a document."""
        return cls(**document)

    @property
    def datastore(self) -> str:
        """The datastore that the files go into, "" for a job's output, which may be in any."""
        if self.what == "data":
            return self.name.partition("/")[0]
        return DEFAULT_DATASTORE if self.what == "model" else ""

    @property
    def uri(self) -> str:
        """The folder in a workspace that the files go into."""
        first, _, rest = self.name.partition("/")
        if self.what == "output":
            output, _, path = rest.partition("/")
            return f"azureml://jobs/{first}/outputs/{output}/paths/{path}"
        if self.what == "data":
            return f"azureml://datastores/{first}/paths/{rest}"
        folder = "" if self.is_file else f"{self.folder}/"
        return f"azureml://datastores/{DEFAULT_DATASTORE}/paths/LocalUpload/{self.digest}/{folder}"

    def is_for(self, workspace: str) -> bool:
        """Whether a workspace of this name gets it."""
        return self.workspace.lower() in ("", workspace.lower())


def same_thing(store: Store, entry: Entry) -> Entry | None:
    """Return what is kept under the same name, or None."""
    found = store.document(_KIND, entry.key)
    return None if found is None else Entry.from_json(found)


def entries(store: Store) -> list[Entry]:
    """Return everything that is kept."""
    return [Entry.from_json(document) for _, document in store.documents(_KIND)]


def keep(store: Store, entry: Entry) -> None:
    """Remember an entry whose files are in the container ``entry.key`` of ``ACCOUNT``."""
    store.put_document(_KIND, entry.key, asdict(entry))


def copy_in(blobs: BlobStore, account: str, container: str, prefix: str, source: Path) -> None:
    """Copy a file, or the files of a folder, into a container, which is created if needed."""
    blobs.create_container(account, container)
    for name, file in files_of(source):
        blobs.copy(account, container, prefix + name, file)


def put_at(blobs: BlobStore, account: str, container: str, path: str, source: Path) -> str:
    """Copy a folder's files below a path, and a single file to it, or below it if it ends in "/"; return the place."""
    if source.is_file() and path and not path.endswith("/"):
        blobs.create_container(account, container)
        blobs.copy(account, container, path, source)
        return path
    folder = f"{path.rstrip('/')}/" if path else ""
    copy_in(blobs, account, container, folder, source)
    return folder


def files_of(source: Path) -> list[tuple[str, Path]]:
    """Return the files of a folder, or the single file, with their relative names, sorted."""
    if source.is_file():
        return [(source.name, source)]
    found = (each for each in source.rglob("*") if each.is_file() and "__pycache__" not in each.parts)
    return sorted((each.relative_to(source).as_posix(), each) for each in found)


def digest_of(source: Path) -> str:
    """Return the digest of a file's or folder's content."""
    whole = hashlib.sha256()
    for name, file in files_of(source):
        with file.open("rb") as stream:
            whole.update(f"{name}\0{hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()
