"""Principals that stack files name by their object ids, and who of the sandbox's own stands for them.

A stack file names its deployer and its callers by ids of the user's directory, which a sandbox does not have. It takes
them on trust: each exists here, is of the kind that the file says, and is acted for by the sandbox's own principals of
that part. A group has them as members; for a person or a service principal they sign in in its place. So a stack is
rehearsed with its committed file as it stands, and its grants have the effect that they will have.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.home import Home, write_private

ACTORS: Mapping[str, tuple[str, ...]] = {"deployer": ("deployer", "second"), "caller": ("caller",)}
"""Part in a stack file: the sandbox's principals that act it."""

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Named:
    """A principal of a stack file: its object id, its kind (`Group`, ...) and its part, a key of ``ACTORS``."""

    object_id: str
    kind: str
    part: str


def remember(home: Home, named: Iterable[Named]) -> None:
    """Let these principals exist in the sandbox's directory, beside those of other stacks.

    What is no object id, and what is the id of one of the sandbox's own principals, is left out.
    """
    own = {account.principal.object_id.lower() for account in home.facts().accounts.values()}
    known = _read(home.root)
    wanted = dict(known)
    for each in named:
        key = each.object_id.lower()
        if _GUID.fullmatch(key) and key not in own:
            wanted[key] = {"type": each.kind, "part": each.part}
    if wanted != known:
        write_private(_file(home.root), json.dumps(wanted, indent=2))


def kind_of(root: Path, object_id: str) -> str | None:
    """Return the kind of a principal that a stack file names, or None when none does."""
    found = _read(root).get(object_id.lower())
    return found["type"] if found else None


def acted_for(root: Path, name: str) -> frozenset[str]:
    """Return the object ids (in lower case) that the sandbox's principal called ``name`` acts for."""
    return frozenset(key for key, entry in _read(root).items() if name in ACTORS.get(entry["part"], ()))


def _file(root: Path) -> Path:
    return root / "principals.json"


def _read(root: Path) -> dict[str, dict[str, str]]:
    try:
        found: dict[str, dict[str, str]] = json.loads(_file(root).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found
