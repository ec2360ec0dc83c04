"""The data assets of the endpoint's workspace."""

from typing import Any

from modelops import azure
from modelops.errors import ReleaseError
from modelops.scoring import existing
from modelops.scoring.inputs import JobInput
from modelops.workspace import Workspace


def registered(workspace: Workspace, source: JobInput) -> Any | None:
    """Return azure-ai-ml's `Data` of an input; None if it is not a data asset, or not known to be of this workspace.

    Raises:
        UsageError: there is no such asset, version or label.
        ReleaseError: the service refused to read it.
    """
    asset = source.asset
    if asset is None or not asset.is_in(workspace.id):
        return None
    try:
        with azure.step(f"reading data asset {source.path}"):
            return workspace.ml.data.get(asset.name, version=asset.version or None, label=asset.label or None)
    except ReleaseError:
        existing.require_asset(workspace, asset)
        raise
