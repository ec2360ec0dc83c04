"""What a role may do: Azure's wildcards, and what exclusions leave of them.

In the name of an operation `*` stands for any text, with slashes or empty, and letters may be small or capital:
https://learn.microsoft.com/azure/role-based-access-control/role-definitions. Excluded operations only subtract from the
same entry of the same role; they are not a deny.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

_ODD: Final = re.compile(r"[^a-z0-9./*_$-]")
"""What no operation's name contains."""
_ANYTHING: Final = "\0"
"""Stands for what an asterisk stands for: only another asterisk matches it."""


def plain(operation: str) -> str:
    """Return an operation's name in small letters, without what no name contains: spaces, for instance."""
    return _ODD.sub("", operation.casefold())


def is_plain(operation: str) -> bool:
    """Say whether a text can be the name of an operation, or a pattern of names."""
    return bool(operation) and plain(operation) == operation.casefold()


def leaves(allowed: str, wanted: str, excluded: Sequence[str] = ()) -> bool:
    """Say whether a pattern allows an operation that another pattern names, after the excluded ones.

    In doubt it does: an exclusion only counts if it covers all that is allowed, or all that is looked for. `a/*/b` also
    allows `a/b`, as Azure Machine Learning's own roles use it, but does not exclude it.

    Args:
        allowed: An entry of `actions` or `dataActions`.
        wanted: The operations to look for.
        excluded: The `notActions` or `notDataActions` of the same entry.
    """
    action, operation = plain(allowed), plain(wanted)
    if not any(_meet(each, operation) for each in {action, action.replace("/*/", "/")}):
        return False
    return not any(_covers(each, action) or _covers(each, operation) for each in map(plain, excluded))


def _covers(pattern: str, other: str) -> bool:
    """Say whether a pattern names all operations that another one names."""
    return _expression(pattern).fullmatch(other.replace("*", _ANYTHING)) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, re.split(r"\*+", pattern))), re.DOTALL)


def _meet(one: str, other: str) -> bool:
    """Say whether any operation is named by both patterns."""
    if "*" not in one or "*" not in other:
        return _covers(one, other) or _covers(other, one)
    seen, waiting = {(0, 0)}, [(0, 0)]
    while waiting:
        left, right = waiting.pop()
        if (left, right) == (len(one), len(other)):
            return True
        here, there = one[left : left + 1], other[right : right + 1]
        after = set()
        if "*" in (here, there) or here == there:
            after.add((left + 1, right + 1))
        if here == "*":
            after |= {(left + 1, right), (left, right + 1)}
        if there == "*":
            after |= {(left, right + 1), (left + 1, right)}
        for each in after - seen:
            if each[0] <= len(one) and each[1] <= len(other):
                seen.add(each)
                waiting.append(each)
    return False
