"""Uploads a model's files to their own address, and computes their digest from the bytes that are sent.

The SDK is not used for this: it reads the files twice, to hash and to send, so a copy would be needed in case they
change in between. Its address is the content's hash, so a killed upload, or another machine that sends the same files,
would get in the way (docs/adr/0006).
"""

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from modelops import azure
from modelops.plan.fingerprint import Tree, require
from modelops.release.turns import taken
from modelops.workspace import Workspace

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

MODEL_FOLDER: Final = "model"
"""A model folder's name in Azure and below AZUREML_MODEL_DIR, regardless of its path in the repository."""

_DATASTORE: Final = "workspaceblobstore"  # the SDK uploads models to it, even if it is not the default datastore
_CONNECTIONS: Final = 8
_LARGE_BYTES: Final = 4 * 1024 * 1024
"""Larger files are sent one at a time, in blocks over all connections; smaller ones in parallel."""
_REPORT_SECONDS: Final = 2.0
_turns: Final = threading.BoundedSemaphore(2)
"""Large uploads of all releases of this process at the same time; each holds many connections, and up to 64 MiB."""
_small_turns: Final = threading.BoundedSemaphore(16)
"""The same for uploads of up to 4 MiB."""


def container(workspace: Workspace) -> "ContainerClient":
    """Return the container that the SDK uploads models to, with its datastore's credential."""
    ml = workspace.ml  # first: it lets one thread at a time import the SDK, with the storage's packages
    from azure.storage.blob import ContainerClient  # noqa: PLC0415

    datastore: Any = ml.datastores.get(_DATASTORE, include_secrets=True)
    credentials = datastore.credentials
    secret = getattr(credentials, "account_key", None) or getattr(credentials, "sas_token", None)
    return ContainerClient(
        account_url=f"https://{datastore.account_name}.blob.{datastore.endpoint or 'core.windows.net'}",
        container_name=str(datastore.container_name),
        credential=secret or workspace.credential,
        **azure.SHORT_RETRIES,
    )


@contextlib.contextmanager
def uploaded(
    workspace: Workspace,
    source: Path,
    expected: str,
    progress: Callable[[str], None],
    pause: Callable[[float], None],
) -> Iterator[str]:
    """Upload `source` (a folder or one file) and yield the address to register it with; keep it if all went well.

    If the upload fails, or Azure refuses the work inside, the uploaded files are removed again. They stay if it is
    unknown whether Azure did that work, because a version may refer to them. A process that is killed or stopped leaves
    its files behind, in a folder that nothing refers to.

    Args:
        workspace: whose datastore `workspaceblobstore` takes the files.
        source: their path.
        expected: their digest in the plan.
        progress: called from time to time with the amount that was sent.
        pause: see `Context.wait`.

    Raises:
        PlanError: the content changed since the plan was made.
    """
    tree = Tree(source)
    folder = f"LocalUpload/{expected}/{uuid.uuid4().hex[:12]}"
    root = folder if source.is_file() else f"{folder}/{MODEL_FOLDER}"
    with container(workspace) as client:
        is_sent = False
        try:
            with _turn(tree, progress, pause):
                _send(client, tree, root, _Progress(tree, progress))
            tree.require(expected)
            is_sent = True
            yield f"azureml://datastores/{_DATASTORE}/paths/{root}" + (
                f"/{tree.files[0].name}" if source.is_file() else ""
            )
        except Exception as error:
            if not is_sent or azure.is_refused(error):
                _remove(client, folder)
            raise


