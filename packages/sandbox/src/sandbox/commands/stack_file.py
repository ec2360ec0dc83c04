"""Merge a committed stack file into the sandbox's own copy of it, and let the principals exist that it names.

YAML is read and written as nodes, not as values, so that every scalar keeps its spelling: different YAML readers read
`yes`, `1e3` and `0123` differently, and only Pulumi's reading counts.

A stack file names its deployer and its callers by ids of the user's directory, which the sandbox does not know. It
accepts them without a check: each exists, has the type in the file, and the sandbox's principals with that part act for
it. They are members of a group, or sign in as the person or service principal. So a stack is rehearsed with its
committed file, and its grants have their real effect.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from sandbox import documents
from sandbox.azure.directory import Named, named, named_file
from sandbox.home import Home, write_private

_BACKEND_KEYS = ("encryptionsalt", "secretsprovider", "encryptedkey", "environment")
"""The keys that belong to a stack file's backend; ``environment`` names an environment in Pulumi Cloud."""

_UNCLOSED = "found unexpected end of stream"
_USUAL = {
    "'\\t' that cannot start any token": "the line is indented with a tab; use spaces",
    "that cannot start any token": "a value that starts with this character needs quotes",
    "expected <block end>": "the line is indented differently from those that belong with it",
    "mapping values are not allowed here": "a key inside a value: check this line and the one above, or add quotes",
    "could not find expected ':'": "this line or the one above it has no colon after its key",
}
"""What PyYAML's words for the usual mistakes mean."""

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Node = yaml.Node


class StackFileError(Exception):
    """A stack file cannot be read; the text says which one, where, and what is wrong."""


def merge(committed: Path, own: Path, project: str) -> list[tuple[str, str]]:
    """Write ``own`` again: the committed configuration, with the salt and secrets that ``own`` already has.

    A key of ``config`` without a namespace is the ``project``'s, as for Pulumi, which writes such keys with it.

    Returns (key, property path) of each secure value that ``own`` has no secret for yet; these are left out.

    Raises:
        StackFileError: one of them is not valid YAML, or sets a key twice; nothing was written.
    """
    theirs, ours = _read(committed), _read(own)
    kept = {name: node for name, node in _items(ours) if name in _BACKEND_KEYS}
    merged = {name: node for name, node in _items(theirs) if name not in _BACKEND_KEYS and name != "config"}
    our_config = dict(_config(ours, project))
    missing: list[tuple[str, str]] = []
    config: dict[str, Node] = {}
    for key, node in _config(theirs, project):
        placed = _place(node, our_config.get(key), key, key, missing)
        if placed is not None:
            config[key] = placed
    for key, node in our_config.items():
        # A secret that was set in the sandbox, but is not in the committed file.
        if key not in config and _is_secure(node):
            config[key] = node
    document = kept | merged | ({"config": _mapping(config)} if config else {})
    write_private(own, yaml.serialize(_mapping(document), allow_unicode=True) if document else "")
    return missing


def named_principals(committed: Path) -> list[Named]:
    """Return the principals that a stack file names: its deployer, and its endpoints' callers."""
    found: list[Named] = []
    for key, node in _items(_member(_read(committed), "config")):
        part = "deployer" if key.rpartition(":")[2] == "deployer" else "caller"
        for entry in _mappings(node):
            values = {name: item.value for name, item in _items(entry) if isinstance(item, yaml.ScalarNode)}
            if "principalId" in values:
                found.append(Named(values["principalId"], values.get("principalType", "ServicePrincipal"), part))
    return found


def remember(home: Home, found: Iterable[Named]) -> None:
    """Add these principals to the sandbox's directory, keeping those of other stacks.

    Texts that are not object ids, and ids of the sandbox's own principals, are skipped.
    """
    own = {account.principal.object_id.lower() for account in home.facts().accounts.values()}
    known = named(home.root)
    wanted = known | {
        each.object_id.lower(): Named(each.object_id.lower(), each.kind, each.part)
        for each in found
        if _GUID.fullmatch(each.object_id.lower()) and each.object_id.lower() not in own
    }
    if wanted != known:
        entries = {key: {"type": each.kind, "part": each.part} for key, each in wanted.items()}
        write_private(named_file(home.root), json.dumps(entries, indent=2))


