"""Storage accounts that exist in Azure and not here: the sandbox reads nothing from Azure, so a job cannot read them.

A user may put copies of files where they are in Azure (``python -m sandbox data add``), without an account in ARM:
jobs read such files without a role, like those of a public container.
"""

import shlex
from urllib.parse import quote

from sandbox.azure.arm.store import Store
from sandbox.azure.blobs.front import storage_account
from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.jobs.failures import JobFailed
from sandbox.azure.jobs.request import InputLocation


def is_foreign(store: Store, blobs: BlobStore, account: str) -> bool:
    """Whether the sandbox has neither a storage account of this name nor files that a user has put there."""
    return storage_account(store, account) is None and not blobs.containers(account)


def told(place: InputLocation) -> str:
    """Say that the sandbox does not have a place's account, and what to do; the command is the end."""
    url = f"https://{place.account}.blob.core.windows.net/{place.container}/{quote(place.path)}"
    return (
        f"the sandbox has no storage account '{place.account}', and reads nothing from Azure. To put a copy of the"
        f" files there: python -m sandbox data add {shlex.quote(url)} COPY"
    )


def not_here(place: InputLocation) -> JobFailed:
    """Return the failure of a job that reads from such an account; the service's text, with the reason."""
    return JobFailed(f"ScriptExecutionException was caused by StreamAccessException. NotFound: {told(place)}")
