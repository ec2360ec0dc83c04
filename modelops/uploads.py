"""Checks and repairs what an upload left in the workspace's storage.

The SDK uploads a model to `LocalUpload/<hash>/<folder>/` of the default datastore and marks the first file when all
are there. Killed in between, it leaves files that make every later attempt fail ("BlobAlreadyExists"); the cure is to
remove them.
"""

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from modelops.azure import is_firewall
from modelops.context import Context
from modelops.errors import ReleaseError
from modelops.fingerprint import files_of
from modelops.workspace import Workspace

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

QUIET_SECONDS: Final = 15.0
"""An upload that shows no progress for so long is dead; a living one of another machine is left alone."""

_POLL_SECONDS: Final = 1.0
_MARK: Final = ("upload_status", "completed")
_DATASTORE: Final = "workspaceblobstore"  # where the SDK uploads models to, default datastore or not


def container(workspace: Workspace) -> "ContainerClient":
    """The container that the SDK uploads models to, with the credential that its datastore asks for."""
    from azure.storage.blob import ContainerClient  # noqa: PLC0415

    datastore: Any = workspace.ml.datastores.get(_DATASTORE, include_secrets=True)
    credentials = datastore.credentials
    secret = getattr(credentials, "account_key", None) or getattr(credentials, "sas_token", None)
    return ContainerClient(
        account_url=f"https://{datastore.account_name}.blob.{datastore.endpoint or 'core.windows.net'}",
        container_name=str(datastore.container_name),
        credential=secret or workspace.credential,
    )


def is_role_missing(error: BaseException) -> bool:
    """Whether storage refused somebody who is signed in: no role, or one that was granted a moment ago."""
    if "permission to alter this storage account" in str(error):  # the SDK's words for AuthorizationPermissionMismatch
        return True
    if is_firewall(error):
        return False
    url = str(getattr(getattr(getattr(error, "response", None), "request", None), "url", ""))
    return getattr(error, "status_code", None) == HTTPStatus.FORBIDDEN and ".blob." in url


def is_whole(context: Context, uri: str, copy: Path) -> bool:
    """Whether storage holds the files of `copy` below a registered model's `uri`.

    Another release may be uploading the same files at this moment: files that are missing get time to arrive.

    Raises:
        ReleaseError: files lie there that are not part of the model; jobs would see them.
    """
    prefix = uri.partition("/paths/")[2].rstrip("/")
    expected = {each.name: each.size for each in files_of(copy)}
    client = container(context.workspace)
    last: dict[str, int] = {}
    quiet = 0.0
    while quiet < QUIET_SECONDS:
        present = _present(client, prefix, single=copy.is_file())
        if present == expected:
            return True
        if foreign := sorted(set(present) - set(expected)):
            raise ReleaseError(
                f"somebody else put {', '.join(foreign)} into the model's folder {prefix!r} of datastore "
                f"{_DATASTORE}. Delete that, or the whole folder if no other model uses it."
            )
        quiet = quiet + _POLL_SECONDS if present == last else 0.0
        last = present
        context.wait(_POLL_SECONDS)
    return False


def clear(context: Context, prefix: str, *, even_complete: bool) -> None:
    """Remove an incomplete upload, unless it turns out to be alive and gets complete.

    A file that is being sent in blocks shows no progress; should its upload be alive after all, it fails or finds
    its files changed when it checks them, and starts again.

    Args:
        context: client and surroundings of the release.
        prefix: where the upload lies.
        even_complete: do not trust the mark that says so: files were found missing.
    """
    client = container(context.workspace)
    last: list[tuple[str, str]] = []
    quiet = 0.0
    while quiet < QUIET_SECONDS:
        blobs = list(client.list_blobs(name_starts_with=f"{prefix}/", include=["metadata"]))
        if not even_complete and any((each.metadata or {}).get(_MARK[0]) == _MARK[1] for each in blobs):
            return
        seen = [(each.name, each.etag) for each in blobs]
        quiet = quiet + _POLL_SECONDS if seen == last else 0.0
        last = seen
        context.wait(_POLL_SECONDS)
    for name, _ in last:
        client.delete_blob(name)


def _present(client: "ContainerClient", prefix: str, *, single: bool) -> dict[str, int]:
    start = prefix if single else f"{prefix}/"
    cut = len(prefix.rpartition("/")[0]) + 1 if single else len(start)
    return {each.name[cut:]: each.size for each in client.list_blobs(name_starts_with=start) if each.name[cut:]}
