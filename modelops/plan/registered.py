"""What exists already under a name and a version: a model or an environment, of the workspace or of a registry."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from modelops.plan.reader import Reader

_MODEL: Final = re.compile(
    r"(azureml://registries/(?P<registry>[^/]+)|.*/workspaces/[^/]+)/models/(?P<name>[^/]+)/versions/(?P<version>[^/]+)",
    re.IGNORECASE,
)


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
    def of_model(cls, model_id: str) -> Self | None:
        """Return the model that a deployment names by its id; None for an id of another form."""
        found = _MODEL.fullmatch(model_id)
        return cls(found["name"], found["version"], found["registry"]) if found else None

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
