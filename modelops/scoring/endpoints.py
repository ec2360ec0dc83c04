"""What a job needs to know of its endpoint and of a deployment."""

from typing import Any, Final
from urllib.parse import quote

from modelops import azure
from modelops.errors import ReleaseError
from modelops.workspace import Workspace

_API: Final = "2023-10-01"


def scoring_address(workspace: Workspace, endpoint: str) -> str:
    """Return the address that takes requests for jobs, and answers them.

    Raises:
        ReleaseError: the endpoint has none yet, or the service refused the read.
    """
    with azure.step(f"reading endpoint {endpoint}"):
        address = workspace.get(_path(endpoint), _API)["properties"].get("scoringUri")
    if not address:
        raise ReleaseError(
            f"endpoint {endpoint} has no scoring address yet, as while it is created. Nothing was started; try again."
        )
    return str(address)


def default(workspace: Workspace, endpoint: str) -> str | None:
    """Return the endpoint's default deployment; None without one. For use in an `azure.step`."""
    found = workspace.get(_path(endpoint), _API)["properties"]
    return (found.get("defaults") or {}).get("deploymentName")


def deployment(workspace: Workspace, endpoint: str, name: str | None) -> Any:
    """Return the properties of a deployment, as the service has them. For use in an `azure.step`."""
    return workspace.get(f"{_path(endpoint)}/deployments/{quote(name or '', safe='')}", _API)["properties"]


def _path(endpoint: str) -> str:
    return f"batchEndpoints/{quote(endpoint, safe='')}"