def _mappings(node: Node) -> Iterator[Node]:
    """Yield every mapping in a node, including the node itself."""
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, item in node.value:
            yield from _mappings(item)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _mappings(item)


def _place(node: Node, own: Node | None, key: str, path: str, missing: list[tuple[str, str]]) -> Node | None:
    """Return ``node`` with secure values replaced by those at the same place of ``own``; None if there are none."""
    if _is_secure(node):
        if own is not None and _is_secure(own):
            return own
        missing.append((key, path))
        return None
    if isinstance(node, yaml.MappingNode):
        before = dict(_items(own))
        pairs = (
            (name, _place(item, before.get(name), key, f"{path}[{json.dumps(name)}]", missing))
            for name, item in _items(node)
        )
        return _mapping({name: item for name, item in pairs if item is not None})
    if isinstance(node, yaml.SequenceNode):
        old = own.value if isinstance(own, yaml.SequenceNode) else []
        placed = [
            _place(item, old[index] if index < len(old) else None, key, f"{path}[{index}]", missing)
            for index, item in enumerate(node.value)
        ]
        # An element without its secret yet must keep its place.
        return yaml.SequenceNode(node.tag, [item if item is not None else _scalar("") for item in placed])
    return node


def _read(file: Path) -> Node | None:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise StackFileError(
            f"{file.name} is not UTF-8. Nothing was changed; save it as UTF-8 and try again."
        ) from None
    try:
        root = documents.node(text)
    except yaml.MarkedYAMLError as error:
        raise StackFileError(
            f"{file.name}{_said(error, text)}. Nothing was changed; correct the file and try again."
        ) from None
    _refuse_twice(root, file)
    return root


def _said(error: yaml.MarkedYAMLError, text: str) -> str:
    """Return the line, and what is wrong there: the usual mistakes in plain words, the others in the parser's."""
    problem = error.problem or "not valid YAML"
    if error.context_mark and _UNCLOSED in problem and "quoted" in (error.context or ""):
        return f", line {error.context_mark.line + 1}: the quote that opens here is never closed"
    if error.problem_mark is None:
        return f": {problem}"
    number = error.problem_mark.line
    words = next((said for form, said in _USUAL.items() if form in problem), problem)
    lines = text.splitlines()
    shown = f": {lines[number].strip()}" if number < len(lines) and words != problem else ""
    return f", line {number + 1}{shown}\n  {words[0].upper()}{words[1:]}" if shown else f", line {number + 1}: {words}"


def _refuse_twice(node: Node | None, file: Path) -> None:
    """Refuse a mapping with the same key twice, as Pulumi does."""
    first: dict[str, int] = {}
    for key, item in node.value if isinstance(node, yaml.MappingNode) else ():
        line = key.start_mark.line + 1
        if first.setdefault(str(key.value), line) != line:
            raise StackFileError(
                f'{file.name}, line {line}: mapping key "{key.value}" already defined at line {first[str(key.value)]}. '
                "Nothing was changed; correct the file and try again."
            )
        _refuse_twice(item, file)
    for item in node.value if isinstance(node, yaml.SequenceNode) else ():
        _refuse_twice(item, file)


def _items(node: Node | None) -> list[tuple[str, Node]]:
    if not isinstance(node, yaml.MappingNode):
        return []
    return [(str(name.value), item) for name, item in node.value]


def _config(node: Node | None, project: str) -> list[tuple[str, Node]]:
    """Return the configuration, with a namespace before every key."""
    found = _items(_member(node, "config"))
    return [(key if ":" in key else f"{project}:{key}", item) for key, item in found]


def _member(node: Node | None, name: str) -> Node | None:
    return next((item for key, item in _items(node) if key == name), None)


def _is_secure(node: Node) -> bool:
    return [name for name, _ in _items(node)] == ["secure"]


def _scalar(text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text)


def _mapping(items: dict[str, Node]) -> yaml.MappingNode:
    return yaml.MappingNode("tag:yaml.org,2002:map", [(_scalar(name), item) for name, item in items.items()])
