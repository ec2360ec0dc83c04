"""Blob storage on disk, for the other services: no tokens, no conditions.

``<folder>/index.sqlite`` is the index; ``<folder>/<account>/<container>/`` has the bytes, in files that are never
changed.
"""

import contextlib
import os
import secrets
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from sandbox.azure.arm import disk
from sandbox.azure.blobs import sas
from sandbox.azure.blobs.files import copy, join, md5_of, remove_leftovers
from sandbox.azure.blobs.index import Blob, Container, Index, new_etag

Condition = Callable[[Blob | None], None]
"""Checks the blob that a write would replace; raises to refuse the write."""

_OCTETS = {"content-type": "application/octet-stream"}


class BlobStore:
    """The blob storage of one sandbox (the ``Blobs`` of ``World``). Its methods may be called from any thread.

    Account and container names are case-insensitive, as in DNS; blob names are case-sensitive.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.index = Index(folder / "index.sqlite")
        self.sas_key = self.index.secret("sas", secrets.token_bytes(32))
        self._joining = threading.Lock()
        remove_leftovers(folder, self.index)

    def close(self) -> None:
        """Close the index; the store is unusable afterwards."""
        self.index.close()

    # For services ----------------------------------------------------------------------------------------------

    def create_container(self, account: str, container: str) -> None:
        """Create a container if it does not exist."""
        self.add_container(account, container, {})

    def containers(self, account: str) -> list[str]:
        """Return the names of an account's containers, sorted."""
        return [container.name for container in self.index.containers(account.lower())]

    def delete_container(self, account: str, container: str) -> None:
        """Remove a container and its blobs."""
        self.remove_container(account, container)

    def delete_account(self, account: str) -> None:
        """Remove all containers of an account."""
        for container in self.index.containers(account.lower()):
            self.remove_container(account, container.name)
        shutil.rmtree(self.folder / account.lower(), ignore_errors=True)

    def list(self, account: str, container: str, prefix: str = "") -> list[str]:
        """Return the names of the blobs that start with ``prefix``, sorted."""
        return self.index.names(account.lower(), container.lower(), prefix)

    def files(self, account: str, container: str, prefix: str = "") -> Iterator[tuple[str, str]]:
        """Yield name and file, for reading only, of the blobs that start with ``prefix``, by name; see ``path``.

        A blob that is deleted meanwhile is left out.
        """
        folder = self._container_folder(account, container)
        for blob in self.index.blobs(account.lower(), container.lower(), prefix):
            with contextlib.suppress(KeyError):
                file = blob.parts[0][0] if len(blob.parts) == 1 else self.whole(blob).name
                yield blob.name, f"{folder}/{file}"

    def read(self, account: str, container: str, blob: str) -> bytes:
        """Return a blob's bytes; KeyError if it does not exist."""
        return self.path(account, container, blob).read_bytes()

    def write(self, account: str, container: str, blob: str, data: bytes) -> None:
        """Create or replace a block blob.

        Raises:
            KeyError: the container does not exist.
        """
        with self._filling(account, container, len(data)) as file:
            file.write_bytes(data)
            self._put_whole(account, container, blob, file)

    def adopt(self, account: str, container: str, blob: str, source: Path) -> None:
        """Create or replace a block blob with the bytes of ``source``, which is moved into the store.

        Raises:
            KeyError: the container does not exist.
        """
        if source.stat().st_nlink > 1:  # who has the other name could still write
            self.copy(account, container, blob, source)
            source.unlink()
            return
        file = self.new_file(account, container)
        shutil.move(source, file)
        try:
            self._put_whole(account, container, blob, file)
        except BaseException:
            shutil.move(file, source)
            raise

    def copy(self, account: str, container: str, blob: str, source: Path) -> None:
        """Create or replace a block blob with the bytes of ``source``, which stays.

        Raises:
            KeyError: the container does not exist.
        """
        with self._filling(account, container, source.stat().st_size) as file:
            copy(source, file)
            self._put_whole(account, container, blob, file)

    def share(self, source: Blob, account: str, container: str, blob: str) -> None:
        """Create or replace a block blob with the bytes of another one; both use the same disk space.

        Raises:
            KeyError: the container does not exist.
        """
        with self._filling(account, container) as file:
            os.link(self.whole(source), file)
            parts = ((file.name, source.size),)
            where = replace(source, account=account.lower(), container=container.lower(), name=blob)
            self.commit(replace(where, parts=parts, blocks=()))

    def path(self, account: str, container: str, blob: str) -> Path:
        """Return the file with a blob's bytes, for reading only; KeyError if it does not exist.

        The first reader assembles a blob that was uploaded in blocks, which takes time in proportion to its size.
        """
        found = self.index.blob(account.lower(), container.lower(), blob)
        if found is None:
            msg = f"blob '{blob}' does not exist in container '{container}' of account '{account}'"
            raise KeyError(msg)
        return self.whole(found)

    def sas(self, account: str, container: str, permissions: str, blob: str | None = None, hours: float = 24.0) -> str:
        """Return a SAS query string (without ``?``) that the blob endpoint accepts for a container or one blob."""
        return sas.make(self.sas_key, sas.Place(account.lower(), container.lower(), blob), permissions, hours)

    # For the HTTP side ----------------------------------------------------------------------------------------

    def add_container(self, account: str, container: str, metadata: dict[str, str]) -> Container | None:
        """Create a container and return it; None if it already exists."""
        made = Container(account.lower(), container.lower(), time.time(), new_etag(), metadata)
        self._container_folder(account, container).mkdir(parents=True, exist_ok=True)
        return made if self.index.add_container(made) else None

    def remove_container(self, account: str, container: str) -> bool:
        """Remove a container and its blobs; False if it does not exist."""
        done = self.index.remove_container(account.lower(), container.lower())
        shutil.rmtree(self._container_folder(account, container), ignore_errors=True)
        return done

    def new_file(self, account: str, container: str) -> Path:
        """Return a path for incoming bytes; without a commit, the file is removed at the next start at the latest.

        Raises:
            KeyError: the container does not exist.
        """
        if self.index.container(account.lower(), container.lower()) is None:
            msg = f"container '{container}' does not exist in account '{account}'"
            raise KeyError(msg)
        return self._container_folder(account, container) / uuid.uuid4().hex

    def commit(self, blob: Blob, condition: Condition | None = None) -> Blob:
        """Make a blob visible, replacing an earlier one (and keeping its creation time), and return the stored blob.

        ``blob.etag`` and its times are set here. Uncommitted blocks of the name that are not among its parts are
        discarded.

        Raises:
            KeyError: the container was deleted.
            Exception: from ``condition``; then nothing changes.
        """
        while True:
            old = self.index.blob(blob.account, blob.container, blob.name)
            if condition is not None:
                condition(old)
            pending = self.index.blocks(blob.account, blob.container, blob.name)
            now = time.time()
            stored = replace(blob, etag=new_etag(), created=old.created if old else now, modified=now)
            if self.index.put_blob(stored, replacing=old):
                break
            if self.index.container(blob.account, blob.container) is None:
                msg = f"container '{blob.container}' does not exist in account '{blob.account}'"
                raise KeyError(msg)
        kept = {file for file, _ in stored.parts}
        folder = self._container_folder(blob.account, blob.container)
        for file in {file for file, _ in (*pending.values(), *(old.parts if old else ()))} - kept:
            (folder / file).unlink(missing_ok=True)
        return stored

    def put_block(self, account: str, container: str, blob: str, block: str, file: Path) -> None:
        """Store an uncommitted block whose bytes are in ``file`` (a ``new_file``)."""
        part = (file.name, file.stat().st_size)
        old = self.index.put_block(account.lower(), container.lower(), blob, block, part)
        if old is not None:
            (file.parent / old).unlink(missing_ok=True)

    def remove_blob(self, blob: Blob) -> None:
        """Remove a blob."""
        pending = self.index.blocks(blob.account, blob.container, blob.name)
        self.index.remove_blob(blob.account, blob.container, blob.name)
        folder = self._container_folder(blob.account, blob.container)
        for file, _ in (*pending.values(), *blob.parts):
            (folder / file).unlink(missing_ok=True)

    def whole(self, blob: Blob) -> Path:
        """Return the single file with a blob's bytes, after assembling its parts if there are several.

        Raises:
            KeyError: the blob was deleted meanwhile.
        """
        folder = self._container_folder(blob.account, blob.container)
        if len(blob.parts) == 1:
            return folder / blob.parts[0][0]
        with self._joining:
            now = self.index.blob(blob.account, blob.container, blob.name)
            if now is None:
                msg = f"blob '{blob.name}' does not exist in container '{blob.container}' of account '{blob.account}'"
                raise KeyError(msg)
            if len(now.parts) == 1:
                return folder / now.parts[0][0]
            with self._filling(blob.account, blob.container, now.size) as target:
                join([folder / file for file, _ in now.parts], target)
                joined = replace(now, parts=((target.name, now.size),))
                if self.index.put_blob(joined, replacing=now, forget_blocks=False):
                    for file, _ in now.parts:
                        (folder / file).unlink(missing_ok=True)
                    return target
        target.unlink()
        return self.path(blob.account, blob.container, blob.name)

    @contextlib.contextmanager
    def _filling(self, account: str, container: str, size: int = 0) -> Iterator[Path]:
        """Yield a path for ``size`` bytes; the file is removed if they cannot be written or stored.

        Raises:
            OSError: the disk is full.
        """
        file = self.new_file(account, container)
        disk.require(self.folder, size)
        try:
            yield file
        except BaseException:
            file.unlink(missing_ok=True)
            raise

    def _container_folder(self, account: str, container: str) -> Path:
        if any(name in ("", ".", "..") or "/" in name for name in (account, container)):
            msg = f"'{account}/{container}' is not a folder of the store"
            raise ValueError(msg)
        return self.folder / account.lower() / container.lower()

    def _put_whole(self, account: str, container: str, blob: str, file: Path) -> None:
        file.chmod(0o444)
        parts = ((file.name, file.stat().st_size),)
        self.commit(Blob(account.lower(), container.lower(), blob, parts, md5_of(file), "", 0.0, 0.0, _OCTETS))


def content_settings(given: Mapping[str, str]) -> dict[str, str]:
    """Return the content headers of a blob: the given ones, plus the service's default type."""
    return _OCTETS | {name: value for name, value in given.items() if value}
