"""The environments of a release plan: an image (with a conda file), a build context, a registered one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import yaml

from modelops.plan.reader import Reader


@dataclass(frozen=True, slots=True)
class CondaFile:
    """A conda file from the repository."""

    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class CondaText:
    """A conda environment that is not a file of the repository, as the text of one."""

    text: str

    @property
    def content(self) -> Any:
        """The environment as plain data, as azure-ai-ml takes it."""
        return yaml.safe_load(self.text)


@dataclass(frozen=True, slots=True)
class ImageEnvironment:
    """A tagged image, alone or with a conda environment."""

    image: str
    conda: CondaFile | CondaText | None = None

    def identity(self) -> dict[str, Any]:
        """The image, and the conda file's bytes or the conda environment's text."""
        if isinstance(self.conda, CondaFile):
            return {"image": self.image, "condaDigest": self.conda.digest}
        return self.to_json()

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: str, reader: Reader) -> Self:
        """Read the plan's JSON form."""
        reader.only(data, ("image", "conda") if "conda" in data else ("image", "condaFile", "condaDigest"), path)
        conda: CondaFile | CondaText | None = None
        if "conda" in data:
            conda = CondaText(reader.text(data, "conda", path))
        elif "condaFile" in data or "condaDigest" in data:
            conda = CondaFile(reader.relative_path(data, "condaFile", path), reader.text(data, "condaDigest", path))
        return cls(image=reader.text(data, "image", path), conda=conda)

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        if self.conda is None:
            return {"image": self.image}
        if isinstance(self.conda, CondaText):
            return {"image": self.image, "conda": self.conda.text}
        return {"image": self.image, "condaFile": self.conda.path, "condaDigest": self.conda.digest}


@dataclass(frozen=True, slots=True)
class BuildEnvironment:
    """A folder of the repository with a Dockerfile, which Azure builds."""

    path: str
    dockerfile_path: str
    digest: str

    def identity(self) -> dict[str, Any]:
        """The folder's bytes and the Dockerfile's path in it."""
        return {"build": {"digest": self.digest, "dockerfilePath": self.dockerfile_path}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: str, reader: Reader) -> Self:
        """Read the plan's JSON form."""
        reader.only(data, ("build",), path)
        build = reader.mapping(data, "build", path)
        reader.only(build, ("path", "dockerfilePath", "digest"), f"{path}build.")
        return cls(
            path=reader.relative_path(build, "path", f"{path}build."),
            dockerfile_path=reader.relative_path(build, "dockerfilePath", f"{path}build."),
            digest=reader.text(build, "digest", f"{path}build."),
        )

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        return {"build": {"path": self.path, "dockerfilePath": self.dockerfile_path, "digest": self.digest}}


@dataclass(frozen=True, slots=True)
class NamedEnvironment:
    """An existing environment, in the workspace or (if `registry` is set) in a registry."""

    name: str
    version: str
    registry: str | None = None
    label: str | None = None
    """The label that stood for the version, `latest`; not part of the identity."""

    def identity(self) -> dict[str, Any]:
        """Name and version, and the registry if there is one."""
        plain = {"name": self.name, "version": self.version}
        return plain if self.registry is None else {"registry": self.registry, **plain}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: str, reader: Reader) -> Self:
        """Read the plan's JSON form."""
        reader.only(data, ("registry", "name", "version", "label"), path)
        return cls(
            name=reader.text(data, "name", path),
            version=reader.text(data, "version", path),
            registry=reader.optional_text(data, "registry", path),
            label=reader.optional_text(data, "label", path),
        )

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        return self.identity() if self.label is None else {**self.identity(), "label": self.label}


Environment = ImageEnvironment | BuildEnvironment | NamedEnvironment


def read_environment(data: Mapping[str, Any], path: str, reader: Reader) -> Environment:
    """Read the JSON form of one of the kinds of environment."""
    kind = ImageEnvironment if "image" in data else BuildEnvironment if "build" in data else NamedEnvironment
    return kind.from_json(data, path, reader)
