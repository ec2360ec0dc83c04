"""The data assets of the endpoint's workspace."""

from typing import Any

from modelops import azure
from modelops.scoring.inputs import JobInput
from modelops.workspace import Workspace


def registered(workspace: Workspace, source: JobInput) -> Any | None:
    """Return azure-ai-ml's `Data` of an input; None if it is not a data asset, or not known to be of this workspace.

    Raises:
        ReleaseError: there is no such asset, or the service refused to read it.
    """
    asset = source.asset
    if asset is None or not asset.is_in(workspace.id):
        return None
    with azure.step(f"reading data asset {source.path}"):
        return workspace.ml.data.get(asset.name, version=asset.version or None, label=asset.label or None)
