"""What exists, for a job that names something that does not; asked only after the service has refused a request."""

from collections.abc import Collection
from contextlib import suppress
from typing import Final

from modelops.errors import UsageError
from modelops.plan import data_address
from modelops.plan.data_address import DataAsset
from modelops.scoring import endpoints
from modelops.scoring.inputs import JobInput
from modelops.workspace import Workspace

_API: Final = "2023-10-01"
_LABEL: Final = "latest"
"""The only label of a data asset that azure-ai-ml finds."""


def require(workspace: Workspace, endpoint: str, deployment: str | None, source: JobInput) -> None:
    """Refuse a deployment and a datastore of the workspace that do not exist; what cannot be listed is not refused.

    Raises:
        UsageError: there is no such thing; with the names of those that exist.
    """
    if deployment is not None:
        path = f"batchEndpoints/{endpoints.segment(endpoint)}/deployments"
        _require(deployment, _listed(workspace, path), f"--deployment: endpoint {endpoint} has no deployment")
    if not source.is_local and (name := data_address.datastore(source.path)):
        _require(name, _listed(workspace, "datastores"), f"workspace {workspace.name} has no datastore")


def require_asset(workspace: Workspace, asset: DataAsset) -> None:
    """Refuse a data asset of the workspace that does not exist, as `require` does."""
    _require(asset.name, _listed(workspace, "data"), f"workspace {workspace.name} has no data asset")
    if asset.version:
        versions = _listed(workspace, f"data/{endpoints.segment(asset.name)}/versions")
        _require(asset.version, versions, f"data asset {asset.name} has no version")
    if asset.label and asset.label != _LABEL:
        raise UsageError(
            f"data asset {asset.name} has no label {asset.label!r}. Allowed are: {_LABEL}. No job was started."
        )


def _require(name: str, existing: Collection[str] | None, sentence: str) -> None:
    if existing is None or name.lower() in {each.lower() for each in existing}:
        return
    raise UsageError(f"{sentence} {name!r}. Allowed are: {', '.join(sorted(existing)) or 'none'}. No job was started.")


def _listed(workspace: Workspace, path: str) -> list[str] | None:
    """Return the names in a collection; None if it cannot be listed."""
    with suppress(Exception):
        return [str(each["name"]) for each in workspace.list(path, _API)]
    return None
