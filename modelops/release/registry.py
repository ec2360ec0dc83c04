"""A registry of models that several workspaces use: what it has, and what is shared with it.

Requests are the SDK's own. Its `share` must not run twice at the same time in one process: it exchanges the client's
state while it runs.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from modelops import azure
from modelops.errors import ReleaseError
from modelops.plan.fingerprint import digest
from modelops.release.register import DIGEST_PROPERTY
from modelops.workspace import Workspace

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a model, as a workspace or a registry returns it."""

    name: str
    version: str
    type: str
    digest: str | None
    """SHA-256 of its bytes, 64 hex digits; None if it is not noted."""

    @classmethod
    def of(cls, model: Any) -> "ModelVersion":
        """Read the SDK's model."""
        return cls(
            name=str(model.name),
            version=str(model.version),
            type=str(model.type),
            digest=(model.properties or {}).get(DIGEST_PROPERTY),
        )

    def __str__(self) -> str:
        return f"{self.name}:{self.version}"


class Registry:
    """A registry.

    Raises:
        ReleaseError: it does not exist, or the service refused a request; of every method.
    """

    def __init__(self, workspace: Workspace, name: str) -> None:
        """Ask for the registry; `workspace` is the one that shares models with it."""
        self.name: Final = name
        self._workspace = workspace
        with azure.step(f"looking for registry {name}"):
            from azure.ai.ml import MLClient  # noqa: PLC0415

            self._client: MLClient = MLClient(
                workspace.credential, registry_name=name, enable_telemetry=False, show_progress=True
            )

    def versions(self, name: str) -> list[ModelVersion]:
        """Return all versions of a model, the newest last; archived ones too, because they keep their numbers."""
        with azure.step(f"looking for model {name} in registry {self.name}"):
            found = [ModelVersion.of(each) for each in self._listed(name)]
        return sorted(found, key=lambda each: number(each.version))

    def get(self, name: str, version: str) -> ModelVersion:
        """Return a version of a model."""
        with azure.step(f"reading model {name}:{version} of registry {self.name}"):
            return ModelVersion.of(self._client.models.get(name, version))

    def share(self, model: ModelVersion, version: str) -> ModelVersion:
        """Copy a model of the workspace to the registry, under the same name and a new version, and return the copy."""
        with azure.step(f"sharing model {model} with registry {self.name}"):
            made = self._workspace.ml.models.share(
                model.name,
                model.version,
                share_with_name=model.name,
                share_with_version=version,
                registry_name=self.name,
            )
        return ModelVersion.of(made)

    def hashed(self, model: ModelVersion) -> str:
        """Return the digest of the bytes that the registry has; they are downloaded to a temporary folder for it."""
        return _hashed(self._client, model, f"registry {self.name}")

    def note(self, model: ModelVersion, content: str) -> None:
        """Note the digest on a version, as a property: properties may be added, not changed.

        Raises:
            ReleaseError: the registry does not have the property afterwards.
        """
        with azure.step(f"noting the digest of model {model} in registry {self.name}"):
            found: Any = self._client.models.get(model.name, model.version)
            found.properties = {**(found.properties or {}), DIGEST_PROPERTY: content}
            self._client.models.create_or_update(found)
        if self.get(model.name, model.version).digest != content:
            raise ReleaseError(
                f"registry {self.name} did not keep the property {DIGEST_PROPERTY} of model {model}, so that nothing "
                "says which bytes it has."
            )

    def _listed(self, name: str) -> Iterator[Any]:
        from azure.ai.ml.constants import ListViewType  # noqa: PLC0415

        try:
            yield from self._client.models.list(name, list_view_type=ListViewType.ALL)
        except Exception as error:
            if not azure.is_missing(error):  # the registry has no model of this name
                raise


def of_workspace(workspace: Workspace, name: str, version: str) -> tuple[ModelVersion, str]:
    """Return a model of a workspace and its digest: the noted one, else that of its downloaded bytes.

    Raises:
        ReleaseError: it does not exist, or the service refused a request.
    """
    with azure.step(f"reading model {name}:{version} of workspace {workspace.name}"):
        found = ModelVersion.of(workspace.ml.models.get(name, version))
    return found, found.digest or _hashed(workspace.ml, found, f"workspace {workspace.name}")


def number(version: str) -> int:
    """Return a version as a number; 0 for another text, which a registry may have."""
    return int(version) if version.isdecimal() else 0


def _hashed(client: "MLClient", model: ModelVersion, where: str) -> str:
    with tempfile.TemporaryDirectory() as folder, azure.step(f"reading the bytes of model {model} of {where}"):
        client.models.download(model.name, model.version, folder)
        # The SDK puts a folder, or a single file, below a folder with the model's name.
        below = Path(folder) / model.name
        found = list(below.iterdir())
        return digest(found[0] if len(found) == 1 else below)
