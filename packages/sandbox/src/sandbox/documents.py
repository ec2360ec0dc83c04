"""YAML that somebody else wrote, read within limits: aliases make ten lines mean a billion values."""

from typing import Any, Final

import yaml

_LARGEST: Final = 1 << 20
"""Characters."""
LARGEST_MODEL: Final = 16 << 20
"""Characters of a model's description, whose signature is one long text."""
_MOST: Final = 50_000
"""Values, with those of an alias counted where it is used."""


def node(text: str, largest: int = _LARGEST) -> yaml.Node | None:
    """Return a YAML text as nodes with their lines; None for an empty one. ``largest`` is its limit in characters.

    Raises:
        MarkedYAMLError: it is not YAML, or too large.
    """
    if len(text) > largest:
        raise yaml.MarkedYAMLError(problem=f"larger than {largest >> 20} MiB")
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is not None and _size(root, {}) > _MOST:
            raise yaml.MarkedYAMLError(problem=f"more than {_MOST} values, with aliases counted where they are used")
    except RecursionError:
        raise yaml.MarkedYAMLError(problem="nested too deeply") from None
    except yaml.reader.ReaderError as error:
        raise yaml.MarkedYAMLError(problem=str(error.reason)) from None
    return root


def data(text: str, largest: int = _LARGEST) -> Any:
    """Return what a YAML text says, as `yaml.safe_load` does; see `node`."""
    root = node(text, largest)
    try:
        return None if root is None else yaml.SafeLoader("").construct_document(root)
    except (ValueError, LookupError, AttributeError) as error:  # PyYAML's, for a value that is not what its tag says
        raise yaml.MarkedYAMLError(problem=f"a value is not what its tag says ({error})") from None


def _size(root: yaml.Node, known: dict[int, int | None]) -> int:
    """Return how many values a node has; `known` has the sizes of those that were met, None while one is counted."""
    if id(root) not in known:
        known[id(root)] = None
        inside = root.value if isinstance(root, yaml.SequenceNode) else []
        if isinstance(root, yaml.MappingNode):
            inside = [each for pair in root.value for each in pair]
        known[id(root)] = 1 + sum(_size(each, known) for each in inside)
    size = known[id(root)]
    if size is None:
        raise yaml.MarkedYAMLError(problem="an alias of something that contains the alias")
    return size