def placed(
    workspace: Workspace,
    source: Path,
    expected: str,
    progress: Callable[[str], None],
    pause: Callable[[float], None],
) -> str:
    """Upload a small `source` (a folder or one file) to the address of its content, unless it was before; return that.

    So the next release, on whatever machine, finds it. An upload that was killed is continued.

    Args:
        workspace: whose datastore `workspaceblobstore` takes the files.
        source: their path.
        expected: their digest in the plan.
        progress: called from time to time with the amount that was sent.
        pause: see `Context.wait`.

    Raises:
        PlanError: the content changed since the plan was made.
        HttpResponseError: the storage refused it.
    """
    tree = Tree(source)
    root = f"LocalUpload/{expected}/input"
    with container(workspace) as client:
        there = {each.name: each.size for each in client.list_blobs(name_starts_with=f"{root}/")}
        if {f"{root}/{each.name}": each.size for each in tree.files} != there:
            # Hashed first: at this address must be no other content, not even for a moment.
            require(source, expected)
            with _turn(tree, progress, pause):
                _send(client, tree, root, _Progress(tree, progress), overwrite=True)
            tree.require(expected)
    return f"azureml://datastores/{_DATASTORE}/paths/{root}/" + (tree.files[0].name if source.is_file() else "")


def _turn(
    tree: Tree, progress: Callable[[str], None], pause: Callable[[float], None]
) -> contextlib.AbstractContextManager[None]:
    """Wait until few enough uploads of this process are in progress, of its size: small ones do not wait for large."""
    places = _turns if sum(each.size for each in tree.files) > _LARGE_BYTES else _small_turns
    return taken(places, pause, lambda: progress("waiting for other uploads"))


def _remove(client: "ContainerClient", folder: str) -> None:
    """Remove the uploaded files, without retries or errors: the first failure is the one to report."""
    with contextlib.suppress(Exception):
        for name in client.list_blob_names(name_starts_with=f"{folder}/", retry_total=0):
            client.delete_blob(name, retry_total=0)


def _send(client: "ContainerClient", tree: Tree, root: str, progress: "_Progress", *, overwrite: bool = False) -> None:
    """Send the files in the order in which they are hashed; at most 64 MiB wait to be sent."""
    under_way: set[Future[None]] = set()
    with ThreadPoolExecutor(_CONNECTIONS) as connections:
        for each in tree.files:
            name = f"{root}/{each.name}"
            with tree.open(each) as file:
                if each.size > _LARGE_BYTES:
                    stream: Any = file  # declared as IO, but only `read` is needed to read it once and in order
                    client.upload_blob(
                        name,
                        stream,
                        length=each.size,
                        overwrite=overwrite,
                        max_concurrency=_CONNECTIONS,
                        progress_hook=progress.large,
                    )
                    progress.add(each.size)
                    continue
                content = file.read()
            under_way.add(connections.submit(_send_small, client, name, content, progress, overwrite))
            if len(under_way) >= 2 * _CONNECTIONS:
                under_way = _answered(under_way)
        while under_way:
            under_way = _answered(under_way)


def _send_small(
    client: "ContainerClient",
    name: str,
    content: bytes,
    progress: "_Progress",
    overwrite: bool,
) -> None:
    client.upload_blob(name, content, overwrite=overwrite)
    progress.add(len(content))


def _answered(under_way: set[Future[None]]) -> set[Future[None]]:
    """Wait for the first answer, raise what failed, return the rest."""
    done, rest = wait(under_way, return_when=FIRST_COMPLETED)
    for each in done:
        each.result()
    return rest


class _Progress:
    """Reports every few seconds how much was sent."""

    def __init__(self, tree: Tree, tell: Callable[[str], None]) -> None:
        self._total = sum(each.size for each in tree.files)
        self._tell = tell
        self._sent = 0
        self._told = time.monotonic()
        self._adding = threading.Lock()

    def add(self, size: int) -> None:
        """Count a whole file."""
        with self._adding:
            self._sent += size
        self.large(0, None)

    def large(self, sent: int, _total: int | None) -> None:
        """Report a file of which `sent` bytes were sent, if it is time to."""
        if time.monotonic() - self._told >= _REPORT_SECONDS:
            self._told = time.monotonic()
            mebibyte = 1024 * 1024
            self._tell(f"{(self._sent + sent) // mebibyte} of {self._total // mebibyte} MiB sent")
