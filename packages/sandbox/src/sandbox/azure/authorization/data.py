"""The data plane of blob storage: the action, scope and attributes of an operation on a container.

Operations on containers are actions, those on blobs data actions, although both use a token for storage:
https://learn.microsoft.com/azure/storage/blobs/authorize-access-azure-active-directory.
"""

from dataclasses import dataclass
from typing import Final, Literal

from sandbox.azure.arm.types import BLOB_CONTAINER
from sandbox.azure.authorization.conditions import Context
from sandbox.azure.authorization.evaluation import Authorization

Operation = Literal["read", "write", "delete", "blobs/read", "blobs/write", "blobs/delete"]
"""An operation: on a container, or on its blobs."""

_LIST: Final = "Blob.List"
"""The suboperation of a list of blobs, which has no path (only a prefix)."""


def container_scope(account_id: str, container: str) -> str:
    """Return a container's ARM id; role assignments on it, its account and above apply."""
    return f"{account_id}/blobServices/default/containers/{container}"


@dataclass(frozen=True, slots=True)
class BlobPlace:
    """What an operation is about: a container of an account (an ARM id), and in it a blob.

    ``blob`` is None for a list of the blobs whose names begin with ``prefix``.
    """

    account_id: str
    container: str
    blob: str | None = None
    prefix: str = ""

    @property
    def scope(self) -> str:
        """The container's ARM id."""
        return container_scope(self.account_id, self.container)


def blobs_allowed(authorization: Authorization, object_id: str, place: BlobPlace, operation: Operation) -> bool:
    """Whether a principal may do an operation in a container (or on it), also by the conditions of its roles."""
    action, resource = f"{BLOB_CONTAINER}/{operation}", {"containers:name": place.container}
    if not operation.startswith("blobs/"):
        return authorization.allowed(object_id, action, place.scope)
    if place.blob is None:
        context = Context(action, {"blobs:prefix": place.prefix}, resource, _LIST)
    else:
        context = Context(action, {}, resource | {"blobs:path": place.blob})
    return authorization.allowed(object_id, action, place.scope, data=True, context=context)


def blobs_excluded(authorization: Authorization, object_id: str, place: BlobPlace, operation: Operation) -> bool:
    """Whether a principal has a role for an operation on blobs that only its condition limits."""
    return authorization.conditioned(object_id, f"{BLOB_CONTAINER}/{operation}", place.scope)
