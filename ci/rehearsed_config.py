"""The configuration that a rehearsal deploys: the stack's own, without what only Azure can answer.

YAML is edited as nodes, so that every value keeps its spelling: YAML readers differ in what `yes` or `0123` is.
"""

from collections.abc import Collection
from typing import Final

import yaml

from modelops.plan.documents import yaml_node

_ONLY_IN_AZURE: Final = ("requireReleasedIn", "resourceGroup")
"""Another stack has released nothing in a new sandbox; and the sandbox makes a group instead of the named one."""
_TRY_OUT: Final = "tryOut"
_TEXT: Final = "tag:yaml.org,2002:str"


def edited(text: str, without_try_out: Collection[str] = ()) -> str:
    """Return a stack file's text as a rehearsal deploys it.

    Args:
        text: the stack file.
        without_try_out: endpoints that are released without a try-out.
    """
    root = yaml_node(text)
    for config in _members(root, "config"):
        for key in _ONLY_IN_AZURE:
            _remove(config, key)
        for endpoints in _members(config, "endpoints"):
            for name, endpoint in _items(endpoints):
                if name in without_try_out:
                    _leave_out(endpoint)
    return str(yaml.serialize(root, allow_unicode=True)) if root is not None else ""


def _leave_out(endpoint: yaml.Node) -> None:
    """Let an endpoint and its deployments go without a try-out."""
    _remove(endpoint, _TRY_OUT)
    if isinstance(endpoint, yaml.MappingNode):
        endpoint.value.append((yaml.ScalarNode(_TEXT, _TRY_OUT), yaml.ScalarNode(_TEXT, "none")))
    for deployments in _members(endpoint, "deployments"):
        for _, each in _items(deployments):
            _remove(each, _TRY_OUT)


def _items(node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    return [(str(key.value), value) for key, value in node.value] if isinstance(node, yaml.MappingNode) else []


def _members(node: yaml.Node | None, name: str) -> list[yaml.Node]:
    """Return the values of a key; one of the stack's own keys may have the project's namespace."""
    return [value for key, value in _items(node) if key.rpartition(":")[2] == name]


def _remove(node: yaml.Node, name: str) -> None:
    if isinstance(node, yaml.MappingNode):
        node.value = [(key, value) for key, value in node.value if str(key.value).rpartition(":")[2] != name]
