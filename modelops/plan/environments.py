"""The environments of a release plan: an image with a conda file, a registered one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from modelops.plan.reader import Reader


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


Environment = ImageEnvironment | NamedEnvironment


def read_environment(data: Mapping[str, Any], path: str, reader: Reader) -> Environment:
    """Read the JSON form of one of the kinds of environment."""
    kind = ImageEnvironment if "image" in data else NamedEnvironment
    return kind.from_json(data, path, reader)
