"""Questions to Azure Resource Manager that no function of the provider asks.

Each is a GET with the deployer's own token, made at deployment and never in a preview.
"""

import fnmatch
import json
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

_HOST = "https://management.azure.com"
_API_VERSION = "2022-04-01"
"""Of Microsoft.Authorization, which everything here is about."""

_TIMEOUT_SECONDS = 10.0


def read(path: str, token: str, query: str = "") -> Any:
    """Return the JSON of one GET; `path` begins with a slash.

    Raises:
        OSError: Azure refused (`urllib.error.HTTPError`, with its status in `code`) or did not answer.
        ValueError: The answer is no JSON.
    """
    return _get(f"{_HOST}{path}?api-version={_API_VERSION}{query}", token)


def read_all(path: str, token: str, query: str = "") -> list[Mapping[str, Any]]:
    """Return all items of a list, page after page.

    Raises:
        OSError: As `read` does.
        ValueError: The answer is no JSON, or sends to another host, which must not see the token.
    """
    page = read(path, token, query)
    found: list[Mapping[str, Any]] = [*page["value"]]
    while following := page.get("nextLink"):
        if not following.startswith(f"{_HOST}/"):
            raise ValueError(f"the next page of {path} is not on {_HOST}: {following}")
        page = _get(following, token)
        found += page["value"]
    return found


def permissions(scope: str, token: str) -> list[Mapping[str, Any]]:
    """Return what the caller may do in a resource group or on a resource: see `allows`. Raises as `read_all` does.

    Source: `Permissions_ListForResourceGroup`, https://learn.microsoft.com/rest/api/authorization/permissions.
    """
    return read_all(f"{scope}/providers/Microsoft.Authorization/permissions", token)


def _get(url: str, token: str) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - it is _HOST
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
        return json.load(answer)


def allows(entry: Mapping[str, Any], action: str, *, data: bool = False) -> bool:
    """Say whether one entry of permissions allows an action.

    Args:
        entry: `actions` that are allowed and `notActions` that are taken out of them again, with `*` for any text; the
            same for data as `dataActions` and `notDataActions`. Each entry stands for itself.
        action: What is to be done, such as `Microsoft.Storage/storageAccounts/write`.
        data: Whether it is a data action.
    """

    def named(patterns: Sequence[str]) -> bool:
        return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)

    allowed, taken_out = ("dataActions", "notDataActions") if data else ("actions", "notActions")
    return named(entry.get(allowed) or ()) and not named(entry.get(taken_out) or ())
