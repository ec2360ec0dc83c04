"""Query parameters, read the same way in every service: an ignored filter would give wrong answers."""

import re
from collections.abc import Container, Mapping, Sequence
from typing import TypeVar

from sandbox.azure.arm.errors import ArmError, bad_request, not_modelled
from sandbox.azure.arm.requests import ArmRequest

T = TypeVar("T")
_CONDITION = r"\w+ eq '(?:[^']|'')*'"
_EQUALITY = re.compile(r"(?P<member>\w+) eq '(?P<value>(?:[^']|'')*)'", re.IGNORECASE)
_EQUALITIES = re.compile(f"{_CONDITION}(?: and {_CONDITION})*", re.IGNORECASE)
_VIEWS = {"activeonly": False, "archivedonly": True, "all": None}


def modelled_query(request: ArmRequest, allowed: Sequence[str]) -> Mapping[str, str]:
    """Return the query parameters, in the spelling of ``allowed``; names are case-insensitive.

    Raises:
        ArmError: 501 naming the first one that is neither allowed nor api-version.
    """
    known = {name.lower(): name for name in (*allowed, "api-version")}
    for name in request.query:
        if name.lower() not in known:
            what = f"{request.method} {request.path}"
            raise not_modelled(f"the query parameter '{name}' of {what} (only {', '.join(allowed) or 'none'})")
    return {known[name.lower()]: value for name, value in request.query.items()}


def take(request: ArmRequest, items: Sequence[T], parameter: str) -> list[T]:
    """Return at most as many items as an integer query parameter says.

    Raises:
        ArmError: 400 if it is not a positive integer.
    """
    text = request.query.get(parameter)
    if text is None:
        return list(items)
    if not text.isdecimal() or int(text) == 0:
        raise ArmError(400, "InvalidQueryParameter", f"'{parameter}' is '{text}'; allowed: a positive integer.")
    return list(items[: int(text)])


def equalities(text: str, members: Container[str], what: str) -> list[tuple[str, str]]:
    """Return the conditions of a filter, ``MEMBER eq 'VALUE' and ...``: (member, value), both in lower case.

    A value has its quotes doubled. No text, no conditions.

    Raises:
        ArmError: 501 for another filter, or a member that is not among ``members`` (in lower case) of ``what``.
    """
    if text and not _EQUALITIES.fullmatch(text):
        raise not_modelled(f"'{text}' in the $filter of {what}")
    found = list(_EQUALITY.finditer(text))
    for each in found:
        if each["member"].lower() not in members:
            raise not_modelled(f"'{each[0]}' in the $filter of {what}")
    return [(each["member"].lower(), each["value"].replace("''", "'").lower()) for each in found]


def archived_wanted(request: ArmRequest) -> bool | None:
    """Return the items of ``listViewType``: archived ones, the others (False, the default), or None for all.

    Raises:
        ArmError: 400 for another value.
    """
    view = request.query.get("listViewType", "ActiveOnly")
    # For registries, azure-ai-ml writes the name of its own enumeration: ListViewType.ACTIVE_ONLY.
    key = view.removeprefix("ListViewType.").replace("_", "").lower()
    if key not in _VIEWS:
        raise bad_request(f"'listViewType' is '{view}'; allowed: ActiveOnly, ArchivedOnly, All.")
    return _VIEWS[key]
