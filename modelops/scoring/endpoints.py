"""What a job needs to know of its endpoint and of a deployment."""

from typing import Any, Final, NamedTuple
from urllib.parse import quote

from modelops import azure
from modelops.errors import ReleaseError, UsageError
from modelops.workspace import Workspace

_API: Final = "2023-10-01"


class Endpoint(NamedTuple):
    """The address that takes requests for jobs, and answers them; the default deployment, None without one."""

    address: str
    default: str | None


def read(workspace: Workspace, endpoint: str) -> Endpoint:
    """Return an endpoint.

    Raises:
        UsageError: it cannot have this name.
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
    return workspace.get(f"{_path(endpoint)}/deployments/{segment(name or '')}", _API)["properties"]


def segment(name: str) -> str:
    """Return the name of something in Azure, which a user may have given, as a part of an address.

    Raises:
        UsageError: it cannot be one: a server would read it as the path of something else, even if it is quoted.
    """
    if name in {"", ".", ".."} or "/" in name or "\\" in name:
        raise UsageError(f"nothing in Azure can have the name {name!r}. Names have letters, digits, -, _ and dots.")
    return quote(name, safe="")


def _path(endpoint: str) -> str:
    return f"batchEndpoints/{segment(endpoint)}"
