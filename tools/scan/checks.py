"""The expected checks, read from checks.toml, which explains each field."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("checks.toml")


@dataclass(frozen=True, slots=True)
class Check:
    """One expected check."""

    id: str
    asks: str
    type: str
    member: str
    good: Any
    bad: Any
    also: tuple[str, ...] = ()
    optional: bool = False
    """Whether the member may be absent from a template: then this check fails."""
    conditional: bool = False
    """Whether a template may have no resource of the type at all."""
    waived: Mapping[str, str] = field(default_factory=dict)

    def resources(self, template: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the resources of a template that this check is about; the case of types does not matter, as in ARM."""
        yield from (each for each in template["resources"] if each["type"].lower() == self.type.lower())

    def value(self, resource: Mapping[str, Any]) -> Any:
        """Return the deciding member of a resource; None if it is absent."""
        found: Any = resource
        for name in self.member.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def set(self, resource: dict[str, Any], value: Any) -> None:
        """Set the deciding member of a resource, and nothing else."""
        *path, last = self.member.split(".")
        for name in path:
            resource = resource.setdefault(name, {})
        resource[last] = value


def expected(file: Path = FILE) -> dict[str, Check]:
    """Return the checks by id, in the order of the file."""
    found = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: Check(name, **{**each, "also": tuple(each.get("also", ()))}) for name, each in found.items()}


def stacks(checks: Iterable[Check]) -> list[str]:
    """Return the stacks that have waivers, sorted."""
    return sorted({stack for check in checks for stack in check.waived})
