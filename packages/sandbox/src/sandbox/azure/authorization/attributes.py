"""The attributes that conditions compare, with their operators.

Of role assignments:
https://learn.microsoft.com/azure/role-based-access-control/conditions-authorization-actions-attributes; of blobs:
https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes; operators:
https://learn.microsoft.com/azure/role-based-access-control/conditions-format.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

Compare = Callable[[str, str], bool]

_ASSIGNMENTS: Final = "Microsoft.Authorization/roleAssignments"
_CONTAINERS: Final = "Microsoft.Storage/storageAccounts/blobServices/containers"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute by its short name, the sources that have it, and its operators."""

    name: str
    sources: tuple[str, ...]
    operators: Mapping[str, Compare]


@cache
def _like(pattern: str) -> re.Pattern[str]:
    r"""Compile a pattern: ``*`` is any text, ``?`` one character, ``\`` takes away the meaning of both."""
    parts = re.findall(r"\\[*?]|.", pattern, re.DOTALL)
    signs = {"*": ".*", "?": "."}
    return re.compile("".join(signs.get(each) or re.escape(each[-1]) for each in parts), re.DOTALL)


def _equals(left: str, right: str) -> bool:
    return left == right


def _starts_with(left: str, right: str) -> bool:
    return left.startswith(right)


def _matches(left: str, right: str) -> bool:
    return _like(right).fullmatch(left) is not None


def _any_case(compare: Compare) -> Compare:
    return lambda left, right: compare(left.lower(), right.lower())


def _not(compare: Compare) -> Compare:
    return lambda left, right: not compare(left, right)


def _strings() -> Mapping[str, Compare]:
    plain = {"Equals": _equals, "StartsWith": _starts_with, "Like": _matches}
    each_way = {
        f"String{negation}{word}": turned(compare)
        for word, compare in plain.items()
        for negation, turned in (("", lambda same: same), ("Not", _not))
    }
    return each_way | {f"{name}IgnoreCase": _any_case(compare) for name, compare in each_way.items()}


_GUIDS: Final = {"GuidEquals": _any_case(_equals), "GuidNotEquals": _not(_any_case(_equals))}
_KINDS: Final = {
    "StringEqualsIgnoreCase": _any_case(_equals),
    "StringNotEqualsIgnoreCase": _not(_any_case(_equals)),
}
_STRINGS: Final = _strings()

ATTRIBUTES: Final[Mapping[str, Attribute]] = {
    f"{_ASSIGNMENTS}:RoleDefinitionId": Attribute("RoleDefinitionId", ("Request", "Resource"), _GUIDS),
    f"{_ASSIGNMENTS}:PrincipalId": Attribute("PrincipalId", ("Request", "Resource"), _GUIDS),
    f"{_ASSIGNMENTS}:PrincipalType": Attribute("PrincipalType", ("Request", "Resource"), _KINDS),
    f"{_CONTAINERS}:name": Attribute("containers:name", ("Resource",), _STRINGS),
    f"{_CONTAINERS}/blobs:path": Attribute("blobs:path", ("Resource",), _STRINGS),
    f"{_CONTAINERS}/blobs:prefix": Attribute("blobs:prefix", ("Request",), _STRINGS),
}
"""The attributes by their names in conditions."""
