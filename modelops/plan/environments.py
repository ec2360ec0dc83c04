"""The environments of a release plan: an image (with a conda file), a build context, a registered one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import yaml

from modelops.plan.reader import Reader
from modelops.plan.registered import Registered


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


class NamedEnvironment(Registered):
    """An existing environment."""

    __slots__ = ()


Environment = ImageEnvironment | BuildEnvironment | NamedEnvironment


def read_environment(data: Mapping[str, Any], path: str, reader: Reader) -> Environment:
    """Read the JSON form of one of the kinds of environment."""
    kind = ImageEnvironment if "image" in data else BuildEnvironment if "build" in data else NamedEnvironment
    return kind.from_json(data, path, reader)
