"""The data plane of blob storage: the action and scope of an operation on a container.

Operations on containers are actions, those on blobs data actions, although both use a token for storage:
https://learn.microsoft.com/azure/storage/blobs/authorize-access-azure-active-directory.
"""

from typing import Literal

from sandbox.azure.arm.types import BLOB_CONTAINER
from sandbox.azure.authorization.evaluation import Authorization

Operation = Literal["read", "write", "delete", "blobs/read", "blobs/write", "blobs/delete"]
"""An operation: on a container, or on its blobs."""


def container_scope(account_id: str, container: str) -> str:
    """Return a container's ARM id; role assignments on it, its account and above apply."""
    return f"{account_id}/blobServices/default/containers/{container}"


def blobs_allowed(
    authorization: Authorization, object_id: str, account_id: str, container: str, operation: Operation
) -> bool:
    """Whether a principal may do an operation in a container (or on it)."""
    is_data = operation.startswith("blobs/")
    scope = container_scope(account_id, container)
    return authorization.allowed(object_id, f"{BLOB_CONTAINER}/{operation}", scope, data=is_data)
