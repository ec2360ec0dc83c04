"""One deployment of a release plan: model, code, environment, compute and settings, and its identity.

A change of the identity makes a new revision. The files' paths, a model's name in the workspace, description and tags
are not part of it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from modelops.plan.reader import UNKNOWN, Reader
from modelops.plan.rules import MODEL_TYPES, check_logical_name
from modelops.plan.scoring_settings import ScoringSettings


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


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """An existing version, in the workspace or (if `registry` is set) in a registry."""

    name: str
    version: str
    registry: str | None = None

    def identity(self) -> dict[str, Any]:
        """Name and version, and the registry if there is one."""
        return self.to_json()

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: str, reader: Reader) -> Self:
        """Read the plan's JSON form."""
        reader.only(data, ("registry", "name", "version"), path)
        return cls(
            name=reader.text(data, "name", path),
            version=reader.text(data, "version", path),
            registry=reader.optional_text(data, "registry", path),
        )

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        plain = {"name": self.name, "version": self.version}
        return plain if self.registry is None else {"registry": self.registry, **plain}


@dataclass(frozen=True, slots=True)
class ImageEnvironment:
    """A tagged image with a conda file from the repository."""

    image: str
    conda_file: str
    conda_digest: str

    def identity(self) -> dict[str, Any]:
        """The image and the conda file's bytes."""
        return {"image": self.image, "condaDigest": self.conda_digest}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: str, reader: Reader) -> Self:
        """Read the plan's JSON form."""
        reader.only(data, ("image", "condaFile", "condaDigest"), path)
        return cls(
            image=reader.text(data, "image", path),
            conda_file=reader.relative_path(data, "condaFile", path),
            conda_digest=reader.text(data, "condaDigest", path),
        )

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        return {"image": self.image, "condaFile": self.conda_file, "condaDigest": self.conda_digest}


@dataclass(frozen=True, slots=True)
class NamedEnvironment:
    """An existing environment in the workspace."""

    name: str
    version: str

    def identity(self) -> dict[str, Any]:
        """Name and version."""
        return self.to_json()

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: str, reader: Reader) -> Self:
        """Read the plan's JSON form."""
        reader.only(data, ("name", "version"), path)
        return cls(name=reader.text(data, "name", path), version=reader.text(data, "version", path))

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        return {"name": self.name, "version": self.version}


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """One deployment of the plan; its revision's name depends on everything except description and tags."""

    logical: str
    model: LocalModel | RegisteredModel
    code_path: str
    code_digest: str
    scoring_script: str
    environment: ImageEnvironment | NamedEnvironment
    compute: str
    settings: ScoringSettings = field(default_factory=ScoringSettings)
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    def identity(self) -> str | None:
        """SHA-256 over the canonical JSON of the revision's content, or None while a part of it is unknown."""
        parts = {
            "model": self.model.identity(),
            "code": self.code_digest,
            "scoringScript": self.scoring_script,
            "environment": self.environment.identity(),
            "compute": self.compute if self.compute == UNKNOWN else self.compute.lower(),  # ids are case-insensitive
            "settings": self.settings.to_json(),
            "environmentVariables": dict(self.environment_variables),
        }
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return None if UNKNOWN in text else hashlib.sha256(text.encode()).hexdigest()

    @property
    def revision(self) -> str:
        """Physical name `<logical>-<8 hex>`; the digits are question marks while the identity is unknown."""
        identity = self.identity()
        return f"{self.logical}-{identity[:8] if identity else '????????'}"

    @classmethod
    def from_json(cls, logical: str, data: Mapping[str, Any], reader: Reader) -> Self:
        """Read the plan's JSON form."""
        path = f"deployments.{logical}."
        if problem := check_logical_name(logical):
            reader.problems.append(problem)
        code = reader.mapping(data, "code", path)
        return cls(
            logical=logical,
            model=_model(reader.mapping(data, "model", path), f"{path}model.", reader),
            code_path=reader.relative_path(code, "path", f"{path}code."),
            code_digest=reader.text(code, "digest", f"{path}code."),
            scoring_script=reader.relative_path(data, "scoringScript", path),
            environment=_environment(reader.mapping(data, "environment", path), f"{path}environment.", reader),
            compute=reader.text(data, "compute", path),
            settings=ScoringSettings.from_json(reader.mapping(data, "settings", path), f"{path}settings.", reader),
            environment_variables=reader.texts(data, "environmentVariables", path),
            description=reader.optional_text(data, "description", path) or "",
            tags=reader.texts(data, "tags", path),
        )

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        return {
            "model": self.model.to_json(),
            "code": {"path": self.code_path, "digest": self.code_digest},
            "scoringScript": self.scoring_script,
            "environment": self.environment.to_json(),
            "compute": self.compute,
            "settings": self.settings.to_json(),
            "environmentVariables": dict(self.environment_variables),
            "description": self.description,
            "tags": dict(self.tags),
        }


def _model(data: Mapping[str, Any], path: str, reader: Reader) -> LocalModel | RegisteredModel:
    kind = LocalModel if "path" in data else RegisteredModel
    return kind.from_json(data, path, reader)


def _environment(data: Mapping[str, Any], path: str, reader: Reader) -> ImageEnvironment | NamedEnvironment:
    kind = ImageEnvironment if "image" in data else NamedEnvironment
    return kind.from_json(data, path, reader)
