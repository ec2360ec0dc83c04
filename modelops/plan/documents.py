"""YAML and JSON that somebody else wrote, read within limits: no file may hold up a preview or fill the memory.

Aliases are what makes a small YAML file large: ten lines can mean a billion values. PyYAML shares them, but everything
that walks through the result does not.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, NoReturn

import yaml

_LARGEST: Final = 1 << 20
"""Characters."""
LARGEST_MODEL: Final = 16 << 20
"""Characters of a model's description: its signature is one text of JSON, with some 60 characters for each column."""
_DEEPEST: Final = 50
"""Levels of nesting; a file that a person wrote has five to ten."""
_MOST: Final = 50_000
"""Values, with those of an alias counted where it is used; 500 deployments have as many."""

FAST: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser, where PyYAML was built with it: the counting then takes a tenth of the time."""


class LimitError(yaml.MarkedYAMLError):
    """A text exceeds a limit; `problem` continues "the file ..."."""


def yaml_data(text: str, loader: type[yaml.SafeLoader] = yaml.SafeLoader, *, largest: int = _LARGEST) -> Any:
    """Return what a YAML text says, as `yaml.safe_load` does; `largest` is its limit in characters.

    Raises:
        YAMLError: it is not YAML, or a value is not what its tag says.
        LimitError: it is too large.
    """
    check(text, largest)
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader, or one that is derived from it
    except yaml.YAMLError:
        raise
    except (ValueError, LookupError, AttributeError) as error:  # PyYAML's, for a value that is not what its tag says
        raise yaml.YAMLError(f"a value is not what its tag says ({error})") from None


def yaml_node(text: str) -> yaml.Node | None:
    """Return a YAML text as nodes with their lines; the errors are those of `yaml_data`."""
    check(text)
    root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    return root


def json_data(text: str) -> Any:
    """Return what a JSON text says, as `json.loads` does.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def check(text: str, largest: int = _LARGEST) -> None:
    """Raise LimitError if a YAML text is too large or too deep; other errors are not found here."""
    if len(text) > largest:
        _exceeds(f"is larger than {largest >> 20} MiB")
    for loader in (FAST, yaml.SafeLoader):
        try:
            _count(yaml.parse(text, Loader=loader))
        except LimitError:
            raise
        except yaml.YAMLError:  # perhaps for one parser only; the reading says it, in PyYAML's own words
            continue
        return


def _count(events: Iterator[yaml.Event]) -> None:
    sizes: dict[str, int] = {}  # the number of values behind each anchor
    around: list[tuple[str | None, int]] = []  # the open collections: their anchors, and the count before them
    count = 0
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = around.pop()
            if anchor is not None:
                sizes[anchor] = count - before
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in (anchor for anchor, _ in around):
                _exceeds("has an alias of something that contains the alias", event)
            count += sizes.get(str(event.anchor), 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            around.append((event.anchor, count))
            count += 1
        elif isinstance(event, yaml.ScalarEvent):
            sizes |= {event.anchor: 1} if event.anchor is not None else {}
            count += 1
        if len(around) > _DEEPEST:
            _exceeds(f"is nested more than {_DEEPEST} levels deep", event)
        if count > _MOST:
            _exceeds(f"has more than {_MOST} values, with aliases counted where they are used", event)


def _exceeds(what: str, event: yaml.Event | None = None) -> NoReturn:
    if event is None or event.start_mark is None:
        raise LimitError(problem=what)
    at = event.start_mark
    raise LimitError(problem=what, problem_mark=yaml.Mark("the file", at.index, at.line, at.column, None, 0))
