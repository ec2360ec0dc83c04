"""Principals that stack files name by their object ids, and the sandbox's principals that act for them.

A stack file names its deployer and its callers by ids of the user's directory, which the sandbox does not know. It
accepts them without a check: each exists, has the type in the file, and the sandbox's principals with that part act for
it. They are members of a group, or sign in as the person or service principal. So a stack is rehearsed with its
committed file, and its grants have their real effect.
"""

import json
import re
from collections.abc import Iterable

from sandbox.azure.directory import Named, named, named_file
from sandbox.home import Home, write_private

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


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
