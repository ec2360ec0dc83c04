"""The environments of a release plan: an image (with a conda file), a build context, a registered one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from modelops.plan.reader import Reader


@dataclass(frozen=True, slots=True)
class CondaFile:
    """A conda file from the repository."""

    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class ImageEnvironment:
    """A tagged image, alone or with a conda file."""

    image: str
    conda: CondaFile | None = None

    def identity(self) -> dict[str, Any]:
        """The image and the conda file's bytes."""
        return {"image": self.image, **({"condaDigest": self.conda.digest} if self.conda else {})}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: str, reader: Reader) -> Self:
        """Read the plan's JSON form."""
        reader.only(data, ("image", "condaFile", "condaDigest"), path)
        conda = None
        if "condaFile" in data or "condaDigest" in data:
            conda = CondaFile(reader.relative_path(data, "condaFile", path), reader.text(data, "condaDigest", path))
        return cls(image=reader.text(data, "image", path), conda=conda)

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        conda = {"condaFile": self.conda.path, "condaDigest": self.conda.digest} if self.conda else {}
        return {"image": self.image, **conda}


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


Environment = ImageEnvironment | BuildEnvironment | NamedEnvironment


def read_environment(data: Mapping[str, Any], path: str, reader: Reader) -> Environment:
    """Read the JSON form of one of the kinds of environment."""
    kind = ImageEnvironment if "image" in data else BuildEnvironment if "build" in data else NamedEnvironment
    return kind.from_json(data, path, reader)
