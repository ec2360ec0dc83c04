"""The text of the stack file: where each key stands, and keys that are set twice.

Pulumi hands over the values alone. Messages name lines, and two spellings of one key (`cluster` and `project:cluster`)
are two keys for Pulumi's YAML reader, of which one wins.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from modelops.plan import documents


class StackFileError(Exception):
    """The stack file is too large to be read; the text is for the user."""


class Twice(NamedTuple):
    """A key that is set twice in one object: its path, and the two lines."""

    path: tuple[str, ...]
    first: int
    second: int


@dataclass(frozen=True)
class StackFile:
    """A stack file, `Pulumi.<stack>.yaml`.

    Attributes:
        name: Its name, for messages.
        lines: The line of each key below `config:`, by its path in the form of `settings.problems`: keys of the project
            without its namespace, entries of arrays as `[0]`.
        twice: Keys that are set twice.
    """

    name: str
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)
    twice: tuple[Twice, ...] = ()

    def place(self, path: tuple[str, ...]) -> str:
        """Say where a key stands: "Pulumi.dev.yaml:14", or the file alone if it does not have the key."""
        line = self.lines.get(path)
        return self.name if line is None else f"{self.name}:{line}"

    def secret(self, key: str) -> tuple[str, ...]:
        """Return the path of the first secret in a top-level key; of the key itself if the file shows none."""
        found = (path for path in self.lines if path[0] == key and path[-1] == "secure")
        return next((path[:-1] for path in found if len(path) > 1), (key,))


def read(folder: Path, stack: str, project: str) -> StackFile:
    """Read a stack's file; without one, or if it is not YAML (Pulumi says so itself), nothing is known but its name.

    Args:
        folder: The project's folder.
        stack: Name of the stack.
        project: Name of the project: the namespace that its keys may have.

    Raises:
        StackFileError: The file is too large, or its aliases make it so.
    """
    name = f"Pulumi.{stack}.yaml"
    try:
        text = (config_folder(folder) / name).read_text(encoding="utf-8-sig")
        root = documents.yaml_node(text)
    except documents.LimitError as error:
        raise StackFileError(f"{name} {error.problem}, so nothing was created or changed.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return StackFile(name)
    config = next((node for key, node in _pairs(root) if key.value == "config"), None)
    lines: dict[tuple[str, ...], int] = {}
    twice: list[Twice] = []
    for path, line in _keys(config, (), f"{project}:"):
        if path in lines:
            twice.append(Twice(path, lines[path], line))
        lines.setdefault(path, line)
    return StackFile(name, lines, tuple(twice))


def config_folder(folder: Path) -> Path:
    """Return the folder of the stack files, which the project file may name."""
    return folder / str(project(folder).get("stackConfigDir") or ".")


def project(folder: Path) -> dict[str, Any]:
    """Return what the project file `Pulumi.yaml` says."""
    return documents.yaml_data((folder / "Pulumi.yaml").read_text(encoding="utf-8-sig")) or {}


def decoded(text: str) -> Any:
    """Return a value of the stack file, which the engine passes as JSON; ValueError if it is something else."""
    return documents.json_data(text)


def _keys(node: yaml.Node | None, path: tuple[str, ...], namespace: str = "") -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield every key and every entry of an array below a node, with its line."""
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            inside = (*path, f"[{index}]")
            yield inside, item.start_mark.line + 1
            yield from _keys(item, inside)
        return
    seen: set[str] = set()
    for key, item in _pairs(node):
        name = str(key.value).removeprefix(namespace)
        yield (*path, name), key.start_mark.line + 1
        if name not in seen:  # else every key in it would be set twice, too
            yield from _keys(item, (*path, name))
        seen.add(name)


def _pairs(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []
