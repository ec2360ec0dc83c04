"""What a job needs to know of its endpoint and of a deployment."""

from typing import Any, Final, NamedTuple
from urllib.parse import quote

from modelops import azure
from modelops.errors import ReleaseError
from modelops.workspace import Workspace

_API: Final = "2023-10-01"


class Endpoint(NamedTuple):
    """The address that takes requests for jobs, and answers them; the default deployment, None without one."""

    address: str
    default: str | None


def read(workspace: Workspace, endpoint: str) -> Endpoint:
    """Return an endpoint.

    Raises:
        ReleaseError: it has no address yet, or the service refused the read.
    """
    with azure.step(f"reading endpoint {endpoint}"):
        found = workspace.get(_path(endpoint), _API)["properties"]
    address = found.get("scoringUri")
    if not address:
        raise ReleaseError(
            f"endpoint {endpoint} has no scoring address yet, as while it is created. Nothing was started; try again."
        )
    return Endpoint(str(address), (found.get("defaults") or {}).get("deploymentName"))


def deployment(workspace: Workspace, endpoint: str, name: str | None) -> Any:
    """Return the properties of a deployment, as the service has them. For use in an `azure.step`."""
    return workspace.get(f"{_path(endpoint)}/deployments/{quote(name or '', safe='')}", _API)["properties"]


def _path(endpoint: str) -> str:
    return f"batchEndpoints/{quote(endpoint, safe='')}"
