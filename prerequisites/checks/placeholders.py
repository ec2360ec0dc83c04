"""Ids and addresses of the committed stack files that stand for the user's own."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from prerequisites.checks.around import Stack
from prerequisites.checks.finding import Finding

SUBJECT: Final = "placeholders"

_ID: Final = re.compile(r"[0-9a-f]{8}-0000-[04]000-[08]000-00000000000[0-9a-f]", re.IGNORECASE)
"""The ids of this repository's files, and those of zeros alone; none of them is a random one."""

_DOCUMENTATION: Final = tuple(map(ipaddress.IPv4Network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))
"""Addresses that belong to nobody: https://www.rfc-editor.org/rfc/rfc5737."""


def find(stack: Stack) -> Iterator[Finding]:
    """Yield one problem that names every placeholder with its line."""
    project = f"{stack.committed.project}:"
    found = []
    kinds = set()
    for key, value in stack.committed.config.items():
        for path, text in _texts((key.removeprefix(project),), value):
            kind = _kind(text)
            if kind:
                kinds.add(kind)
                found.append(f"{stack.committed.file.place(path)}: {_dotted(path)} is {text}")
    if not found:
        return
    commands = [f"edit {stack.committed.file.name}"]
    if "id" in kinds:
        commands.append("az ad group show --group NAME --query id --output tsv    (or: az ad sp show --id CLIENT-ID)")
    what = {"id": "ids", "address": "addresses"}
    named = " and ".join(what[each] for each in what if each in kinds)
    yield Finding(
        SUBJECT,
        "\n".join([f"the stack file still has {named} that stand for your own:", *found]),
        tuple(commands),
    )


def _kind(text: str) -> str | None:
    if _ID.search(text):
        return "id"
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv4Network) and any(network.subnet_of(each) for each in _DOCUMENTATION):
        return "address"
    return None


def _texts(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts((*path, str(key)), each)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts((*path, f"[{index}]"), each)
    elif isinstance(value, str):
        yield path, value


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(path).replace(".[", "[")
