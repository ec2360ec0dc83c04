"""The models of a release plan: a local one, a registered one, one where a job left it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from modelops.plan.reader import Reader
from modelops.plan.registered import Registered
from modelops.plan.rules import MODEL_TYPES


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model in the repository: registered under `name` if no version has the same bytes yet."""

    path: str
    name: str
    type: str
    digest: str

    def identity(self) -> dict[str, Any]:
        """The model's part of the identity: its bytes and type, not its path."""
        return {"digest": self.digest, "type": self.type}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: str, reader: Reader) -> Self:
        """Read the plan's JSON form."""
        reader.only(data, ("path", "name", "type", "digest"), path)
        return cls(
            path=reader.relative_path(data, "path", path),
            name=reader.text(data, "name", path),
            type=reader.text(data, "type", path, MODEL_TYPES),
            digest=reader.text(data, "digest", path),
        )

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        return {"path": self.path, "name": self.name, "type": self.type, "digest": self.digest}


class RegisteredModel(Registered):
    """An existing version of a model."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class UriModel:
    """A model that a job left in Azure: registered under `name` if no version came from the same place yet.

    Nobody reads its bytes, so other bytes at the same place make no new version and no new revision.
    """

    uri: str
    """A job's output, a path in a datastore or an MLflow run's artifact, as azure-ai-ml takes it."""
    name: str
    type: str

    def identity(self) -> dict[str, Any]:
        """The place and the type, not the name in the workspace."""
        return {"uri": self.uri, "type": self.type}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: str, reader: Reader) -> Self:
        """Read the plan's JSON form."""
        reader.only(data, ("uri", "name", "type"), path)
        return cls(
            uri=reader.text(data, "uri", path),
            name=reader.text(data, "name", path),
            type=reader.text(data, "type", path, MODEL_TYPES),
        )

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        return {"uri": self.uri, "name": self.name, "type": self.type}


UnregisteredModel = LocalModel | UriModel
"""What the release registers."""

Model = UnregisteredModel | RegisteredModel


def read_model(data: Mapping[str, Any], path: str, reader: Reader) -> Model:
    """Read the JSON form of one of the kinds of model."""
    kind = LocalModel if "path" in data else UriModel if "uri" in data else RegisteredModel
    return kind.from_json(data, path, reader)
