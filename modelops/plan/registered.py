"""What exists already under a name and a version: a model or an environment, of the workspace or of a registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from modelops.plan.reader import Reader


@dataclass(frozen=True, slots=True)
class Registered:
    """An existing version, in the workspace or (if `registry` is set) in a registry."""

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
