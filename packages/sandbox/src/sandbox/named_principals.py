"""Principals that stack files name by their object ids, and who of the sandbox's own stands for them.

A stack file names its deployer and its callers by ids of the user's directory, which a sandbox does not have. It takes
them on trust: each exists here, is of the kind that the file says, and is acted for by the sandbox's own principals of
that part. A group has them as members; for a person or a service principal they sign in in its place. So a stack is
rehearsed with its committed file as it stands, and its grants have the effect that they will have.
"""

import json
import re
from collections.abc import Iterable

from sandbox.azure.directory import Named, named, named_file
from sandbox.home import Home, write_private

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def remember(home: Home, found: Iterable[Named]) -> None:
    """Let these principals exist in the sandbox's directory, beside those of other stacks.

    What is no object id, and what is the id of one of the sandbox's own principals, is left out.
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
