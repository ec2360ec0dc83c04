"""A YAML file as plain data, with the line of every key.

What PyYAML takes in silence is refused here: a key that is set twice, a text in another encoding than UTF-8. Dates stay
the texts that they were.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from modelops.plan import documents


class _Loader(yaml.SafeLoader):
    """YAML as azure-ai-ml reads it (`yaml.safe_load`), but without dates."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Unreadable(Exception):  # noqa: N818 - it is about the file
    """A file that has no keys to read; the text says why, and `line` where, 1 for the whole file."""

    def __init__(self, text: str, line: int = 1) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True)
class Document:
    """A file whose content is one mapping."""

    values: Mapping[str, Any]
    _root: yaml.Node

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line of a key, or of the nearest key above it that the file has."""
        node, line = self._root, 1
        for part in path:
            found = next((each for each in _children(node) if each[0] == part), None)
            if found is None:
                break
            _, line, node = found
        return line


def read(path: Path) -> Document:
    """Read a file.

    Raises:
        Unreadable: There is no such file, it is not UTF-8, not YAML, or has something else than one mapping.
    """
    text = _text(path)
    try:
        documents.check(text)
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise Unreadable("is empty")
        _check_keys(node)
        values = loader.construct_document(node)
    except documents.LimitError as error:
        raise Unreadable(error.problem or "", error.problem_mark.line + 1 if error.problem_mark else 1) from None
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, text) from None
    except yaml.YAMLError as error:
        raise Unreadable(f"is not YAML: {' '.join(str(error).split())}") from None
    except (ValueError, LookupError, AttributeError) as error:  # a value that is not what its tag says
        raise Unreadable(f"is not YAML: {error}") from None
    if not isinstance(values, dict):
        raise Unreadable(f"holds {_kind(values)}, and not keys with values")
    return Document({str(key): value for key, value in values.items()}, node)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Unreadable("does not exist") from None
    except IsADirectoryError:
        raise Unreadable("is a folder, and not a file") from None
    except UnicodeDecodeError:
        raise Unreadable("is not UTF-8; save it with that encoding") from None
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None


def _not_yaml(error: yaml.MarkedYAMLError, text: str) -> Unreadable:
    """Say what is wrong with a text that is not YAML; a template's `{{ }}` without quotes is the usual cause."""
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    lines = text.splitlines()
    if 0 < line <= len(lines) and "{{" in lines[line - 1]:
        return Unreadable("has a template's {{ }}: fill the template in first, and name the file that it became", line)
    return Unreadable(f"is not YAML: {error.problem or error.context}", line)


def _check_keys(root: yaml.Node) -> None:
    """Refuse keys that are set twice, of which PyYAML would take the last."""
    seen: set[int] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        first: dict[str, int] = {}
        for key, line, value in _children(node):
            if isinstance(key, str) and key != "<<":
                if key in first:
                    raise Unreadable(f"sets {key} twice, in lines {first[key]} and {line}: remove one", line)
                first[key] = line
            todo.append(value)


def _children(node: yaml.Node) -> Iterator[tuple[str | int, int, yaml.Node]]:
    """Yield key or index, line and value of what is directly in a node."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield index, value.start_mark.line + 1, value


def _kind(value: object) -> str:
    return {list: "a list", type(None): "nothing"}.get(type(value)) or f"the value {value!r}"
